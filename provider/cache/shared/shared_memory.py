"""A shared store at arm's length: whatever becomes of it, nobody waits for it long, and nobody fails by it.

- **Reads** of one turn of the event loop leave together, with a bound on their time. What does not come in time is not
  there.
- **Writes** wait in a line with a bound, and nobody waits for them. What is to be dropped goes before them, and never
  beside them, so that nothing comes back that was dropped.
- **A store that is lost** is asked nothing until a probe, which nobody waits for either, has found it again. What was
  seen meanwhile waits in the line: it may be all that is known when a registry goes away next.
- **A store that is full or read-only** is still read; writes are given up for a while.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Coroutine, Sequence
from itertools import islice
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
        self._line: OrderedDict[str, Entry] = OrderedDict()
        self._line_bytes = 0
        self._worker: asyncio.Task[None] | None = None
        self._written: OrderedDict[str, float] = OrderedDict()
        self._writes_from = 0.0
        self._owed: dict[str, None] = {}
        self._timeouts = 0
        self._away = False
        self._large = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Connect before anybody asks: a first connection takes longer than a question waits."""
        await self._bounded(self._answered(), limits.STORE_OPEN_SECONDS, lost_by_silence=True)

    async def _answered(self) -> bool:
        await self._store.ping()
        return True

    @property
    def away(self) -> bool:
        """Whether it is lost at the moment."""
        return self._away

    # Reads.

    async def get(self, name: str, most: int) -> bytes | None:
        """A value; None when there is none, when it has more than `most` bytes, or when it does not come in time."""
        if self._away or name in self._owed:
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
        self._leave_line(entry.name)
        if now < self._writes_from or not self._made_room(_weight(entry)):
            self._lost((entry,))
            return
        self._note(entry.name, now)
        self._join_line(entry)
        self._work()

    def forget(self, name: str) -> bool:
        """Have a value dropped that is of no use, and never read meanwhile; also of a store that is lost now.

        Returns:
            Whether it is noted; not where too many wait to be dropped already, and then it may be read again.
        """
        self._written.pop(name, None)
        self._leave_line(name)
        noted = name in self._owed or len(self._owed) < limits.STORE_DROPS
        if noted:
            self._owed[name] = None
        self._work()
        return noted

    def _work(self) -> None:
        """Write and drop what waits, unless that is under way."""
        if not self._away and (self._worker is None or self._worker.done()):
            self._worker = self._begin(self._catch_up())

    async def _catch_up(self) -> None:
        while not self._away and (self._owed or self._line):
            pause = self._writes_from - self._clock.monotonic()
            if pause > 0:
                self._give_up_line()
                # What is to be dropped stays to be dropped.
                await asyncio.sleep(pause if self._owed else 0)
            elif self._owed:
                await self._drop_some()
            else:
                await self._write_some()

    async def _drop_some(self) -> None:
        names = tuple(islice(self._owed, limits.STORE_BATCH))
        if await self._bounded(self._store.drop(names), limits.STORE_WRITE_SECONDS) is not None:
            for name in names:
                self._owed.pop(name, None)

    async def _write_some(self) -> None:
        entries = list(islice(self._line.values(), limits.STORE_BATCH))
        for entry in entries:
            self._leave_line(entry.name)
        if await self._bounded(self._written_down(entries), limits.STORE_WRITE_SECONDS) is not None:
            return
        if self._clock.monotonic() < self._writes_from:
            self._lost(entries)
            return
        for entry in reversed(entries):
            # Unless there is something newer to say of it.
            if entry.name not in self._line and entry.name not in self._owed:
                self._join_line(entry)
                self._line.move_to_end(entry.name, last=False)

    async def _written_down(self, entries: Sequence[Entry]) -> bool:
        await self._store.write(entries)
        return True

    def _join_line(self, entry: Entry) -> None:
        self._line[entry.name] = entry
        self._line_bytes += _weight(entry)

    def _made_room(self, weight: int) -> bool:
        """Whether so many bytes may join the line; what has waited longest leaves for them, for it is the oldest."""
        if weight > limits.STORE_LINE_BYTES:
            return False
        left = []
        while self._line_bytes + weight > limits.STORE_LINE_BYTES:
            entry = next(iter(self._line.values()))
            self._leave_line(entry.name)
            left.append(entry)
        self._lost(left)
        return True

    def _leave_line(self, name: str) -> None:
        entry = self._line.pop(name, None)
        if entry is not None:
            self._line_bytes -= _weight(entry)

    def _give_up_line(self) -> None:
        self._lost(self._line.values())
        self._line.clear()
        self._line_bytes = 0

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

    async def _bounded(self, work: Coroutine[Any, Any, Any], seconds: float, *, lost_by_silence: bool = False) -> Any:  # noqa: ANN401 - of the work
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
        if lost_by_silence and trouble is StoreTrouble.TIMEOUT:
            self._lose(trouble)
        else:
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
        # What was written may be gone.
        self._written.clear()
        self._timeouts = 0
        self._away = False
        self._observer.store_back()
        self._work()

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Let go of all connections, when what waits has been written."""
        if self._worker is not None and not self._away:
            await asyncio.wait((self._worker,), timeout=limits.STORE_CLOSE_SECONDS)
        self._give_up_line()
        if self._owed:
            # They were not dropped: that is known by nobody after us.
            self._observer.store_writes_dropped(len(self._owed))
        for task in tuple(self._tasks):
            task.cancel()
        await self._store.close()


def _weight(entry: Entry) -> int:
    return len(entry.body) + limits.STORE_ENTRY_BYTES


def _settle(future: asyncio.Future[bytes], body: bytes) -> None:
    if not future.done():
        future.set_result(body)
