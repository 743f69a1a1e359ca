"""One call's waiting for its keys, on the event loop.

It ends when all is done, or when no image among what is unfinished has any of its wait left.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

from provider import limits
from provider.answering.waits import Waits
from provider.answering.work import Work, Works
from provider.clock import Clock
from provider.questions.item_key import ItemKey


class Attendance:
    """A call's, used once.

    Args:
        works: what is worked on.
        waits: how long images may be waited for.
        clock: the loop's own time.
        audit: whether nobody's admission waits.

    Attributes:
        works: by the text of their keys; complete once `begin` has run.
        joined: how many of them somebody else had begun.
    """

    def __init__(self, works: Works, waits: Waits, clock: Clock, *, audit: bool) -> None:
        self._all = works
        self._waits = waits
        self._clock = clock
        self._audit = audit
        self.works: dict[str, Work] = {}
        self.joined = 0
        self._until: dict[str, float] = {}
        self._open: Counter[float] = Counter()
        self._timer: asyncio.TimerHandle | None = None
        self._done: Callable[[], None] | None = None

    def begin(self, keys: Sequence[ItemKey], done: Callable[[], None], *, wait: bool) -> None:
        """Begin, or join, the work on the keys.

        Args:
            keys: distinct ones.
            done: called once, when nothing is waited for any more.
            wait: whether anything is waited for at all.
        """
        self._done = done
        self._begin_some(keys, 0, wait=wait)

    def _begin_some(self, keys: Sequence[ItemKey], first: int, *, wait: bool) -> None:
        """Begin with some of the keys, and with the next in the loop's next turn: others have theirs between."""
        following = first + limits.KEYS_A_TURN
        for key in keys[first:following]:
            self.works[key.text] = self._begun(key)
        if following < len(keys):
            asyncio.get_running_loop().call_soon(lambda: self._begin_some(keys, following, wait=wait))
        else:
            self._attend(wait=wait)

    def _attend(self, *, wait: bool) -> None:
        """Wait for what is unfinished."""
        unfinished = [work for work in self.works.values() if work.result is None]
        if not wait or not unfinished:
            self._finish()
            return
        now = self._clock.monotonic()
        self._until = {image: self._waits.begin(image, now) for image in {work.key.image for work in unfinished}}
        for work in unfinished:
            self._open[self._until[work.key.image]] += 1
            work.watchers.add(self._landed)
        self._look(now)

    def _begun(self, key: ItemKey) -> Work:
        work = self._all.join(key)
        if work is None:
            return self._all.begin(key, self, audit=self._audit)
        self.joined += 1
        if not self._audit:
            work.claim.hurry()
        return work

    def _landed(self, work: Work) -> None:
        if self._done is None:
            return
        until = self._until[work.key.image]
        self._open[until] -= 1
        if not self._open[until]:
            del self._open[until]
            self._look(self._clock.monotonic())

    def _look(self, now: float) -> None:
        """Finish, or wait until the latest moment that anything unfinished has."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        latest = max(self._open, default=now)
        if not self._open or latest <= now:
            self._finish()
        else:
            self._timer = asyncio.get_running_loop().call_at(latest, self._finish)

    def _finish(self) -> None:
        done, self._done = self._done, None
        if done is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        now = self._clock.monotonic()
        last = dict.fromkeys(self._until, 0.0)
        for work in self.works.values():
            # Who asks again and again about an image that is slow leaves nothing behind.
            work.watchers.discard(self._landed)
            if work.key.image in last:
                last[work.key.image] = max(last[work.key.image], work.finished_at)
        for image, finished_at in last.items():
            self._waits.end(image, min(now, finished_at))
        done()
