"""One question → facts, or proofs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from provider.errors import ImageError
from provider.foreign_text import shown
from provider.images import facts, pulling
from provider.images.default_authorities import DefaultAuthorities
from provider.images.tree import Tree
from provider.loop import let_go
from provider.observer import Observer
from provider.pace import Pace
from provider.questions.answer import Answer, Facts, Proofs, Signature
from provider.questions.date_source import DateSource
from provider.questions.item_key import ItemKey
from provider.questions.proof_question import Verify
from provider.questions.question import FactQuestion, ProofQuestion
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.presence import PresenceFinding
from provider.registry.reference import Reference
from provider.registry.store import Store

if TYPE_CHECKING:
    from provider.signatures.examination import Examination


class Prover(Protocol):
    """Knows who signed images; for one event loop."""

    async def prove(self, image: Reference, verify: Verify, call: Call, *, explained: bool = True) -> Proofs:
        """What cryptography proves.

        Args:
            image: its reference.
            verify: what has to be proved.
            call: the work that this belongs to.
            explained: whether anybody reads why there is no signature; to find that out takes requests.

        Raises:
            ImageError: nothing is proved, or there is no answer.
        """
        ...

    async def examine(self, image: Reference, verify: Verify, call: Call) -> Examination:
        """How far each signature came.

        Raises:
            ImageError: there is no answer.
        """
        ...

    def close(self) -> None:
        """End the processes that work for it."""
        ...


class ImageInspector:
    """Answers questions about images; for one event loop.

    Args:
        store: has the documents.
        pace: for what takes a while.
        observer: gets a report of how many round trips a question took.
        prover: knows who signed images.
        authorities: whose signatures fact sheets name.
        short_names: whether an image that names no registry is one of Docker Hub's; else it is refused.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - its collaborators
        self,
        store: Store,
        pace: Pace,
        observer: Observer,
        prover: Prover,
        authorities: DefaultAuthorities,
        short_names: bool = True,  # noqa: FBT001, FBT002 - a setting
    ) -> None:
        self._store = store
        self._pace = pace
        self._observer = observer
        self._prover = prover
        self._authorities = authorities
        self._short_names = short_names

    async def inspect(self, key: ItemKey, call: Call) -> Answer:
        """The facts or the proofs that a key asks for.

        Args:
            key: what is asked.
            call: the work that this belongs to; every wait within honours its deadline.

        Raises:
            ImageError: there is no answer, for good or for now.
        """
        self._check_name(key.reference)
        try:
            if isinstance(key.question, ProofQuestion):
                return _marked(await self._prover.prove(key.reference, key.question.verify, call), call)
            if isinstance(key.question, FactQuestion):
                return _marked(await self._facts(key.reference, key.question, call), call)
        except ImageError as error:
            pulling.remark(error, key.question, call.credentials)
            raise
        finally:
            self._observer.round_trips(call.round_trips)
        raise ImageError(Reason.QUESTION_UNSUPPORTED, "the key asks nothing about an image")

    async def examine(self, key: ItemKey, call: Call) -> Examination:
        """How far each signature of an image came in its verification.

        Raises:
            ImageError: there is no answer, for good or for now.
        """
        if not isinstance(key.question, ProofQuestion):
            raise ImageError(Reason.QUESTION_UNSUPPORTED, "the key asks nothing about signatures")
        self._check_name(key.reference)
        return await self._prover.examine(key.reference, key.question.verify, call)

    async def presence(self, key: ItemKey, call: Call) -> PresenceFinding:
        """Whether the digest of an image is still in its registry.

        Raises:
            ImageError: `ReferenceInvalid`: each node completes its name as it is set up.
        """
        self._check_name(key.reference)
        return await self._store.presence(key.reference, call)

    async def resolve(self, key: ItemKey, call: Call) -> str:
        """The image as a Pod's field should name it: as written, with the digest behind; unchanged if it has one.

        Raises:
            ImageError: there is no answer, for good or for now.
        """
        self._check_name(key.reference)
        if key.reference.digest:
            return key.text
        sighting = await self._store.resolve(key.reference, call)
        return f"{key.text}@{sighting.document.digest}"

    async def close(self) -> None:
        """Let go of all connections, and end the processes that work for us."""
        self._prover.close()
        await self._store.close()

    def _check_name(self, image: Reference) -> None:
        """Refuse a name that each node completes as it is set up.

        Raises:
            ImageError: `ReferenceInvalid`.
        """
        if image.short and not self._short_names:
            sentence = f"{shown(image.text)} names no registry, and nodes may mean another one than Docker Hub by that"
            raise ImageError(Reason.REFERENCE_INVALID, f"{sentence}: write the registry, docker.io/ for Docker Hub")

    async def _facts(self, image: Reference, question: FactQuestion, call: Call) -> Facts:
        artifacts = DateSource.ANNOTATION in question.dates
        tree = Tree(self._store, self._pace, config=question.config, artifacts=artifacts)
        with_config, dates = question.config is not False, question.dates
        try:
            sighting = await self._store.resolve(image, call)
        except ImageError as error:
            raise tree.error_of(image, error) from error
        if not (self._authorities and question.plain):
            leaves = await tree.leaves(image, sighting.document, call)
            return facts.of(image, sighting, leaves, tree.gone, with_config=with_config, dates=dates)
        # Who signed it is looked up beside its age.
        strand = call.fork()
        signature = asyncio.ensure_future(self._signature(image.at(sighting.document.digest), strand))
        try:
            leaves = await tree.leaves(image, sighting.document, call)
            found = facts.of(image, sighting, leaves, tree.gone, with_config=with_config, dates=dates)
            return replace(found, signature=await signature)
        finally:
            let_go(signature)
            signature.cancel()
            call.join([strand])

    async def _signature(self, image: Reference, call: Call) -> Signature:
        return await self._authorities.signature(image, call)


def _marked(answer: Answer, call: Call) -> Answer:
    """The answer, which says so where its registry is away."""
    return replace(answer, stale=True) if call.stale else answer


class LazyProver:
    """A prover that is built when it is first asked: who asks for no signatures shall not pay for their libraries.

    Args:
        build: makes it; called in a thread, since the libraries take a while to load.
    """

    def __init__(self, build: Callable[[], Prover]) -> None:
        self._build = build
        self._lock = asyncio.Lock()
        self._one_builds = threading.Lock()
        self._prover: Prover | None = None

    async def prove(self, image: Reference, verify: Verify, call: Call, *, explained: bool = True) -> Proofs:
        """See `Prover`."""
        return await (self._prover or await self._built()).prove(image, verify, call, explained=explained)

    async def examine(self, image: Reference, verify: Verify, call: Call) -> Examination:
        """See `Prover`."""
        return await (self._prover or await self._built()).examine(image, verify, call)

    def close(self) -> None:
        """See `Prover`."""
        if self._prover is not None:
            self._prover.close()

    def build(self) -> Prover:
        """Build it now, so that the first question does not wait for it; any thread may call it."""
        with self._one_builds:
            self._prover = self._prover or self._build()
        return self._prover

    async def _built(self) -> Prover:
        async with self._lock:
            if self._prover is None:
                return await asyncio.to_thread(self.build)
            return self._prover
