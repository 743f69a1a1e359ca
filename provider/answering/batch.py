"""One request's keys become one answer, in time.

The rules:

1. **Deadline.** A call waits as long as its endpoint allows, and no longer. What is done by then is answered; what is
   not goes on in the background, for `WORK_SECONDS` at most, so that a retry finds it.
2. **The wait belongs to the image** (`provider.answering.waits`): every question about the same image within a
   shares one wait. When nothing of it is left, the answer is `Timeout` at once.
3. **Sharing.** Keys are worked on side by side. A key that stands twice in a request, or in two requests at the same
   time, is worked on once. `/validate` and `/audit` ask the same questions, so they share; `/mutate` asks others.
4. **Nobody takes all** (`provider.answering.workers`): neither one registry's keys nor audit's hold up the others. No more than
   half of the server's threads wait for admission's keys and no more than a quarter for audit's; who comes then is
   told `Overloaded` at once, so that an answer from memory always finds a thread.
5. **What reaches the caller.** An answer is an item. A durable failure is an item error. A passing one is left out of
   the items and named in `systemError`, so that nobody caches it, except on `/mutate`, where a `systemError` would
   void the whole batch and nothing is cached: there every failure is an item error. An item of more than `ITEM_BYTES`
   is `LimitExceeded`; what goes beyond `BATCH_BYTES` together is `Overloaded`. A key too long to be a question is
   never made an item that is cached.
6. **What is remembered**: an answer, and a durable failure, for as long as a tag is believed; a passing failure for
   `PASSING_SECONDS`, so that the policies of one admission agree.
7. **Nothing else gets out.** What was not expected is `Internal`, passing, and its cause is in the log.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final, Protocol

from provider import limits
from provider.answering.result import Finished, answered, failed
from provider.answering.waits import Waits
from provider.answering.workers import Task
from provider.cache.memory import Memory
from provider.clock import Clock, Deadline
from provider.errors import BestbeforeError, ImageError
from provider.questions import protocol
from provider.questions.answer import Answer
from provider.questions.item_key import Asked, Kind, name_of, read
from provider.questions.question import Question
from provider.reasons import Reason


class Endpoint(StrEnum):
    """What a request is for: its path."""

    VALIDATE = "validate"
    AUDIT = "audit"
    MUTATE = "mutate"


class Inspector(Protocol):
    """Knows images. Called from many threads at a time.

    `deadline` bounds how long the work itself may go on, not how long a caller waits for it; `ref` is the key's short
    name, which registries may be told as the request's id.
    """

    def inspect(self, question: Question, deadline: Deadline, ref: str | None = None) -> Answer:
        """What an image's documents say, or what is proved about who signed it.

        Raises:
            ImageError: there is no answer, for good or for now.
        """
        ...

    def resolve(self, image: str, deadline: Deadline, ref: str | None = None) -> str:
        """The reference with the digest that its tag points to, `repo:tag@sha256:…`; one that has a digest unchanged.

        Raises:
            ImageError: there is no answer, for good or for now.
        """
        ...


class Records(Protocol):
    """Makes the log's form of what was found out, once for each answer."""

    def answered(self, ref: str, image: str, facts: Answer | str, seconds: float) -> str:
        """The fields of an answer's line; `facts` is a string where a tag was resolved."""
        ...

    def failed(self, ref: str, image: str, error: BestbeforeError, seconds: float) -> str:
        """The fields of a failure's line."""
        ...

    def unexpected(self, ref: str, image: str, error: Exception) -> None:
        """Something that nobody expected, with its traceback."""
        ...


@dataclass(frozen=True)
class BatchSettings:
    """How long, how much, how many.

    Attributes:
        waits: seconds that a call of each endpoint may wait.
        tag_ttl: seconds for which a tag is believed to point to the same digest.
        memory_bytes: bound of the finished answers that are kept.
        server_threads: how many requests the server works on at a time.
    """

    waits: dict[Endpoint, float] = field(
        default_factory=lambda: {Endpoint.VALIDATE: 1.2, Endpoint.AUDIT: 9.0, Endpoint.MUTATE: 0.7}
    )
    tag_ttl: float = 30.0
    memory_bytes: int = 16 * limits.MIB
    server_threads: int = 32


@dataclass(frozen=True, slots=True)
class Answered:
    """One request's keys, told once each in the order of the request.

    Attributes:
        results: what there is to say about each.
        worked: short names of those that were not in memory, whether or not they were done in time.
        joined: how many of these somebody else had asked already.
        shed: whether keys were refused without waiting, because too many calls wait already.
    """

    results: Sequence[Finished]
    worked: frozenset[str] = frozenset()
    joined: int = 0
    shed: bool = False

    def body(self) -> bytes:
        """The ProviderResponse."""
        items = (result.item for result in self.results if result.item is not None)
        return protocol.response(items, (result.problem for result in self.results if result.item is None))


class Pool(Protocol):
    """Where work is done (`provider.answering.workers.Workers`)."""

    def submit(self, task: Task) -> bool:
        """Have a task done, now or later; False when it will not be."""
        ...


class Batch:
    """Answers requests. Safe to call from many threads.

    Args:
        inspector: does the work.
        pool: has it done.
        records: the log's form of an answer.
        clock: for every deadline.
        settings: how long, how much.
        wait: waits for an event, seconds at most.
    """

    def __init__(  # noqa: PLR0913 - its collaborators, each by name
        self,
        inspector: Inspector,
        pool: Pool,
        records: Records,
        clock: Clock,
        settings: BatchSettings,
        *,
        wait: Callable[[threading.Event, float], object] = threading.Event.wait,
    ) -> None:
        self._inspector = inspector
        self._pool = pool
        self._records = records
        self._clock = clock
        self._tag_ttl = settings.tag_ttl
        self._wait = wait
        self._lock = threading.Lock()
        self.memory: Memory[str, Finished] = Memory(clock, settings.memory_bytes, lambda finished: finished.size)
        self._flights: dict[str, _Flight] = {}
        self._waits = {endpoint: Waits(seconds) for endpoint, seconds in settings.waits.items()}
        # How many calls may wait at a time, those for audit and the others: rule 4.
        self._places = {True: max(1, settings.server_threads // 4), False: max(1, settings.server_threads // 2)}

    def answer(self, endpoint: Endpoint, keys: Iterable[str]) -> Answered:
        """What there is to say about the keys, within the time that the endpoint has."""
        kind = Kind.TAG if endpoint is Endpoint.MUTATE else Kind.QUESTION
        prefix = name_of(kind, "")
        remembered = {key: self.memory.get(prefix + key) for key in dict.fromkeys(keys)}
        results = {key: known for key, known in remembered.items() if known is not None}
        missing = [key for key in remembered if key not in results]
        if not missing:
            return Answered(self._fitting(kind, results))
        call = self._call(endpoint, kind, missing)
        results |= self._results(call)
        worked = frozenset(results[key].ref for key in missing)
        in_order = {key: results[key] for key in remembered}
        return Answered(self._fitting(kind, in_order), worked, call.joined, call.shed)

    def _call(self, endpoint: Endpoint, kind: Kind, keys: Iterable[str]) -> _Call:
        """Start or join the work on the keys, and wait for it."""
        call = _Call()
        for key in keys:
            try:
                call.flights[key] = self._flight(call, endpoint, read(kind, key))
            except BestbeforeError as error:
                call.invalid[key] = self._failed(Asked(kind, key), error, 0.0)
        if call.flights:
            self._wait_for(call, endpoint)
        return call

    def _results(self, call: _Call) -> dict[str, Finished]:
        """What is done by now; what is not is `Timeout`, or `Overloaded` where nobody waited."""
        return call.invalid | {
            key: flight.finished or self._unfinished(flight, shed=call.shed) for key, flight in call.flights.items()
        }

    def _unfinished(self, flight: _Flight, *, shed: bool) -> Finished:
        host = flight.asked.host
        error = ImageError(Reason.TIMEOUT, f"{host} has not answered in time; {_RETRY}")
        if shed:
            error = ImageError(Reason.OVERLOADED, f"too many requests wait for registries already; {_RETRY}")
        return self._failed(flight.asked, error, self._clock.monotonic() - flight.begun)

    def _flight(self, call: _Call, endpoint: Endpoint, asked: Asked) -> _Flight:
        """The work on a question: somebody's that goes on, or one that begins."""
        audit = endpoint is Endpoint.AUDIT
        with self._lock:
            known = self.memory.get(asked.name)
            if known is not None:
                # It was finished since this call looked.
                return _landed(asked, known, self._clock)
            flight = self._flights.get(asked.name)
            # Work that has had its time is given up: whatever holds it shall not make its key fail for ever.
            if flight is not None and not flight.deadline.passed():
                call.joined += 1
                hurried, begun = flight.hurried(audit=audit), False
            else:
                flight = self._begun(asked, audit=audit)
                hurried, begun = False, True
        # Not under the lock: the pool has its own.
        if begun or hurried:
            taken = self._pool.submit(Task(asked.host, audit, partial(self._work, flight)))
            if begun and not taken:
                self._refuse(flight)
        return flight

    def _begun(self, asked: Asked, *, audit: bool) -> _Flight:
        now = self._clock.monotonic()
        flight = _Flight(asked, now, Deadline(self._clock, now + limits.WORK_SECONDS), audit=audit)
        self._flights[asked.name] = flight
        return flight

    def _wait_for(self, call: _Call, endpoint: Endpoint) -> None:
        flights = call.flights.values()
        images = {flight.asked.image for flight in flights}
        waits = self._waits[endpoint]
        audit = endpoint is Endpoint.AUDIT
        with self._lock:
            call.shed = self._places[audit] == 0
            if call.shed:
                return
            self._places[audit] -= 1
            now = self._clock.monotonic()
            until = {image: waits.begin(image, now) for image in images}
        try:
            for flight in sorted(flights, key=lambda flight: until[flight.asked.image]):
                self._wait(flight.done, max(0.0, until[flight.asked.image] - self._clock.monotonic()))
        finally:
            with self._lock:
                self._places[audit] += 1
                now = self._clock.monotonic()
                for image in images:
                    waits.end(image, min(now, _last_done(image, flights)))

    def _work(self, flight: _Flight) -> None:
        """Runs on a thread of the pool; also for a flight that another thread has taken meanwhile."""
        with self._lock:
            if flight.started:
                return
            flight.started = True
        begun = self._clock.monotonic()
        asked = flight.asked
        try:
            finished, seconds = self._found_out(flight, begun)
        except BestbeforeError as error:
            finished = self._failed(asked, error, self._clock.monotonic() - begun)
            seconds = self._tag_ttl if error.reason.durable else limits.PASSING_SECONDS
        except Exception as error:  # noqa: BLE001 - rule 7: whatever it is, the key gets an answer
            self._records.unexpected(asked.ref, asked.image, error)
            internal = ImageError(Reason.INTERNAL, "the provider met something unexpected; its log has the cause")
            finished = self._failed(asked, internal, self._clock.monotonic() - begun)
            seconds = limits.PASSING_SECONDS
        self._settle(flight, finished, seconds)

    def _found_out(self, flight: _Flight, begun: float) -> tuple[Finished, float]:
        """Ask the inspector: the answer, and for how many seconds it is to be remembered."""
        asked, deadline = flight.asked, flight.deadline
        if deadline.passed():
            raise ImageError(Reason.TIMEOUT, "no thread was free in time")
        if asked.question is None:
            tag = self._inspector.resolve(asked.key, deadline, asked.ref)
            record = self._records.answered(asked.ref, asked.image, tag, self._clock.monotonic() - begun)
            return answered(asked, tag, record), min(limits.RESOLVED_SECONDS, self._tag_ttl)
        answer = self._inspector.inspect(asked.question, deadline, asked.ref)
        record = self._records.answered(asked.ref, asked.image, answer, self._clock.monotonic() - begun)
        return answered(asked, answer.to_json(asked.ref), record), self._believed(answer)

    def _believed(self, answer: Answer) -> float:
        """For how many seconds more a tag points to what it pointed to when it was last seen."""
        try:
            age = self._clock.now() - datetime.fromisoformat(answer.observed_at).timestamp()
        except ValueError:
            return limits.PASSING_SECONDS
        return self._tag_ttl - max(0.0, age)

    def _refuse(self, flight: _Flight) -> None:
        """The pool has too much to do. Nothing is remembered: the next call may find room."""
        error = ImageError(Reason.OVERLOADED, "the provider has more to do than it can; try again in a few seconds")
        self._settle(flight, self._failed(flight.asked, error, 0.0), 0.0)

    def _settle(self, flight: _Flight, finished: Finished, seconds: float) -> None:
        with self._lock:
            flight.finished, flight.finished_at = finished, self._clock.monotonic()
            if self._flights.get(flight.asked.name) is flight:
                del self._flights[flight.asked.name]
            if seconds > 0:
                self.memory.put(flight.asked.name, finished, seconds)
        flight.done.set()

    def _failed(self, asked: Asked, error: BestbeforeError, seconds: float) -> Finished:
        return failed(asked, error, self._records.failed(asked.ref, asked.image, error, seconds))

    def _fitting(self, kind: Kind, results: Mapping[str, Finished]) -> list[Finished]:
        """The results by their keys, with those replaced that do not fit into `BATCH_BYTES`, in their order."""
        room = limits.BATCH_BYTES
        if sum(len(result.item) for result in results.values() if result.item) <= room:
            return list(results.values())
        fitting = []
        for key, result in results.items():
            size = len(result.item or b"") if result.reason is None else 0
            if size <= room:
                room -= size
                fitting.append(result)
            else:
                message = f"the answers of this request have more than {limits.BATCH_BYTES} bytes together; ask again"
                fitting.append(self._failed(Asked(kind, key), ImageError(Reason.OVERLOADED, message), 0.0))
        return fitting


@dataclass(slots=True, eq=False)
class _Flight:
    """Work on a question: one, whoever asks."""

    asked: Asked
    begun: float
    deadline: Deadline
    audit: bool
    started: bool = False
    finished: Finished | None = None
    finished_at: float = math.inf
    done: threading.Event = field(default_factory=threading.Event)

    def hurried(self, *, audit: bool) -> bool:
        """Whether it has to be moved up, because an admission asks what only audit wanted to know."""
        if audit or self.started or not self.audit:
            return False
        self.audit = False
        return True


@dataclass(slots=True)
class _Call:
    """One request's keys that are not in memory."""

    flights: dict[str, _Flight] = field(default_factory=dict)
    invalid: dict[str, Finished] = field(default_factory=dict)
    joined: int = 0
    shed: bool = False


_RETRY: Final = "the look-up goes on, try again in a few seconds"


def _landed(asked: Asked, finished: Finished, clock: Clock) -> _Flight:
    now = clock.monotonic()
    flight = _Flight(asked, now, Deadline(clock, now), audit=False, started=True, finished=finished, finished_at=now)
    flight.done.set()
    return flight


def _last_done(image: str, flights: Iterable[_Flight]) -> float:
    return max(flight.finished_at for flight in flights if flight.asked.image == image)
