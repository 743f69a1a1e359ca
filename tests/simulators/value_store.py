"""A shared store in memory: Redis as far as `ValueStore` needs it, with everything that may be wrong with one.

    store = ValueStoreSimulator(clock)
    store.delay = 0.5              # slow
    store.trouble = StoreTrouble.CONNECTION
    store.trouble_of_writes = StoreTrouble.FULL
    store.values[name] = b"..."    # somebody else writes

Several replicas may use one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from provider.cache.shared.value_store import Entry, StoreError, StoreTrouble
from tests.simulators.clock import FakeClock


class ValueStoreSimulator:
    """Implements `ValueStore`."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.values: dict[str, bytes] = {}
        self.until: dict[str, float] = {}
        self.delay = 0.0
        self.trouble: StoreTrouble | None = None
        self.trouble_of_writes: StoreTrouble | None = None
        self.reads: list[tuple[str, ...]] = []
        self.writes: list[str] = []
        self.pings = 0
        self.closed = False

    async def _met(self, trouble: StoreTrouble | None = None) -> None:
        if self.delay:
            await asyncio.sleep(self.delay)
        trouble = self.trouble or trouble
        if trouble is not None:
            raise StoreError(trouble, trouble.value)

    def _now(self, name: str) -> bytes:
        if self.until.get(name, float("inf")) <= self._clock.monotonic():
            self.values.pop(name, None)
        return self.values.get(name, b"")

    async def read(self, names: Sequence[str], most: int) -> Sequence[bytes]:
        self.reads.append(tuple(names))
        await self._met()
        return [self._now(name)[: most + 1] for name in names]

    async def write(self, entries: Sequence[Entry]) -> None:
        await self._met(self.trouble_of_writes)
        for entry in entries:
            if not (entry.fixed and self._now(entry.name)):
                self.values[entry.name] = entry.body
                self.writes.append(entry.name)
            self.until[entry.name] = self._clock.monotonic() + entry.seconds

    async def claim(self, name: str, seconds: float) -> bool:
        await self._met()
        if self._now(name):
            return False
        self.values[name], self.until[name] = b"1", self._clock.monotonic() + seconds
        return True

    async def drop(self, names: Sequence[str]) -> int:
        # One that is full still drops.
        await self._met(StoreTrouble.READ_ONLY if self.trouble_of_writes is StoreTrouble.READ_ONLY else None)
        return sum(self.values.pop(name, None) is not None for name in names)

    async def ping(self) -> None:
        self.pings += 1
        await self._met()

    async def close(self) -> None:
        self.closed = True
