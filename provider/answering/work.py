"""Work on questions: one for each, whoever asks; on the event loop.

A question that somebody asks while it is worked on is not begun again. Work goes on after its callers have gone, for
`WORK_SECONDS` at most, so that a retry finds it. What it gives is remembered: an answer, and a durable failure, for as
long as a tag is believed; what was seen before a registry went away, and a passing failure, for `PASSING_SECONDS`, so
that the policies of one admission agree. Whatever was not expected is `Internal`, passing, and its cause is in the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from provider import limits
from provider.answering import result
from provider.answering.result import KeyResult
from provider.cache.memory import Memory
from provider.clock import Clock, Deadline
from provider.errors import BestbeforeError, ImageError
from provider.questions.answer import Answer, Proofs
from provider.questions.item_key import ItemKey, KeyKind
from provider.questions.question import Question
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.credentials.credentials import Credentials
from provider.registry.presence import PresenceFinding
from provider.registry.turns.claim import Claim
from provider.steps import StepRecorder


class Inspector(Protocol):
    """Knows images; for one event loop."""

    async def inspect(self, key: ItemKey, call: Call) -> Answer:
        """What an image's documents say, or what is proved about who signed it.

        Raises:
            ImageError: there is no answer, for good or for now.
        """
        ...

    async def presence(self, key: ItemKey, call: Call) -> PresenceFinding:
        """Whether an image is still in its registry.

        Raises:
            ImageError: `ReferenceInvalid`; that nobody could look is an answer.
        """
        ...

    async def resolve(self, key: ItemKey, call: Call) -> str:
        """The reference with the digest that its tag points to, `repo:tag@sha256:…`; one that has a digest unchanged.

        Raises:
            ImageError: there is no answer, for good or for now.
        """
        ...


class Askers(Protocol):
    """Knows who asks registries; for one event loop."""

    def of(self, asked: Question) -> Credentials:
        """The credentials with which a question is asked."""
        ...


class Reporter(Protocol):
    """Gets reports of what nobody expected."""

    def unexpected(self, ref: str, image: str, error: Exception) -> None:
        """It goes to the log, with its traceback."""
        ...

    def recorder(self, ref: str) -> StepRecorder | None:
        """Gets the steps of the answer to a key; None where nobody wants to know them."""
        ...


class Work:
    """Work on one key.

    Attributes:
        key: what is asked.
        begun: monotonic seconds.
        claim: whose requests it causes.
        result: what it gave; None until then.
        finished_at: when; monotonic seconds.
        watchers: called when it is finished.
    """

    __slots__ = ("begun", "claim", "finished_at", "key", "result", "task", "watchers")

    def __init__(self, key: ItemKey, begun: float, claim: Claim) -> None:
        self.key = key
        self.begun = begun
        self.claim = claim
        self.result: KeyResult | None = None
        self.finished_at = float("inf")
        self.watchers: set[Callable[[Work], None]] = set()
        self.task: asyncio.Task[None] | None = None


class Works:
    """All work that is going on; for one event loop, except `memory`.

    Args:
        inspector: does it.
        credentials: who asks registries.
        memory: where results are remembered.
        reporter: gets reports of what nobody expected, and the steps of answers.
        clock: for every deadline.
        tag_ttl: seconds after which an answer is not remembered any more, since it was last seen.
        askers: who asks a question, where that is not always who `credentials` says.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - its collaborators
        self,
        inspector: Inspector,
        credentials: Credentials,
        memory: Memory[str, KeyResult],
        reporter: Reporter,
        clock: Clock,
        tag_ttl: float,
        askers: Askers | None = None,
    ) -> None:
        self._inspector = inspector
        self._credentials = credentials
        self._memory = memory
        self._reporter = reporter
        self._clock = clock
        self._tag_ttl = tag_ttl
        self._askers = askers
        self._going_on: dict[str, Work] = {}
        self._audit = 0
        self._sweeping: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._going_on)

    def join(self, key: ItemKey) -> Work | None:
        """Somebody's work on a key, which goes on or has just been finished; None when there is none."""
        work = self._going_on.get(key.name)
        if work is None and (known := self._memory.get(key.name)) is not None:
            work = Work(key, self._clock.monotonic(), Claim(self))
            work.result, work.finished_at = known, work.begun
        return work

    def begin(self, key: ItemKey, caller: object, *, audit: bool) -> Work:
        """Begin to work on a key that nobody works on.

        Args:
            key: what is asked.
            caller: who asked it first, with others.
            audit: whether nobody's admission waits for it.

        Returns:
            Work; finished already, as `Overloaded`, when too much is going on. That is not remembered: the next call
            may find room.
        """
        work = Work(key, self._clock.monotonic(), Claim(caller, audit=audit))
        if len(self._going_on) >= limits.QUESTIONS or (audit and self._audit >= limits.AUDIT_QUESTIONS):
            sentence = "the provider has more to do than it can; try again in a few seconds"
            work.result = result.of_error(key, ImageError(Reason.OVERLOADED, sentence), 0.0)
            work.finished_at = work.begun
            return work
        self._going_on[key.name] = work
        self._audit += audit
        loop = asyncio.get_running_loop()
        work.task = loop.create_task(self._do(work, audit=audit))
        if self._sweeping is None:
            self._sweeping = loop.call_later(limits.WORK_SWEEP_SECONDS, self._sweep)
        return work

    def _sweep(self) -> None:
        """Give up what has had its time; cheaper than a timer for each."""
        before = self._clock.monotonic() - limits.WORK_SECONDS
        for work in self._going_on.values():
            if work.begun > before:
                break
            if work.task is not None:
                work.task.cancel()
        self._sweeping = None
        if self._going_on:
            self._sweeping = asyncio.get_running_loop().call_later(limits.WORK_SWEEP_SECONDS, self._sweep)

    async def _do(self, work: Work, *, audit: bool) -> None:
        key, clock = work.key, self._clock
        deadline = Deadline(clock, work.begun + limits.WORK_SECONDS)
        seconds = limits.PASSING_SECONDS
        try:
            recorder = self._reporter.recorder(key.ref)
            patience = limits.AUDIT_PATIENCE_SECONDS if audit else limits.ADMISSION_PATIENCE_SECONDS
            call = Call(deadline, work.claim, self._credentials_of(key), key.ref, patience=patience, recorder=recorder)
            found, seconds = await self._found_out(work, call)
        except BestbeforeError as error:
            found = result.of_error(key, error, clock.monotonic() - work.begun)
            seconds = self._remembered(error)
        except asyncio.CancelledError:
            # By the sweep: nobody else cancels this task, and it ends here.
            late = ImageError(Reason.TIMEOUT, f"{key.reference.registry} has not answered in time")
            found = result.of_error(key, late, clock.monotonic() - work.begun)
        except Exception as error:  # noqa: BLE001 - whatever it is, the key gets an answer
            self._reporter.unexpected(key.ref, key.image, error)
            internal = ImageError(Reason.INTERNAL, "the provider met something unexpected; its log has the cause")
            found = result.of_error(key, internal, clock.monotonic() - work.begun)
        finally:
            del self._going_on[key.name]
            self._audit -= audit
        self._settle(work, found, seconds)

    def _remembered(self, error: BestbeforeError) -> float:
        """For how many seconds: what was said to audit alone is not kept for an admission."""
        if isinstance(error, ImageError) and error.audit_only:
            return 0.0
        return self._tag_ttl if error.reason.durable else limits.PASSING_SECONDS

    def _credentials_of(self, key: ItemKey) -> Credentials:
        if self._askers is None or key.question is None:
            return self._credentials
        return self._askers.of(key.question)

    async def _found_out(self, work: Work, call: Call) -> tuple[KeyResult, float]:
        """Ask the inspector: the answer, and for how many seconds it is to be remembered."""
        key = work.key
        if key.kind is KeyKind.PRESENCE:
            # Never remembered: who asks wants to know what is so now.
            there = await self._inspector.presence(key, call)
            return result.of_answer(key, there, self._clock.monotonic() - work.begun), 0.0
        if key.question is None:
            tag = await self._inspector.resolve(key, call)
            seconds = min(limits.RESOLVED_SECONDS, self._tag_ttl)
            return result.of_answer(key, tag, self._clock.monotonic() - work.begun, stale=call.stale), seconds
        answer = await self._inspector.inspect(key, call)
        found = result.of_answer(key, answer, self._clock.monotonic() - work.begun, stale=call.stale)
        return found, limits.PASSING_SECONDS if call.stale else self._believed(answer)

    def _believed(self, answer: Answer) -> float:
        """For how many seconds more a tag points to what it pointed to when it was last seen."""
        if isinstance(answer, Proofs) and not answer.complete:
            return limits.PASSING_SECONDS
        try:
            age = self._clock.now() - datetime.fromisoformat(answer.observed_at).timestamp()
        except ValueError:
            return limits.PASSING_SECONDS
        return self._tag_ttl - max(0.0, age)

    def _settle(self, work: Work, found: KeyResult, seconds: float) -> None:
        work.result, work.finished_at = found, self._clock.monotonic()
        if seconds > 0:
            self._memory.put(work.key.name, found, seconds)
        for watcher in tuple(work.watchers):
            watcher(work)
        work.watchers.clear()
