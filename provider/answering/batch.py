"""One request's keys become one answer, in time.

The rules:

1. **Deadline.** A call waits as long as its endpoint allows, and no longer. What is done by then is answered; what is
   not goes on in the background (`provider.answering.work`), so that a retry finds it.
2. **The wait belongs to the image** (`provider.answering.waits`): every question about the same image within a few
   seconds shares one wait. When nothing of it is left, the answer is `Timeout` at once.
3. **Sharing.** Keys are worked on side by side. A key that stands twice in a request, or in two requests at the same
   time, is worked on once. `/validate` and `/audit` ask the same questions, so they share; `/mutate` and `/presence`
   ask others.
4. **Nobody takes all.** Requests to registries take turns (`provider.registry.turns.turns`). No more than half of the
   server's threads wait for admission's keys and no more than a quarter for audit's; who comes then reads
   `Overloaded` at once, so that an answer from memory always finds a thread.
5. **What reaches the caller.** An answer is an item. A durable failure is an item error. A passing one is left out of
   the items and named in `systemError`, so that nobody caches it, except on `/mutate`, where a `systemError` would
   void the whole batch and nothing is cached: there every failure is an item error. An item of more than `ITEM_BYTES`
   is `LimitExceeded`; what goes beyond `BATCH_BYTES` together is `Overloaded`. A key too long to be a question is
   never made an item that is cached.

An answer that is remembered is given in the request's own thread; for the others the thread hands its keys to the event
loop, once, and waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from provider import limits
from provider.answering import result
from provider.answering.attendance import Attendance
from provider.answering.places import CallPlaces
from provider.answering.result import KeyResult
from provider.answering.waits import Waits
from provider.answering.work import Work, Works
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.errors import BestbeforeError, ImageError
from provider.questions import item_key, protocol
from provider.questions.endpoint import Endpoint
from provider.questions.item_key import ItemKey, KeyKind
from provider.reasons import Reason

_KINDS: Final = {Endpoint.MUTATE: KeyKind.TAG, Endpoint.PRESENCE: KeyKind.PRESENCE}
# Those for which nobody waits.
_PATIENT: Final = frozenset({Endpoint.AUDIT, Endpoint.PRESENCE})
_RETRY: Final = "the look-up goes on, try again in a few seconds"


@dataclass(frozen=True)
class BatchSettings:
    """How long, and how many.

    Attributes:
        waits: seconds that a call of each endpoint may wait.
        server_threads: how many requests the server works on at a time.
    """

    waits: dict[Endpoint, float] = field(
        default_factory=lambda: {
            Endpoint.VALIDATE: 1.2,
            Endpoint.AUDIT: 9.0,
            Endpoint.MUTATE: 0.7,
            Endpoint.PRESENCE: 9.0,
        }
    )
    server_threads: int = 32


@dataclass(frozen=True, slots=True)
class BatchResponse:
    """One request's keys, once each in the order of the request.

    Attributes:
        results: what there is to say about each.
        worked: short names of those that were not in memory, whether or not they were done in time.
        joined: how many of these somebody else had asked already.
        shed: whether keys were refused without waiting, because too many calls wait already.
    """

    results: Sequence[KeyResult]
    worked: frozenset[str] = frozenset()
    joined: int = 0
    shed: bool = False

    def body(self) -> bytes:
        """The ProviderResponse."""
        items = (result.item for result in self.results if result.item is not None)
        return protocol.response(items, (result.problem for result in self.results if result.item is None))


Hand = Callable[[Callable[[], None]], None]
"""Has a function called on the event loop, soon."""


class Batch:
    """Answers requests; may be used by many threads.

    Args:
        works: what is worked on, on the event loop.
        memory: what is remembered.
        hand: the way to the event loop.
        clock: for every deadline.
        settings: how long, and how many.
        event: what a thread waits for.
    """

    def __init__(  # noqa: PLR0913 - its collaborators
        self,
        works: Works,
        memory: Memory[str, KeyResult],
        hand: Hand,
        clock: Clock,
        settings: BatchSettings,
        *,
        event: Callable[[], threading.Event] = threading.Event,
    ) -> None:
        self._works = works
        self.memory = memory
        self._hand = hand
        self._clock = clock
        self._event = event
        self._waits = {endpoint: Waits(seconds) for endpoint, seconds in settings.waits.items()}
        self._patience = {endpoint: seconds + limits.LOOP_GRACE_SECONDS for endpoint, seconds in settings.waits.items()}
        admission, audit = CallPlaces(settings.server_threads // 2), CallPlaces(settings.server_threads // 4)
        self._places = {
            Endpoint.VALIDATE: admission,
            Endpoint.MUTATE: admission,
            Endpoint.AUDIT: audit,
            # The controller asks one request at a time.
            Endpoint.PRESENCE: audit,
        }

    def answer(self, endpoint: Endpoint, keys: Iterable[str]) -> BatchResponse:
        """What there is to say about the keys, within the time that the endpoint has."""
        kind = _KINDS.get(endpoint, KeyKind.QUESTION)
        prefix = item_key.name_of(kind, "")
        distinct = tuple(dict.fromkeys(keys))
        found = self.memory.get_all([prefix + key for key in distinct])
        remembered = dict(zip(distinct, found, strict=True))
        results = {key: known for key, known in remembered.items() if known is not None}
        missing = [key for key in remembered if key not in results]
        if not missing:
            return BatchResponse(_fitting(kind, results))
        unreadable, readable = _read(kind, missing)
        results |= unreadable
        joined, shed = 0, False
        if readable:
            made, joined, shed = self._asked(endpoint, readable)
            results |= made
        worked = frozenset(results[key].ref for key in missing)
        in_order = {key: results[key] for key in remembered}
        return BatchResponse(_fitting(kind, in_order), worked, joined, shed)

    def _asked(self, endpoint: Endpoint, keys: Sequence[ItemKey]) -> tuple[dict[str, KeyResult], int, bool]:
        """Have the keys worked on, and wait: results by key, how many were joined, whether nobody waited."""
        places = self._places[endpoint]
        shed = not places.take()
        attendance = Attendance(self._works, self._waits[endpoint], self._clock, audit=endpoint in _PATIENT)
        try:
            done = self._event()
            self._hand(lambda: attendance.begin(keys, done.set, wait=not shed))
            # The loop says when the time is over; it is waited for a little longer, in case it is late.
            done.wait(limits.LOOP_GRACE_SECONDS if shed else self._patience[endpoint])
        finally:
            if not shed:
                places.give_back()
        works = attendance.works
        found = {key.text: self._result(key, works.get(key.text), shed=shed) for key in keys}
        return found, attendance.joined, shed

    def _result(self, key: ItemKey, work: Work | None, *, shed: bool) -> KeyResult:
        """What is done by now; what is not is `Timeout`, or `Overloaded` where nobody waited."""
        if work is not None and work.result is not None:
            return work.result
        error = ImageError(Reason.TIMEOUT, f"{key.reference.registry} has not answered in time; {_RETRY}")
        if shed:
            error = ImageError(Reason.OVERLOADED, f"too many requests wait for registries already; {_RETRY}")
        begun = self._clock.monotonic() if work is None else work.begun
        return result.of_error(key, error, self._clock.monotonic() - begun)


def _read(kind: KeyKind, keys: Iterable[str]) -> tuple[dict[str, KeyResult], list[ItemKey]]:
    """Those that nobody can read, with what is said of them; and the others."""
    unreadable: dict[str, KeyResult] = {}
    readable: list[ItemKey] = []
    for text in keys:
        try:
            readable.append(item_key.read(kind, text))
        except BestbeforeError as error:
            unreadable[text] = result.unreadable(kind, text, error)
    return unreadable, readable


def _fitting(kind: KeyKind, results: Mapping[str, KeyResult]) -> list[KeyResult]:
    """The results by their keys, with those replaced that do not fit into `BATCH_BYTES`, in their order."""
    room = limits.BATCH_BYTES
    if sum(len(one.item) for one in results.values() if one.item) <= room:
        return list(results.values())
    fitting = []
    for text, one in results.items():
        size = len(one.item or b"") if one.reason is None else 0
        if size <= room:
            room -= size
            fitting.append(one)
        else:
            message = f"the answers of this request have more than {limits.BATCH_BYTES} bytes together; ask again"
            fitting.append(result.replaced(kind, text, one, ImageError(Reason.OVERLOADED, message)))
    return fitting
