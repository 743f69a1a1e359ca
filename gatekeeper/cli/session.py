"""Questions of one command, asked on an event loop of its own; imported when the first of them comes."""

from __future__ import annotations

import atexit
import logging
import os
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final, TypeVar

from provider import limits
from provider.clock import Clock, Deadline
from provider.loop import EventLoop
from provider.questions import item_key
from provider.questions.answer import Answer
from provider.questions.item_key import ItemKey
from provider.questions.proof_question import SignatureSource
from provider.questions.question import FactQuestion, ProofQuestion, Question
from provider.registry.call import Call
from provider.registry.turns.claim import Claim
from provider.steps import StepRecorder

if TYPE_CHECKING:
    from provider.images.assembly import Assembly
    from provider.images.stated_dates import StatedDates
    from provider.observer import Observer
    from provider.registry.reference import Reference
    from provider.registry.store import Store
    from provider.registry.tag_pages import TagList
    from provider.signatures.attestation_list import AttestationList
    from provider.signatures.examination import Examination

_Reading = TypeVar("_Reading")

_LOG: Final = logging.getLogger(__name__)
_FAILED: Final = 70
# A person waits longer than a webhook does.
WAIT_SECONDS: Final = 30.0


class Session:
    """Asks registries, and remembers what they said; may be used by many threads.

    Args:
        assembly: what knows images.
        clock: for how long a question may take.
    """

    def __init__(self, assembly: Assembly, clock: Clock) -> None:
        self._assembly = assembly
        self._clock = clock
        self._loop = EventLoop(clock, _LoopReports())
        self._loop.start()
        atexit.register(self.close)

    def inspect(self, asked: Question, recorder: StepRecorder | None = None) -> Answer:
        """See `ImageInspector.inspect`.

        Args:
            asked: the question.
            recorder: gets the steps of the answer; None where nobody wants to know them.
        """
        key = item_key.of(asked)
        return self._loop.run(self._assembly.inspector.inspect(key, self._call(key, recorder)))

    def examine(self, asked: ProofQuestion) -> Examination:
        """See `ImageInspector.examine`."""
        key = item_key.of(asked)
        return self._loop.run(self._assembly.inspector.examine(key, self._call(key)))

    def attestations(self, image: str) -> AttestationList:
        """See `attestations_of`.

        Raises:
            BestbeforeError: the reference cannot be read, or there is no answer.
        """
        # Imported here: other questions shall not pay for it.
        from provider.signatures.attestation_list import attestations_of  # noqa: PLC0415

        return self._read(attestations_of, image)

    def stated_dates(self, image: str) -> StatedDates:
        """See `provider.images.stated_dates`.

        Raises:
            BestbeforeError: the reference cannot be read, or there is no answer.
        """
        # Imported here: other questions shall not pay for it.
        from provider.images.stated_dates import stated_dates  # noqa: PLC0415

        return self._read(stated_dates, image)

    def tags(self, repository: str) -> TagList:
        """See `Store.listed_tags`.

        Args:
            repository: a reference to any image of it.

        Raises:
            BestbeforeError: the reference cannot be read, or there is no answer.
        """
        key = item_key.of(FactQuestion(repository))
        return self._loop.run(self._assembly.store.listed_tags(key.reference, self._call(key)))

    def enter(self) -> None:
        """Connect to what replicas share, before the first question."""
        self._loop.run(self._assembly.store.enter())

    def forget(self, asked: FactQuestion) -> None:
        """Have forgotten what is known of an image and its signatures, here and by all replicas; see `Store.forget`."""
        self._loop.run(self._forget(item_key.of(asked)))

    async def _forget(self, key: ItemKey) -> None:
        # Imported here: other questions shall not pay for it.
        from provider.signatures.target import Target, has_tag, tag  # noqa: PLC0415

        store, call = self._assembly.store, self._call(key)
        digest = await store.forget(key.reference, call)
        target = Target(key.reference, digest, SignatureSource())
        for suffix in ("sig", "att"):
            if digest and has_tag(target, suffix):
                await store.forget(tag(target, suffix), call)

    def close(self) -> None:
        """Let go of all connections."""
        self._loop.run(self._assembly.inspector.close())
        self._loop.stop()
        atexit.unregister(self.close)

    def _read(
        self,
        reader: Callable[[Reference, Store, Callable[[], float], Observer, Call], Coroutine[Any, Any, _Reading]],
        image: str,
    ) -> _Reading:
        """What a reader of the store's documents finds about an image."""
        from provider.observer import NullObserver  # noqa: PLC0415 - other questions shall not pay for it

        key = item_key.of(FactQuestion(image))
        return self._loop.run(
            reader(key.reference, self._assembly.store, self._clock.now, NullObserver(), self._call(key))
        )

    def _call(self, key: ItemKey, recorder: StepRecorder | None = None) -> Call:
        deadline = Deadline.after(self._clock, WAIT_SECONDS)
        patience = limits.PERSON_PATIENCE_SECONDS
        return Call(deadline, Claim(self), self._assembly.credentials, key.ref, patience=patience, recorder=recorder)


class _LoopReports:
    """Of the event loop a person wants to know nothing but that something failed."""

    def loop_lagged(self, seconds: float) -> None:
        """See `LoopObserver`."""

    def loop_failed(self, message: str, error: BaseException | None) -> None:
        """See `LoopObserver`."""
        _LOG.error("%s", message, exc_info=error)

    def loop_ended(self, error: BaseException | None) -> None:
        """See `LoopObserver`: whoever waits for an answer would wait for ever."""
        _LOG.critical("the event loop has ended", exc_info=error)
        os._exit(_FAILED)
