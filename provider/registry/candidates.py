"""Several credentials for one repository, tried in their order, as the kubelet does with a Pod's pull secrets.

Who is refused with one asks with the next; who is kept waiting with one asks with the next beside it. The first that
is taken is used for all further requests of the same call, and whatever it fetches is filed under it and no other.
While the registry is away nobody is refused: then the next ones are tried as well, for with one of them it may have
answered before, and that is good enough for a while.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, Final, Generic, ParamSpec, TypeVar, cast

from provider import limits
from provider.errors import ImageError
from provider.loop import let_go
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.credentials.credential import Credential
from provider.registry.credentials.credentials import Credentials
from provider.registry.reference import Reference

P = ParamSpec("P")
S = TypeVar("S")
V = TypeVar("V")

# How often within its share it is looked whether one gets answers.
_LOOKS: Final = 4
# What a registry may say to who has no right: many say of a private repository that there is none.
REFUSALS: Final = frozenset({Reason.UNAUTHORIZED, Reason.NOT_FOUND})
# After these the next one may fit: who has not paid is refused, too.
_OF_ONE: Final = REFUSALS | {Reason.PULL_REFUSED}


class Candidates(ABC):
    """Credentials of which several may fit; those of one call."""

    @abstractmethod
    def of(self, registry: str, repository: str) -> Credential:
        """The one to ask with first; see `Credentials`."""

    @abstractmethod
    async def prepare(self, registry: str, repository: str) -> None:
        """See `Credentials`."""

    @abstractmethod
    async def another(self, registry: str, repository: str, refused: Collection[Credential]) -> Credential | None:
        """One to ask with after these were refused, where one has been taken that alone; None where there is none."""

    @abstractmethod
    def remaining(self, registry: str, repository: str, shown: Collection[Credential]) -> int:
        """How many there are beside these, as far as is known without reading anything; see `another`."""

    @abstractmethod
    def taken(self, registry: str, repository: str, credential: Credential) -> None:
        """This one was good enough: all further requests ask with it."""

    @abstractmethod
    def instead(self, pull_secrets: Sequence[str]) -> Credentials:
        """Those of other pull secrets of the same namespace."""

    @property
    @abstractmethod
    def remarks(self) -> Sequence[str]:
        """What people should know where none was good enough: which were tried, which could not be, and why."""


class _Attempt:
    """Who asks while one document is read: nobody else until it is filed under whoever fetched it.

    Args:
        registry: where the document lies, whoever mirrors it.
        repository: in which it lies there.
        credential: shown there, and nowhere else.
        others: who we are to other hosts.
    """

    def __init__(self, registry: str, repository: str, credential: Credential, others: Credentials) -> None:
        self._others = others
        self._known = {(registry, repository): credential}

    def of(self, registry: str, repository: str) -> Credential:
        place = registry, repository
        if place not in self._known:
            self._known[place] = self._others.of(*place)
        return self._known[place]

    async def prepare(self, registry: str, repository: str) -> None:
        if (registry, repository) not in self._known:
            await self._others.prepare(registry, repository)


def instead(call: Call, pull_secrets: Sequence[str]) -> Call:
    """The strand of a call that reads what other pull secrets are for; the call itself where none are named."""
    if not pull_secrets or not isinstance(call.credentials, Candidates):
        return call
    return replace(call, credentials=call.credentials.instead(pull_secrets))


def by_any(
    read: Callable[Concatenate[S, Reference, P], Coroutine[Any, Any, V]],
) -> Callable[Concatenate[S, Reference, P], Coroutine[Any, Any, V]]:
    """A way to read what a reference names, with each of the call's credentials in turn until one is not refused.

    Nothing found (None, False) is a refusal too, as long as none was taken: it may be hidden from who has no right.
    """

    @wraps(read)
    async def tried(this: S, reference: Reference, *args: P.args, **kwargs: P.kwargs) -> V:
        call = next(each for each in (*args, *kwargs.values()) if isinstance(each, Call))
        if not isinstance(call.credentials, Candidates):
            return await read(this, reference, *args, **kwargs)

        candidates = call.credentials

        def once(credential: Credential) -> _Trial[V]:
            attempt = _Attempt(reference.registry, reference.repository, credential, candidates)
            strand = replace(call, credentials=attempt)
            given: Any = [strand if each is call else each for each in args]
            named: Any = {name: strand if each is call else each for name, each in kwargs.items()}
            return _Trial(credential, strand, read(this, reference, *given, **named))

        await call.prepare(reference.registry, reference.repository)
        trials = _Trials(candidates, reference, call, once)
        try:
            return await trials.outcome()
        finally:
            trials.end()

    return cast("Callable[Concatenate[S, Reference, P], Coroutine[Any, Any, V]]", tried)


class _Trial(Generic[V]):
    """Reading with one credential, under way.

    Attributes:
        credential: who asks.
        strand: the work.
        task: what it gives.
    """

    def __init__(self, credential: Credential, strand: Call, work: Coroutine[Any, Any, V]) -> None:
        self.credential = credential
        self.strand = strand
        self.task = asyncio.ensure_future(work)
        # Nobody may be waiting for it any more when it fails.
        let_go(self.task)

    @property
    def error(self) -> ImageError | None:
        """Why it gave nothing, once it is done.

        Raises:
            ImageError: it says more than that this one is refused, or that a registry is away.
        """
        error = self.task.exception()
        if isinstance(error, ImageError) and (error.reason in _OF_ONE or error.away):
            return error.again()
        if error is not None:
            raise error
        return None

    @property
    def good(self) -> bool:
        """Whether it is done, and gave something."""
        return self.task.done() and self.error is None and bool(self.task.result())


class _Trials(Generic[V]):
    """Reading with each credential in turn, and with the next one beside it when one gets no answer within its share.

    So a registry or a token service that is silent to one of them, or lets it wait as a punishment, takes no turn from
    the others; and one that is only slow is not given up.
    """

    def __init__(
        self, candidates: Candidates, reference: Reference, call: Call, begin: Callable[[Credential], _Trial[V]]
    ) -> None:
        self._candidates = candidates
        self._place = reference.registry, reference.repository
        self._call = call
        self._begin = begin
        self._all: list[_Trial[V]] = []

    async def outcome(self) -> V:
        """What the first that is good enough reads; else what became of the last one, or that a registry is away."""
        shown: Credential | None = self._candidates.of(*self._place)
        while shown is not None:
            self._call.join(trial.strand for trial in self._all if trial.task.done())
            self._all.append(self._begin(shown))
            if (good := await self._waited()) is not None:
                self._candidates.taken(*self._place, good.credential)
                self._call.paced, self._call.host = good.strand.paced, good.strand.host
                return good.task.result()
            shown = await self._candidates.another(*self._place, self._shown)
        return self._nothing()

    def end(self) -> None:
        """Give up what is still under way."""
        for trial in self._all:
            trial.task.cancel()
        self._call.join(trial.strand for trial in self._all)

    @property
    def _shown(self) -> list[Credential]:
        return [trial.credential for trial in self._all]

    async def _waited(self) -> _Trial[V] | None:
        """The first that is good enough; None when it is another one's turn, or none is left."""
        more = self._candidates.remaining(*self._place, self._shown)
        share = max(limits.CANDIDATES_SECONDS / (more + 1), limits.CANDIDATE_SECONDS)
        newest, clock = self._all[-1], self._call.deadline.clock
        trips, since = newest.strand.round_trips, clock.monotonic()
        while True:
            if (good := next((trial for trial in self._all if trial.good), None)) is not None:
                return good
            going = [trial.task for trial in self._all if not trial.task.done()]
            if not going or (more and newest.task.done()):
                return None
            await asyncio.wait(going, timeout=share / _LOOKS if more else None, return_when=asyncio.FIRST_COMPLETED)
            # Each request that follows another one says that this was answered.
            if newest.strand.round_trips > trips:
                trips, since = newest.strand.round_trips, clock.monotonic()
            elif more and not newest.task.done() and clock.monotonic() - since >= share:
                return None

    def _nothing(self) -> V:
        """What is said where none was good enough: that a registry is away, or why it gives nothing, says the most.

        Raises:
            ImageError: that.
        """
        errors = [trial.error for trial in self._all]
        said = [error for error in errors if error is not None]
        telling = [error for error in said if error.away] + [one for one in said if one.reason is Reason.PULL_REFUSED]
        error = next(iter(telling), errors[-1])
        if error is not None:
            raise error
        return self._all[-1].task.result()
