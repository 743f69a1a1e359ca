"""Origins: scheme, host and port, the unit to which credentials belong (RFC 6454)."""

from __future__ import annotations

import functools
import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LOCALHOST: Final = "localhost"


@dataclass(frozen=True)
class Origin:
    """Where a URL leads.

    Attributes:
        scheme: `http` or `https`.
        host: lower case; an IPv6 literal without brackets.
        port: never absent.
    """

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """`host[:port]`, the scheme's default port left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def secure(self) -> bool:
        """Whether TLS protects what is sent there."""
        return self.scheme == "https"

    @property
    def loopback(self) -> bool:
        """Whether it is this machine by its very name (RFC 6761, section 6.3), before any look-up."""
        if self.host == _LOCALHOST or self.host.endswith("." + _LOCALHOST):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


@functools.lru_cache(maxsize=1024)
def of_registry(scheme: str, registry: str) -> Origin:
    """The origin of a registry as a reference names it (`host[:port]`, already validated)."""
    return of_url(f"{scheme}://{registry}")


def of_url(url: str) -> Origin:
    """The origin of a URL.

    Raises:
        ValueError: another scheme than http and https, no host, a userinfo part, or a port that is no number.
    """
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise ValueError("it is no http or https URL with a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("it carries a user name")
    if not parts.hostname.isascii():
        raise ValueError("its host is not ASCII")
    port = DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port
    return Origin(parts.scheme, parts.hostname.lower(), port)
