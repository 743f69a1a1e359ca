"""What is known of images in their registries, and when each is looked for next.

Kept over a restart, so that nobody is asked twice a day; where it is not, all of it spreads over an hour.
"""

from __future__ import annotations

import json
import math
import random
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gatekeeper.denials.ledger.snapshot import SnapshotError
from gatekeeper.freshness.presence import limits
from gatekeeper.freshness.presence.presence import PresenceAnswer
from gatekeeper.freshness.presence.questions import PresenceQuestion
from provider.clock import Clock
from provider.questions import question
from provider.registry.presence import PresenceState

_VERSION = 1


@dataclass(frozen=True, slots=True)
class PresenceRecord:
    """What is known of one question.

    Attributes:
        due: when it is asked next, seconds since 1970.
        answer: the last one that says something, or that nobody could look; None before the first.
        since: since when it has been so, seconds since 1970.
        at: when it was said last, seconds since 1970.
    """

    due: float
    answer: PresenceAnswer | None = None
    since: float = 0.0
    at: float = 0.0


class PresenceBook:
    """Implements `SavedPart`; several threads may use it.

    Args:
        clock: says when.
        draw: a number from 0 to 1, each time another one.
    """

    def __init__(self, clock: Clock, draw: Callable[[], float] = random.random) -> None:
        self._clock = clock
        self._draw = draw
        self._lock = threading.Lock()
        self._wanted: Mapping[str, PresenceQuestion] = {}
        self._records: dict[str, PresenceRecord] = {}

    def want(self, questions: Iterable[PresenceQuestion]) -> None:
        """Look for these from now on, and for no others; beyond `limits.QUESTIONS` for none."""
        distinct = {question.ref(each.key): each for each in questions}
        with self._lock:
            self._wanted = {ref: distinct[ref] for ref in sorted(distinct)[: limits.QUESTIONS]}
            now = self._clock.now()
            self._records = {ref: self._records.get(ref) or self._first(now) for ref in self._wanted}

    def due(self) -> Sequence[str]:
        """The keys to ask now, those that have waited longest: one of each registry, of some registries."""
        found: dict[str, str] = {}
        with self._lock:
            now = self._clock.now()
            self._records = {ref: self._sound(each, now) for ref, each in self._records.items()}
            waiting = sorted((self._records[ref].due, ref) for ref in self._wanted if self._records[ref].due <= now)
            for _, ref in waiting:
                its = self._wanted[ref]
                if len(found) < limits.SIDE_BY_SIDE:
                    found.setdefault(its.registry, its.key)
        return tuple(found.values())

    def take(self, answers: Mapping[str, PresenceAnswer]) -> None:
        """Remember what was said; that nobody could look takes nothing back that was known."""
        with self._lock:
            now = self._clock.now()
            for key, answer in answers.items():
                if (before := self._records.get(question.ref(key))) is not None:
                    self._records[question.ref(key)] = self._after(before, answer, now)

    def known(self, key: str) -> PresenceRecord | None:
        """What is known of a question; None where nobody has looked yet."""
        with self._lock:
            found = self._records.get(question.ref(key))
            if found is None or found.answer is None:
                return None
            if self._clock.now() - found.at > limits.KEPT_SECONDS:
                gone = PresenceAnswer(PresenceState.UNKNOWN, found.answer.reason, "nobody could look for two days")
                return replace(found, answer=gone)
            return found

    def snapshot(self) -> str:
        """See `SavedPart`."""
        with self._lock:
            rows = [[ref, each.due, each.since, each.at, *_written(each.answer)] for ref, each in self._records.items()]
        return json.dumps({"version": _VERSION, "images": rows}, separators=(",", ":"))

    def restore(self, text: str) -> None:
        """See `SavedPart`.

        Raises:
            SnapshotError: it cannot be used, and nothing of it was.
        """
        try:
            found = json.loads(text)
            if found["version"] != _VERSION:
                raise SnapshotError("it is of another version")
            records = dict(map(self._record, found["images"]))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise SnapshotError(f"it cannot be read ({type(error).__name__})") from error
        with self._lock:
            self._records = records

    def _first(self, now: float) -> PresenceRecord:
        return PresenceRecord(now + self._draw() * limits.FIRST_SECONDS)

    def _sound(self, record: PresenceRecord, now: float) -> PresenceRecord:
        """A clock that was ahead for a while must neither put a look off for ever nor make an answer last for ever."""
        is_late = record.due > now + limits.ROUND_SECONDS
        if not is_late and record.at <= now:
            return record
        due = self._first(now).due if is_late else record.due
        return replace(record, due=due, since=min(record.since, now), at=min(record.at, now))

    def _record(self, row: Sequence[object]) -> tuple[str, PresenceRecord]:
        ref, due, since, at, state, reason, message = row
        if not all(isinstance(each, str) for each in (ref, state, reason, message)):
            raise TypeError("a text is none")
        answer = PresenceAnswer(PresenceState(str(state)), str(reason), str(message)) if state else None
        # A clock that was wrong must not put a look off for ever.
        latest = self._clock.now() + limits.ROUND_SECONDS
        moments = [float(str(each)) for each in (due, since, at)]
        if not all(map(math.isfinite, moments)):
            raise ValueError("a time is none")
        return str(ref), PresenceRecord(min(moments[0], latest), answer, *moments[1:])

    def _after(self, before: PresenceRecord, answer: PresenceAnswer, now: float) -> PresenceRecord:
        if not answer.asked:
            return replace(before, due=now + limits.RETRY_SECONDS)
        due = now + limits.ROUND_SECONDS - self._draw() * limits.JITTER_SECONDS
        known = before.answer
        if answer.state is PresenceState.UNKNOWN and known is not None and known.state is not PresenceState.UNKNOWN:
            # It may come to nothing again tomorrow: what was known gets old.
            return replace(before, due=due)
        same = known is not None and known.state is answer.state
        return PresenceRecord(due, answer, before.since if same else now, now)


def _written(answer: PresenceAnswer | None) -> tuple[str, str, str]:
    return ("", "", "") if answer is None else (answer.state.value, answer.reason, answer.message)
