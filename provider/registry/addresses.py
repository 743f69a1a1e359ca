"""Addresses that strangers may make us reach, and those that only an administrator may.

Image references, redirects and token realms come from outside. A name among them could lead to the cluster's API
server, a cloud's metadata service or the node itself (server-side request forgery). So a host is looked up once, every
address it has is checked, and the connection goes to a checked address: a name that changes its mind between check and
use (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final, Protocol

from provider import limits
from provider.clock import Clock, Deadline
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.origin import Origin
from provider.registry.settings import RegistrySettings

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
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class Resolver(Protocol):
    """Looks up a host's addresses."""

    def resolve(self, host: str, deadline: Deadline) -> Sequence[Address]:
        """All addresses, in the order to try them.

        Raises:
            OSError: there are none, or the look-up failed.
            TimeoutError: no answer by the deadline.
        """
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
    return address.ipv4_mapped or address.sixtofour


@dataclass(frozen=True)
class AddressBook:
    """Gives the addresses that a connection may use.

    Attributes:
        settings: names the registries that may be anywhere.
        resolver: looks up names.
    """

    settings: RegistrySettings
    resolver: Resolver

    def addresses(self, where: Origin, deadline: Deadline) -> Sequence[Address]:
        """Checked addresses of an origin.

        Raises:
            ImageError: `AddressRefused`, when any of them is one that no setting opens.
            OSError: the look-up failed (`TimeoutError` when it took too long).
        """
        found = self.resolver.resolve(where.host, deadline)
        if not self.settings.names(where):
            for address in found:
                self._check(where, address)
        return found

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


class SystemResolver:
    """The machine's own resolver, with an end to each look-up and a short memory.

    `getaddrinfo` cannot be interrupted. It runs in a thread of its own, which an unanswered look-up keeps; their number
    is bounded.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._found: dict[str, tuple[float, Future[Sequence[Address]]]] = {}
        self._slots = threading.BoundedSemaphore(limits.LOOKUPS)

    def resolve(self, host: str, deadline: Deadline) -> Sequence[Address]:
        """See `Resolver`."""
        try:
            return (ipaddress.ip_address(host),)
        except ValueError:
            return self._looked_up(host, deadline).result(timeout=deadline.remaining())

    def _looked_up(self, host: str, deadline: Deadline) -> Future[Sequence[Address]]:
        now = self._clock.monotonic()
        with self._lock:
            self._forget(now)
            known = self._found.get(host)
            if known is not None:
                return known[1]
            answer: Future[Sequence[Address]] = Future()
            self._found[host] = (now + limits.ADDRESSES_SECONDS, answer)
        if self._slots.acquire(timeout=deadline.remaining()):
            threading.Thread(target=self._look_up, args=(host, answer), name="look-up", daemon=True).start()
        else:
            self._fail(host, answer, TimeoutError("too many names are being looked up"))
        return answer

    def _look_up(self, host: str, answer: Future[Sequence[Address]]) -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            answer.set_result(tuple(dict.fromkeys(ipaddress.ip_address(str(entry[4][0])) for entry in found)))
        except (OSError, ValueError) as error:
            self._fail(host, answer, error if isinstance(error, OSError) else OSError(str(error)))
        finally:
            self._slots.release()

    def _fail(self, host: str, answer: Future[Sequence[Address]], error: OSError) -> None:
        with self._lock:
            self._found.pop(host, None)
        answer.set_exception(error)

    def _forget(self, now: float) -> None:
        for host in [host for host, (until, _) in self._found.items() if until <= now]:
            del self._found[host]
