"""Proxies: through which one a registry is asked, and which are asked directly.

A proxy that looks up names itself (`http`, `https`, `socks4a`, `socks5h`) chooses the address, so what strangers may
not make us reach is for it to refuse; only a literal address is still refused here. With `socks4` and `socks5` names
are looked up and addresses judged here, as without a proxy.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from provider.errors import SettingsError
from provider.foreign_text import shown
from provider.registry.origin import Origin

_PORTS: Final = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
_LOOK_UP: Final = frozenset({"http", "https", "socks4a", "socks5h"})
_NONE: Final = "none"
# A host's name, with or without what stands for all below it. Names in other letters are compared as they are sent.
_NAME: Final = re.compile(r"\*?\.?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?", re.ASCII)
_PORT: Final = re.compile(r"[0-9]{1,5}", re.ASCII)
_HIGHEST_PORT: Final = 65_535


@dataclass(frozen=True)
class Proxy:
    """A proxy; what it is shown stays out of what is printed.

    Attributes:
        scheme: `http`, `https`, `socks4`, `socks4a`, `socks5`, `socks5h`; `none` for the choice of no proxy.
        host: lower case; an IPv6 literal without brackets.
        port: never absent.
        username: shown to it; empty for nobody.
        password: of the user.
    """

    scheme: str
    host: str
    port: int
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def looks_up(self) -> bool:
        """Whether it looks up names, and so chooses the address."""
        return self.scheme in _LOOK_UP

    def __str__(self) -> str:
        if self.scheme == _NONE:
            return _NONE
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def read(text: str) -> Proxy:
    """Read the URL of a proxy, which without a scheme is `http`, or the word `none`.

    Raises:
        ValueError: it is none; the sentence does not show it, for it may have a password.
    """
    if text == _NONE:
        return NO_PROXY
    full = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(full)
        port = parts.port
    except ValueError:
        raise ValueError(_FORM) from None
    if parts.scheme not in _PORTS or not parts.hostname or not full.isascii() or not full.isprintable():
        raise ValueError(_FORM)
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError(f"{_FORM}, and nothing after it")
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Proxy(parts.scheme, parts.hostname.lower(), port or _PORTS[parts.scheme], username, password)


NO_PROXY: Final = Proxy(_NONE, "", 0)
_FORM: Final = "must be http://, https://, socks4://, socks4a://, socks5:// or socks5h:// with HOST:PORT"


@dataclass(frozen=True)
class NoProxy:
    """Who is asked directly.

    Attributes:
        entries: as in the variable NO_PROXY, in small letters.
        problems: of what is passed over because it names nobody; a sentence each, without any secret.
    """

    entries: Sequence[str] = ()
    problems: Sequence[str] = ()

    def __str__(self) -> str:
        return ",".join(self.entries)

    def names(self, where: Origin) -> bool:
        """Whether an entry is for a host."""
        return any(_excepts(entry, where) for entry in self.entries)


@dataclass(frozen=True)
class Proxies:
    """Which proxy is for whom.

    Attributes:
        http: for what is asked by plain HTTP; None for none.
        https: for what is asked by TLS.
        exceptions: who is asked directly.
    """

    http: Proxy | None = None
    https: Proxy | None = None
    exceptions: NoProxy = NoProxy()

    def of(self, where: Origin) -> Proxy | None:
        """The proxy for a host; None where it is asked directly. This machine always is."""
        proxy = self.https if where.secure else self.http
        if proxy is None or where.loopback or self.exceptions.names(where):
            return None
        return proxy


DIRECT: Final = Proxies()


def choose(proxy: Proxy | None, no_proxy: NoProxy, environment: Mapping[str, str]) -> Proxies:
    """The proxies of the settings; where these name none, of the usual variables.

    Args:
        proxy: for all; `NO_PROXY` for none, whatever the environment says; None for that of the environment.
        no_proxy: who is asked directly; empty for what the environment says, unless the settings name the proxy.
        environment: `https_proxy`, `http_proxy`, `all_proxy`, `no_proxy`, in small letters before capital ones.

    Raises:
        SettingsError: a URL is none; it is not shown.
    """
    if proxy == NO_PROXY:
        return DIRECT
    if proxy is not None:
        return Proxies(proxy, proxy, no_proxy)
    every = _variable("all_proxy", environment)
    http, https = (_variable(name, environment) or every for name in ("http_proxy", "https_proxy"))
    given = no_proxy.entries or no_proxy.problems
    return Proxies(http, https, no_proxy if given else _exceptions_of(environment))


def exceptions(text: str, source: str = "no_proxy") -> NoProxy:
    """The entries of a NO_PROXY, between commas; one that names nobody is passed over.

    Args:
        text: as somebody wrote it.
        source: how problems name where.
    """
    entries = [entry.strip().lower() for entry in text.split(",") if entry.strip()]
    problems = [f"{source} has {shown(entry.rpartition('@')[2])!r}, which {_ENTRY}" for entry in entries if _bad(entry)]
    return NoProxy(tuple(entry for entry in entries if not _bad(entry)), tuple(problems))


_ENTRY: Final = (
    "names nobody: write a host (example.com, .example.com for all below), an address, a network (10.0.0.0/8) or *, "
    "without a scheme, and commas between them"
)


def _exceptions_of(environment: Mapping[str, str]) -> NoProxy:
    name = "no_proxy" if environment.get("no_proxy") else "NO_PROXY"
    return exceptions(_value("no_proxy", environment), f"the variable {name}")


def _bad(entry: str) -> bool:
    """Whether an entry can be for no host."""
    if entry == "*":
        return False
    if "/" in entry:
        return _network(entry) is None
    host, port = _host_and_port(entry)
    if port and not (_PORT.fullmatch(port) and 0 < int(port) <= _HIGHEST_PORT):
        return True
    # Without an address in it, a colon or a bracket is what is left of one.
    return _literal(host) is None and not _NAME.fullmatch(host)


def _value(name: str, environment: Mapping[str, str]) -> str:
    return environment.get(name) or environment.get(name.upper()) or ""


def _variable(name: str, environment: Mapping[str, str]) -> Proxy | None:
    value = _value(name, environment)
    if not value:
        return None
    try:
        return read(value)
    except ValueError as error:
        raise SettingsError([f"{name if environment.get(name) else name.upper()}: {error}"]) from None


def _excepts(entry: str, where: Origin) -> bool:
    """Whether an entry names a host, as Go reads NO_PROXY.

    `*`; an address or a network (`10.0.0.0/8`) for literals; `example.com` for it and all below, `.example.com` for all
    below; each with a port for that one alone.
    """
    if entry == "*":
        return True
    if "/" in entry:
        return _in_network(entry, where.host)
    host, port = _host_and_port(entry)
    if port and port != str(where.port):
        return False
    if _literal(host) is not None:
        return _literal(host) == _literal(where.host)
    name = host.removeprefix("*")
    if name.startswith("."):
        return where.host.endswith(name)
    return where.host == name or where.host.endswith("." + name)


def _host_and_port(entry: str) -> tuple[str, str]:
    if entry.startswith("[") and "]" in entry:
        host, _, port = entry[1:].partition("]")
        return host, port.removeprefix(":")
    if entry.count(":") == 1:
        host, _, port = entry.partition(":")
        return host, port
    return entry, ""


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _in_network(entry: str, host: str) -> bool:
    address, network = _literal(host), _network(entry)
    return address is not None and network is not None and address in network


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The network of an entry; the length of its prefix is a number, as in Go."""
    if not entry.rpartition("/")[2].isdecimal():
        return None
    try:
        return ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return None
