"""Ways to a host: directly to one of its addresses, or through a proxy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provider import limits
from provider.clock import Deadline
from provider.registry.transport.addresses import Address, AddressBook
from provider.registry.transport.proxies import NO_PROXY, Proxy
from provider.registry.transport.transport import Request


@dataclass(frozen=True)
class Route:
    """One way.

    Attributes:
        peer: the address that is connected to, the host's or the proxy's.
        proxy: through which it goes; None for none.
        target: the host's address, where it was looked up here.
    """

    peer: Address
    proxy: Proxy | None = None
    target: Address | None = None


@dataclass(frozen=True)
class Routes:
    """Finds ways; for one event loop.

    Attributes:
        addresses: looks up and judges where a request may go; its settings say through which proxies, unless a host's
            own does.
    """

    addresses: AddressBook

    async def of(self, request: Request, deadline: Deadline) -> Sequence[Route]:
        """The ways of a request, in the order to try them.

        Raises:
            ImageError: `AddressRefused`.
            UnreachableError: a look-up failed.
        """
        own = request.connection.proxy if request.connection is not None else None
        proxy = own or self.addresses.settings.proxies.of(request.origin)
        if proxy is None or proxy == NO_PROXY:
            found = await self.addresses.addresses(request.origin, deadline)
            return [Route(address, None, address) for address in found[: limits.ADDRESSES_TRIED]]
        if proxy.looks_up:
            self.addresses.check_literal(request.origin)
            peers = await self.addresses.of_proxy(proxy, deadline)
            return [Route(peer, proxy) for peer in peers[: limits.ADDRESSES_TRIED]]
        targets = await self.addresses.addresses(request.origin, deadline)
        peers = await self.addresses.of_proxy(proxy, deadline)
        return [Route(peers[0], proxy, target) for target in targets[: limits.ADDRESSES_TRIED]]
