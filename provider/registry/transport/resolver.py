"""Names to addresses, on the event loop: a name that nobody answers for costs a moment's memory and holds up no other.

c-ares asks as the machine's own resolver would: `/etc/hosts`, then the servers and the search list of
`/etc/resolv.conf`, both read again when they change.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import aiodns

from provider import limits
from provider.clock import Clock, Deadline
from provider.errors import ImageError
from provider.loop import let_go
from provider.reasons import Reason
from provider.registry.transport.addresses import Address
from provider.registry.transport.transport import Cause, UnreachableError

_RESOLV_CONF: Final = Path("/etc/resolv.conf")
_TRIES: Final = 2


class NameResolver:
    """The machine's names; for one event loop. A look-up is shared by all who want it, and believed for a while."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Sequence[Address]]] = OrderedDict()
        self._flying: dict[str, asyncio.Task[Sequence[Address] | Cause]] = {}
        self._channel: aiodns.DNSResolver | None = None
        self._before: aiodns.DNSResolver | None = None
        self._configured: tuple[int, int, int] | None = None
        self._asked = 0

    async def resolve(self, host: str, deadline: Deadline) -> Sequence[Address]:
        """See `Resolver`."""
        known = self._known.get(host)
        if known is not None and known[0] > self._clock.monotonic():
            return known[1]
        task = self._flying.get(host)
        if task is None:
            if len(self._flying) >= limits.LOOKUPS:
                raise ImageError(Reason.OVERLOADED, "too many names are being looked up")
            task = self._flying[host] = asyncio.ensure_future(self._look_up(host))
            let_go(task)
        try:
            async with asyncio.timeout_at(deadline.at):
                found = await asyncio.shield(task)
        except TimeoutError as error:
            raise UnreachableError(Cause.BUDGET) from error
        if isinstance(found, Cause):
            # Each who waits raises an error of its own: tracebacks of several must not grow on one object.
            raise UnreachableError(found)
        return found

    async def close(self) -> None:
        """See `Resolver`."""
        for channel in (self._channel, self._before):
            if channel is not None:
                await channel.close()
        self._channel = self._before = None
        if self._flying:
            # They end now: if the loop were gone by then, c-ares would have nobody to call.
            await asyncio.wait(self._flying.values())

    async def _look_up(self, host: str) -> Sequence[Address] | Cause:
        """The addresses of a name, or why there are none."""
        try:
            async with asyncio.timeout(limits.LOOKUP_SECONDS):
                answer = await self._ready().getaddrinfo(host, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM)
            found = tuple(dict.fromkeys(ipaddress.ip_address(node.addr[0].decode()) for node in answer.nodes))
        except TimeoutError:
            return Cause.TIMEOUT
        except (aiodns.error.DNSError, ValueError, UnicodeError) as error:
            timed_out = isinstance(error, aiodns.error.DNSError) and error.args[:1] == (aiodns.error.ARES_ETIMEOUT,)
            return Cause.TIMEOUT if timed_out else Cause.NAME
        finally:
            del self._flying[host]
        if not 0 < len(found) <= limits.ADDRESSES:
            return Cause.NAME
        self._remember(host, found)
        return found

    def _ready(self) -> aiodns.DNSResolver:
        """The channel, made anew when the configuration has changed."""
        configured = _stat(_RESOLV_CONF)
        if self._channel is None or configured != self._configured:
            self._configured = configured
            # The look-ups of the one before go on.
            self._before = self._channel
            self._channel = aiodns.DNSResolver(timeout=limits.LOOKUP_SECONDS / _TRIES, tries=_TRIES)
        self._asked += 1
        if self._asked % limits.LOOKUPS_REMEMBERED == 0:
            # It keeps answers for as long as they say, whatever their size, and forgets them when it looks at its
            # configuration again.
            self._channel._channel.reinit()  # noqa: SLF001 - there is no other door to it
        return self._channel

    def _remember(self, host: str, found: Sequence[Address]) -> None:
        self._known[host] = (self._clock.monotonic() + limits.ADDRESSES_SECONDS, found)
        self._known.move_to_end(host)
        if len(self._known) > limits.HOSTS:
            self._known.popitem(last=False)


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
