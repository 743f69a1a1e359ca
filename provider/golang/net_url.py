"""URLs as Go's net/url reads them (RFC 3986 with its habits): what it refuses, in its words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from provider.golang.strconv import quoted

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME: Final = re.compile(r"(?:([a-zA-Z][a-zA-Z0-9+.-]*)|):(.*)", re.DOTALL)
_PORT: Final = re.compile(r"(?::[0-9]*)?")
_USERINFO: Final = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
_ESCAPE: Final = re.compile(r"%(?![0-9a-fA-F]{2}).{0,2}", re.DOTALL)
# In a host only bytes beyond ASCII, and the percent sign of a zone, may be escaped.
_HOST_ESCAPE: Final = re.compile(r"%(?!25)[0-7][0-9a-fA-F]")
_HOST_CHARACTER: Final = re.compile(r"[\x00-\x7f](?<![A-Za-z0-9\-_.~!$&'()*+,;=:\[\]<>\"%])")
_ESCAPE_BYTES: Final = 3
_HIDDEN: Final = "…@"


@dataclass(frozen=True)
class ParsedUrl:
    """A URL that Go accepts.

    Attributes:
        scheme: in lower case, empty when there is none.
        host: with port, empty when there is none.
    """

    scheme: str = ""
    host: str = ""


class UrlError(ValueError):
    """Go refuses the text; the message is Go's."""


def problem(text: str) -> str:
    """Why Go would refuse the text as a URL, in its words; empty when it would not. Empty text is no URL and fine."""
    if not text:
        return ""
    main, _, fragment = text.partition("#")
    part = main
    try:
        parse(main)
        part = text
        _check_escapes(fragment)
    except UrlError as error:
        return f"parse {quoted(without_user(part))}: {error}"
    return ""


def is_request_uri(text: str) -> bool:
    """Whether the text is an absolute URI or an absolute path (RFC 9112, section 3.2)."""
    try:
        parse(text, request=True)
    except UrlError:
        return False
    return True


def as_printed(text: str) -> str:
    """A good URL as Go prints it: scheme in lower case, no slashes before nothing; without user and password."""
    scheme, rest = _split_scheme(text)
    if not scheme:
        return without_user(text)
    return f"{scheme}:{'' if rest == '//' else without_user(rest)}"


def without_user(text: str) -> str:
    """The URL without the user and password that it may hold."""
    start = text.find("//")
    end = text.find("/", start + 2) if start >= 0 else -1
    authority = text[start + 2 : end if end >= 0 else len(text)] if start >= 0 else ""
    if "@" not in authority:
        return text
    return text.replace(authority, _HIDDEN + authority.rpartition("@")[2], 1)


def parse(text: str, *, request: bool = False) -> ParsedUrl:
    """Read a URL without fragment; with `request` a relative one is refused.

    Raises:
        UrlError: Go would refuse it.
    """
    if _CONTROL.search(text):
        raise UrlError("net/url: invalid control character in URL")
    if request and not text:
        raise UrlError("empty url")
    if text == "*":
        return ParsedUrl()
    scheme, rest = _split_scheme(text)
    rest = rest.partition("?")[0]
    if not rest.startswith("/"):
        if scheme:
            return ParsedUrl(scheme)
        _check_relative(rest, request=request)
    host = ""
    if rest.startswith("//") and (scheme or not (request or rest.startswith("///"))):
        authority, slash, path = rest[2:].partition("/")
        host, rest = _host(authority), slash + path
    _check_escapes(rest)
    return ParsedUrl(scheme, host)


def _split_scheme(text: str) -> tuple[str, str]:
    match = _SCHEME.match(text)
    if match is None:
        return "", text
    if match.group(1) is None:
        raise UrlError("missing protocol scheme")
    return match.group(1).lower(), match.group(2)


def _check_relative(rest: str, *, request: bool) -> None:
    if request:
        raise UrlError("invalid URI for request")
    if ":" in rest.partition("/")[0]:
        raise UrlError("first path segment in URL cannot contain colon")


def _host(authority: str) -> str:
    user, at, host = authority.rpartition("@")
    _check_host(host)
    if at:
        if not _USERINFO.fullmatch(user):
            raise UrlError("net/url: invalid userinfo")
        _check_escapes(user)
    return host


def _check_host(host: str) -> None:
    bracket = host.rfind("[")
    if bracket > 0:
        raise UrlError("invalid IP-literal")
    if bracket == 0:
        _check_literal(host)
        return
    colon = host.rfind(":")
    if colon >= 0:
        _check_port(host[colon:])
    _check_host_characters(host)


def _check_literal(host: str) -> None:
    end = host.rfind("]")
    if end < 0:
        raise UrlError("missing ']' in host")
    _check_port(host[end + 1 :])
    address, _, _ = host[1:end].partition("%25")
    _check_host_characters(address)
    import ipaddress  # noqa: PLC0415 (rare, and slow to import)

    try:
        ipaddress.IPv6Address(address)
    except ValueError as error:
        raise UrlError("invalid host: it is no IPv6 address") from error


def _check_port(port: str) -> None:
    if not _PORT.fullmatch(port):
        raise UrlError(f"invalid port {quoted(port)} after host")


def _check_host_characters(host: str) -> None:
    _check_escapes(host)
    escape, character = _HOST_ESCAPE.search(host), _HOST_CHARACTER.search(host)
    if escape and not (character and character.start() < escape.start()):
        raise UrlError(f"invalid URL escape {quoted(escape.group())}")
    if character:
        raise UrlError(f"invalid character {quoted(character.group())} in host name")


def _check_escapes(text: str) -> None:
    match = _ESCAPE.search(text)
    if match:
        escape = match.group().encode()[:_ESCAPE_BYTES].decode(errors="ignore")
        raise UrlError(f"invalid URL escape {quoted(escape)}")
