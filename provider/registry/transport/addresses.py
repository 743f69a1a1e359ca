"""Addresses that strangers may make us reach, and those that only an administrator may.

Image references, redirects and token realms come from outside. A name among them could lead to the cluster's API
server, a cloud's metadata service or the node itself (server-side request forgery). So a host is looked up once, every
address it has is checked, and the connection goes to a checked address: a name that changes its mind between check and
use (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import functools
import ipaddress
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from provider.clock import Deadline
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.origin import Origin
from provider.registry.settings import RegistrySettings
from provider.registry.transport.proxies import Proxy

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Not global although `is_global` may say so, depending on the Python release, or global but a cloud's own service.
_REFUSED: Final = tuple(
    (ipaddress.ip_network(network), what)
    for network, what in (
        ("168.63.129.16/32", "a metadata address"),
        ("169.254.0.0/16", "a link-local or metadata address"),
        ("192.0.0.0/24", "a reserved or metadata address"),
        ("192.88.99.0/24", "a reserved address"),
        ("240.0.0.0/4", "a reserved address"),
        ("64:ff9b:1::/48", "a private address"),
        ("100::/64", "a reserved address"),
        ("2001::/23", "a reserved address"),
        ("fc00::/7", "a private address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a private address"),
    )
)
# `::a.b.c.d` and `::ffff:0:a.b.c.d` (RFC 4291, section 2.5.5.1; RFC 2765, section 2.1): the first 96 bits.
_COMPATIBLE: Final = frozenset({0, 0xFFFF0000})
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class Resolver(Protocol):
    """Looks up a host's addresses; for one event loop."""

    async def resolve(self, host: str, deadline: Deadline) -> Sequence[Address]:
        """All addresses, in the order to try them.

        Raises:
            UnreachableError: there are none, the look-up failed, or gave no answer by the deadline.
        """
        ...

    async def close(self) -> None:
        """Look up nothing more."""
        ...


def refusal(address: Address) -> str | None:
    """What kind of address it is that strangers may not make us reach; None when it is on the public internet."""
    embedded = _embedded(address)
    if embedded is not None:
        return refusal(embedded)
    for network, what in _REFUSED:
        if address in network:
            return what
    if address.is_multicast:
        return "a multicast address"
    if address.is_loopback or address.is_unspecified:
        return "a loopback address"
    return None if address.is_global else "a private address"


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address to which packets for an IPv6 address are carried on (RFC 4291, 6052, 3056)."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if int(address) >> 32 in _COMPATIBLE:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


@functools.lru_cache(maxsize=1024)
def _literal(host: str) -> Sequence[Address]:
    """The address that a host is by itself; none for a name."""
    if host[-1:].isdigit() or ":" in host:
        try:
            return (ipaddress.ip_address(host),)
        except ValueError:
            return ()
    return ()


def _spelled(host: str) -> Sequence[Address]:
    """The address that a C library takes a host for (`inet_aton`), as `127.1`, `2130706433` or `0x7f.1`."""
    text = host.removesuffix(".")
    if found := _literal(text):
        return found
    if text[:1].isdigit():
        with suppress(ValueError, OSError):
            return (ipaddress.IPv4Address(socket.inet_aton(text)),)
    return ()


@dataclass(frozen=True)
class AddressBook:
    """Gives the addresses that a connection may use.

    Attributes:
        settings: names the registries that may be anywhere.
        resolver: looks up names.
        named: whether a host is named elsewhere in what an administrator wrote.
    """

    settings: RegistrySettings
    resolver: Resolver
    named: Callable[[Origin], bool] = lambda _: False

    async def addresses(self, where: Origin, deadline: Deadline) -> Sequence[Address]:
        """Checked addresses of an origin.

        Raises:
            ImageError: `AddressRefused`, when any of them is one that no setting opens.
            UnreachableError: the look-up failed.
        """
        found = _literal(where.host) or await self.resolver.resolve(where.host, deadline)
        if not (self.settings.names(where) or self.named(where)):
            for address in found:
                self._check(where, address)
        return found

    def check_literal(self, where: Origin) -> None:
        """Refuse a host that is a refused address by itself, in any spelling; of a name nothing is said.

        Raises:
            ImageError: `AddressRefused`.
        """
        if not (self.settings.names(where) or self.named(where)):
            for address in _spelled(where.host):
                self._check(where, address)

    async def of_proxy(self, proxy: Proxy, deadline: Deadline) -> Sequence[Address]:
        """The addresses of a proxy; an administrator named it, so they may be any.

        Raises:
            UnreachableError: the look-up failed.
        """
        return _literal(proxy.host) or await self.resolver.resolve(proxy.host, deadline)

    def _check(self, where: Origin, address: Address) -> None:
        what = refusal(address)
        if what is None or self.settings.allow_private:
            return
        if self.settings.allow_loopback_http and where.loopback and address.is_loopback:
            return
        raise ImageError(
            Reason.ADDRESS_REFUSED,
            f"{where.authority} leads to {what}; if it is meant to be used, name it in the provider's settings",
        )
