"""Several credentials for one repository, tried in their order, as the kubelet does with a Pod's pull secrets.

Who is refused with one asks with the next. The first that is taken is used for all further requests of the same call,
and whatever it fetches is filed under it and no other. While the registry is away nobody is refused: then the next ones
are tried as well, for with one of them it may have answered before, and that is good enough for a while.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec, TypeVar, cast

from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.credentials.credential import Credential
from provider.registry.credentials.credentials import Credentials
from provider.registry.reference import Reference

P = ParamSpec("P")
S = TypeVar("S")
V = TypeVar("V")

# What a registry may say to who has no right: many say of a private repository that there is none.
REFUSALS: Final = frozenset({Reason.UNAUTHORIZED, Reason.NOT_FOUND})


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
        """One to ask with after these were refused; None where there is none, or one has been taken before."""

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

        async def once(credential: Credential) -> V:
            attempt = _Attempt(reference.registry, reference.repository, credential, candidates)
            strand = replace(call, credentials=attempt)
            try:
                given: Any = [strand if each is call else each for each in args]
                named: Any = {name: strand if each is call else each for name, each in kwargs.items()}
                return await read(this, reference, *given, **named)
            finally:
                call.join([strand])
                call.paced, call.host = strand.paced, strand.host

        return await _with_each(candidates, reference, call, once)

    return cast("Callable[Concatenate[S, Reference, P], Coroutine[Any, Any, V]]", tried)


async def _with_each(
    credentials: Candidates, reference: Reference, call: Call, once: Callable[[Credential], Coroutine[Any, Any, V]]
) -> V:
    place = reference.registry, reference.repository
    await call.prepare(*place)
    shown = credentials.of(*place)
    refused: list[Credential] = []
    away: ImageError | None = None
    while True:
        refused.append(shown)
        found, error = None, None
        try:
            found = await once(shown)
        except ImageError as refusal:
            if refusal.reason not in REFUSALS and not refusal.away:
                raise
            error = refusal.again()
            away = away or (error if error.away else None)
        if found:
            credentials.taken(*place, shown)
            return found
        another = await credentials.another(*place, refused)
        if another is None:
            if away is not None:
                # It says more than that another was refused.
                raise away
            if error is not None:
                raise error
            return cast("V", found)
        shown = another
