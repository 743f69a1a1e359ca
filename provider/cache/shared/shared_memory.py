"""A shared store at arm's length: whatever becomes of it, nobody waits for it long, and nobody fails by it.

- **Reads** of one turn of the event loop leave together, with a bound on their time. What does not come in time is not
  there.
- **Writes** wait in a line with a bound, and nobody waits for them.
- **A store that is lost** is asked nothing until a probe, which nobody waits for either, has found it again.
- **A store that is full or read-only** is still read; writes are dropped for a while.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Collection, Coroutine, Sequence
from typing import Any, Final

from provider import limits
from provider.cache.shared.value_store import Entry, StoreError, StoreTrouble, ValueStore
from provider.clock import Clock
from provider.observer import Observer

# Of a store that answers; the others say that it does not.
_OF_WRITES: Final = frozenset({StoreTrouble.FULL, StoreTrouble.READ_ONLY})


class SharedMemory:
    """Values that replicas share; for one event loop. Nothing of it raises an error.

    Args:
        store: has them.
        clock: for every wait.
        observer: gets reports of how the store does.
    """

    def __init__(self, store: ValueStore, clock: Clock, observer: Observer) -> None:
        self._store = store
        self._clock = clock
        self._observer = observer
        self._asked: OrderedDict[str, tuple[asyncio.Future[bytes], float]] = OrderedDict()
        self._sent: dict[str, asyncio.Future[bytes]] = {}
        self._readers = 0
        self._lines: deque[Entry] = deque()
        self._line_bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._written: OrderedDict[str, float] = OrderedDict()
        self._writes_from = 0.0
        self._owed: dict[str, None] = {}
        self._timeouts = 0
        self._away = False
        self._large = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def away(self) -> bool:
        """Whether it is lost at the moment."""
        return self._away

    # Reads.

    async def get(self, name: str, most: int) -> bytes | None:
        """A value; None when there is none, when it has more than `most` bytes, or when it does not come in time."""
        if self._away:
            return None
        body = await asyncio.shield(self._future(name))
        if len(body) > limits.STORE_PIECE_BYTES:
            body = await self._whole(name, most)
        return body if body and len(body) <= most else None

    def _future(self, name: str) -> asyncio.Future[bytes]:
        """Of somebody who asks for the same thing, or a new one."""
        asked = self._asked.get(name)
        if asked is not None:
            return asked[0]
        if name in self._sent:
            return self._sent[name]
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes] = loop.create_future()
        if len(self._asked) >= limits.STORE_READS:
            future.set_result(b"")
            return future
        if not self._asked:
            # With all that this turn of the loop asks for.
            loop.call_soon(self._send)
        self._asked[name] = future, self._clock.monotonic()
        return future

    def _send(self) -> None:
        """Send what waits, as far as there are readers."""
        while self._asked and self._readers < limits.STORE_READERS:
            too_late = self._clock.monotonic() - limits.STORE_WAIT_SECONDS
            names: list[str] = []
            while self._asked and len(names) < limits.STORE_BATCH:
                name, (future, since) = self._asked.popitem(last=False)
                if self._away or since < too_late:
                    _settle(future, b"")
                else:
                    self._sent[name] = future
                    names.append(name)
            if names:
                self._readers += 1
                self._begin(self._read(names))

    async def _read(self, names: Sequence[str]) -> None:
        found: Sequence[bytes] = ()
        try:
            found = (
                await self._bounded(self._store.read(names, limits.STORE_PIECE_BYTES), limits.STORE_READ_SECONDS) or ()
            )
        finally:
            self._readers -= 1
            for number, name in enumerate(names):
                _settle(self._sent.pop(name), found[number] if number < len(found) else b"")
        self._send()

    async def _whole(self, name: str, most: int) -> bytes:
        """A large value, one at a time: the bytes that are on their way have a bound."""
        try:
            async with asyncio.timeout(limits.STORE_WAIT_SECONDS), self._large:
                found = await self._bounded(self._store.read((name,), most), limits.STORE_READ_SECONDS)
        except TimeoutError:
            return b""
        return found[0] if found else b""

    # Writes.

    def put(self, entry: Entry) -> None:
        """Have a value written, soon; one that was written a short while ago is not written again."""
        now = self._clock.monotonic()
        if entry.fixed and now - self._written.get(entry.name, float("-inf")) < limits.STORE_RENEWAL_SECONDS:
            return
        if self._away or now < self._writes_from or self._line_bytes + len(entry.body) > limits.STORE_LINE_BYTES:
            self._observer.store_writes_dropped(1)
            return
        self._note(entry.name, now)
        self._lines.append(entry)
        self._line_bytes += len(entry.body) + limits.STORE_ENTRY_BYTES
        if self._writer is None or self._writer.done():
            self._writer = self._begin(self._write_all())

    def forget(self, name: str) -> None:
        """Have a value dropped that is of no use; of a store that is lost when it is back, for it may still have it."""
        self._written.pop(name, None)
        if self._away:
            self._owe((name,))
        elif len(self._tasks) < limits.STORE_READS:
            self._begin(self._drop((name,)))

    async def _write_all(self) -> None:
        while self._lines:
            entries = [self._lines.popleft() for _ in range(min(len(self._lines), limits.STORE_BATCH))]
            self._line_bytes -= sum(len(entry.body) + limits.STORE_ENTRY_BYTES for entry in entries)
            if (
                self._away
                or self._clock.monotonic() < self._writes_from
                or await self._bounded(self._written_down(entries), limits.STORE_WRITE_SECONDS) is None
            ):
                self._lost(entries)

    async def _written_down(self, entries: Sequence[Entry]) -> bool:
        await self._store.write(entries)
        return True

    async def _drop(self, names: Sequence[str]) -> None:
        if await self._bounded(self._store.drop(names), limits.STORE_WRITE_SECONDS) is None:
            self._owe(names)

    def _owe(self, names: Sequence[str]) -> None:
        for name in names:
            if len(self._owed) < limits.STORE_READS:
                self._owed[name] = None

    def _lost(self, entries: Collection[Entry]) -> None:
        if entries:
            self._observer.store_writes_dropped(len(entries))
        for entry in entries:
            self._written.pop(entry.name, None)

    def _note(self, name: str, now: float) -> None:
        self._written[name] = now
        self._written.move_to_end(name)
        if len(self._written) > limits.STORE_NAMES:
            self._written.popitem(last=False)

    # Claims.

    async def claim(self, name: str, seconds: float) -> bool:
        """Whether it is ours to do what replicas need to do once only; where nobody can say, it is."""
        if self._away:
            return True
        return await self._bounded(self._store.claim(name, seconds), limits.STORE_READ_SECONDS) is not False

    # How it does.

    async def _bounded(self, work: Coroutine[Any, Any, Any], seconds: float = limits.STORE_READ_SECONDS) -> Any:  # noqa: ANN401 - of the work
        """The result of work with the store; None where there is none in time."""
        began = self._clock.monotonic()
        result, trouble = None, None
        try:
            async with asyncio.timeout(seconds):
                result = await work
        except TimeoutError:
            trouble = StoreTrouble.TIMEOUT
        except StoreError as error:
            trouble = error.trouble
        self._observer.store_asked(trouble or "", self._clock.monotonic() - began)
        self._judge(trouble)
        return result

    def _judge(self, trouble: StoreTrouble | None) -> None:
        if trouble in _OF_WRITES:
            self._writes_from = self._clock.monotonic() + limits.STORE_AWAY_SECONDS
            self._observer.store_troubled(trouble)
        elif trouble is StoreTrouble.TIMEOUT:
            # One may be ours: a loop that is late.
            self._timeouts += 1
            if self._timeouts >= limits.STORE_TIMEOUTS:
                self._lose(trouble)
        elif trouble is not None:
            self._lose(trouble)
        else:
            self._timeouts = 0

    def _lose(self, trouble: StoreTrouble) -> None:
        if self._away:
            return
        self._away = True
        self._observer.store_away(trouble)
        for future, _ in self._asked.values():
            _settle(future, b"")
        self._asked.clear()
        self._begin(self._probe())

    async def _probe(self) -> None:
        """Ask from time to time whether it is back."""
        while True:
            await asyncio.sleep(limits.STORE_AWAY_SECONDS)
            try:
                async with asyncio.timeout(limits.STORE_READ_SECONDS):
                    await self._store.ping()
            except (TimeoutError, StoreError):
                continue
            break
        if self._owed:
            # Before anybody reads it again.
            owed, self._owed = tuple(self._owed), {}
            await self._drop(owed)
        # What was written may be gone.
        self._written.clear()
        self._timeouts = 0
        self._away = False
        self._observer.store_back()

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Let go of all connections, when what waits has been written."""
        if self._writer is not None and not self._away:
            await asyncio.wait((self._writer,), timeout=limits.STORE_CLOSE_SECONDS)
        self._lost(self._lines)
        for task in tuple(self._tasks):
            task.cancel()
        await self._store.close()


def _settle(future: asyncio.Future[bytes], body: bytes) -> None:
    if not future.done():
        future.set_result(body)
