"""containerd's `hosts.toml`, as containerd reads it (its `docs/hosts.md`).

A host that cannot be used is passed over and named; those beside it are used. What is wrong at the top of the file, or
with its TOML, spoils the file, because it says what comes last.
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from provider import limits
from provider.errors import FileError
from provider.foreign_text import shown
from provider.registry import origin
from provider.registry.mirrors.host import API
from provider.registry.origin import Origin
from provider.registry.transport import proxies
from provider.registry.transport.connection import KeyPair
from provider.registry.transport.proxies import Proxy

_CAPABILITIES: Final = frozenset({"pull", "resolve", "push"})
_FIELDS: Final = frozenset(
    {"capabilities", "ca", "client", "skip_verify", "header", "override_path", "dial_timeout", "proxy"}
)
_TOP: Final = frozenset({"server", "host"})
_ROOT: Final = re.compile(r"(?:/[A-Za-z0-9._~%!$&'()*+,;=:@-]+)*", re.ASCII)
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}", re.ASCII)
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e]{0,8192}", re.ASCII)
# Set by us, and by them only to mislead.
_OWN_HEADERS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_DURATION: Final = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?(?:h|ms|m|s|us|µs|ns))+", re.ASCII | re.IGNORECASE)
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)")
_UNITS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


@dataclass(frozen=True)
class HostEntry:
    """A host as a file names it.

    Attributes:
        where: None at the top of a file that names no `server`: the registry itself.
        root: path of its API.
        capabilities: of `pull`, `resolve`, `push`.
        ca: files of authorities, beside those of all.
        client: certificates that we may show; of several the first that can be read is.
        skip_verify: whether its certificate is not looked at.
        headers: sent with each request; they may be secrets.
        connect_seconds: how long a connection may take; None where it does not say.
        proxy: through which it is reached; None where it does not say.
    """

    where: Origin | None = None
    root: str = API
    capabilities: frozenset[str] = _CAPABILITIES
    ca: Sequence[Path] = ()
    client: Sequence[KeyPair] = ()
    skip_verify: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    connect_seconds: float | None = None
    proxy: Proxy | None = None


@dataclass(frozen=True)
class HostsFile:
    """A `hosts.toml`.

    Attributes:
        entries: the hosts in the order to try them; the last is the server.
        problems: of what is passed over; a sentence each, without any secret.
    """

    entries: Sequence[HostEntry]
    problems: Sequence[str] = ()


def parse(content: bytes, folder: Path) -> HostsFile:
    """Read a file.

    Args:
        content: the whole file.
        folder: where it stands; paths in it may be relative to that.

    Raises:
        FileError: nothing in it can be used.
    """
    document = _document(content)
    hosts = document.get("host", {})
    if not isinstance(hosts, dict):
        raise FileError('`host` is no table: write [host."https://…"]')
    if len(hosts) > limits.REGISTRY_HOSTS:
        raise FileError(f"it has {len(hosts)} hosts, more than {limits.REGISTRY_HOSTS}")
    problems = _unknown(document, _FIELDS | _TOP, "")
    entries = []
    for url, table in hosts.items():
        place = f"host {shown(_without_user(url))!r}: "
        try:
            entries.append(_entry(url, table, folder))
            problems += _unknown(table, _FIELDS, place)
        except ValueError as error:
            problems.append(f"{place}{error}; it is passed over")
    entries.append(_server(document, folder))
    return HostsFile(tuple(entries), tuple(problems))


def _document(content: bytes) -> dict[str, Any]:
    if any(line.count(b".") > limits.HOSTS_LINE_DOTS for line in content.splitlines()):
        # A key of many parts takes the time of their number squared.
        raise FileError("it is nested too deeply")
    try:
        return tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise FileError("it is no UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise FileError(f"it is no TOML: {shown(str(error), 200)}") from error
    except RecursionError as error:
        raise FileError("it is nested too deeply") from error
    except ValueError as error:
        # Of the interpreter, for a number of thousands of digits.
        raise FileError("it has a number that nobody can read") from error


def _server(document: Mapping[str, Any], folder: Path) -> HostEntry:
    """What comes last. Without `server` it is the registry itself, with all that registries can."""
    table = {name: value for name, value in document.items() if name not in _TOP}
    server = document.get("server", "")
    try:
        if not isinstance(server, str):
            raise ValueError("`server` is no text")  # noqa: TRY004, TRY301 - shown like the others
        if server:
            _named(server, table)
            return _entry(server, table, folder)
        return _entry("", {name: value for name, value in table.items() if name != "capabilities"}, folder)
    except ValueError as error:
        raise FileError(str(error)) from error


def _named(server: str, table: Mapping[str, Any]) -> None:
    """Look at the URL of the server, so that what is wrong with it is said of that field.

    Raises:
        ValueError: it is none; it is shown without user and password.
    """
    override = _flag(table, "override_path")
    try:
        _url(server, override=override)
    except ValueError as error:
        raise ValueError(f"`server` {shown(_without_user(server))!r}: {error}") from None


def _entry(url: str, table: object, folder: Path) -> HostEntry:
    """A host.

    Raises:
        ValueError: it cannot be used; the sentence names the field.
    """
    if not isinstance(table, dict):
        raise ValueError("it is no table")  # noqa: TRY004 - shown like the others
    where, root = _url(url, override=_flag(table, "override_path")) if url else (None, API)
    return HostEntry(
        where,
        root,
        _capabilities(table.get("capabilities")),
        tuple(_path(path, folder, "ca") for path in _texts(table.get("ca", []), "ca")),
        _client(table.get("client", []), folder),
        _flag(table, "skip_verify"),
        _headers(table.get("header", {})),
        _seconds(table.get("dial_timeout", "")),
        _proxy(table.get("proxy", "")),
    )


def _url(url: str, *, override: bool) -> tuple[Origin, str]:
    """Where a host is, and the path of its API, which ends in `/v2` unless the URL says all of it."""
    full = url if url.startswith("http") or "://" in url else f"https://{url}"
    where = origin.of_url(full)
    path = urlsplit(full).path
    root = posixpath.normpath(path).rstrip("/") if path else ""
    root = "/" + root.lstrip("/") if root else ""
    if not override and not root.endswith(API):
        root += API
    if not _ROOT.fullmatch(root) or urlsplit(full).query or urlsplit(full).fragment:
        raise ValueError("its path is no path of a registry's API")
    return where, root


def _capabilities(value: object) -> frozenset[str]:
    if not value and (value is None or isinstance(value, list)):
        return _CAPABILITIES
    words = [word.lower() for word in _texts(value, "capabilities")]
    unknown = next((word for word in words if word not in _CAPABILITIES), None)
    if unknown is not None:
        raise ValueError(f"`capabilities` has {shown(unknown)!r}, which is none of pull, resolve, push")
    return frozenset(words)


def _client(value: object, folder: Path) -> tuple[KeyPair, ...]:
    """A path, a list of paths, or a list of pairs; without a key of its own the file of the certificate has it."""
    entries = [value] if isinstance(value, str) else value
    if not isinstance(entries, list):
        raise ValueError("`client` is no path, list of paths or list of pairs")  # noqa: TRY004 - as above
    pairs = []
    for entry in entries:
        certificate, key = _pair(entry)
        path = _path(certificate, folder, "client")
        pairs.append(KeyPair(path, _path(key, folder, "client") if key else path))
    return tuple(pairs)


def _pair(entry: object) -> tuple[str, str]:
    if isinstance(entry, str):
        return entry, ""
    match entry:
        case [str() as certificate, str() as key]:
            return certificate, key
    raise ValueError("`client` has an entry that is neither a path nor a pair of paths")


def _path(text: str, folder: Path, name: str) -> Path:
    if not text or "\0" in text:
        raise ValueError(f"`{name}` has an empty path")
    return folder / text


def _texts(value: object, name: str) -> list[str]:
    entries = [value] if isinstance(value, str) else value
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise ValueError(f"`{name}` is no text or list of texts")
    return entries


def _flag(table: Mapping[str, Any], name: str) -> bool:
    value = table.get(name, False)
    if not isinstance(value, bool):
        raise ValueError(f"`{name}` is neither true nor false")  # noqa: TRY004 - as above
    return value


def _headers(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict) or len(value) > limits.HOST_HEADERS:
        raise ValueError(f"`header` is no table of at most {limits.HOST_HEADERS} texts")
    headers = {}
    for name, texts in value.items():
        lines = _texts(texts, f"header.{shown(name)}")
        if not _HEADER.fullmatch(name) or not all(_HEADER_VALUE.fullmatch(line) for line in lines):
            raise ValueError(f"`header` has {shown(name)!r}, which cannot be sent")
        if name.lower() in _OWN_HEADERS:
            raise ValueError(f"`header` has {shown(name)!r}, which is not for a file to say")
        headers[name.title()] = ", ".join(lines)
    return headers


def _seconds(value: object) -> float | None:
    """A duration as Go writes it: `500ms`, `1m30s`."""
    if value == "":
        return None
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise ValueError("`dial_timeout` is no duration such as 500ms or 2s")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value)) or None


def _proxy(value: object) -> Proxy | None:
    if not isinstance(value, str):
        raise ValueError("`proxy` is no text")  # noqa: TRY004 - as above
    try:
        return proxies.read(value) if value else None
    except ValueError as error:
        raise ValueError(f"`proxy` {error}") from None


def _unknown(table: Mapping[str, Any], known: frozenset[str], place: str) -> list[str]:
    return [
        f"{place}{shown(name)!r} is no field of a hosts.toml; it is passed over" for name in table if name not in known
    ]


def _without_user(url: str) -> str:
    return url.rpartition("@")[2]
