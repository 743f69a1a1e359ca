"""Who we are at the registries of a cloud.

A token is kept in memory, and renewed in the background shortly before its end. Where a cloud gave none, questions do
not wait for it again: it is asked in the background, at most every ten seconds, and meanwhile we are nobody there, so
that public images are read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from provider import limits
from provider.cache.memory import Memory
from provider.clock import Clock
from provider.observer import Observer
from provider.registry.clouds import places
from provider.registry.clouds.cloud import Cloud, CloudError, CloudToken
from provider.registry.clouds.places import CloudName, CloudPlace
from provider.registry.clouds.threads import CloudThreads
from provider.registry.credentials.credential import Credential
from provider.registry.credentials.credentials import Credentials
from provider.registry.settings import RegistrySettings

_LATE: Final = f"it did not come within {limits.CLOUD_SECONDS:g} seconds"


class CloudLibrary(Protocol):
    """A cloud's library; blocks."""

    def token(self, place: CloudPlace) -> CloudToken:
        """See `Cloud`."""
        ...


class LibraryCloud:
    """A cloud whose library does all of it; for one event loop."""

    def __init__(self, name: CloudName, library: CloudLibrary, threads: CloudThreads) -> None:
        self.name = name
        self._library = library
        self._threads = threads

    async def token(self, place: CloudPlace) -> CloudToken:
        """See `Cloud`."""
        return await self._threads.run(self.name, partial(self._library.token, place))


@dataclass(frozen=True, slots=True)
class _CloudState:
    """Who we are at a place, and when to ask again; monotonic seconds."""

    credential: Credential
    again_at: float


class CloudCredentials:
    """Credentials of which some are a cloud's; for one event loop.

    Args:
        own: those that somebody wrote down, which come first.
        clouds: that are switched on.
        settings: a registry that is reached without TLS is shown no token.
        clock: for how long tokens are good.
        observer: gets reports of clouds that give nothing.
    """

    def __init__(
        self, own: Credentials, clouds: Sequence[Cloud], settings: RegistrySettings, clock: Clock, observer: Observer
    ) -> None:
        self._own = own
        self._clouds: Mapping[CloudName, Cloud] = {cloud.name: cloud for cloud in clouds}
        self._settings = settings
        self._clock = clock
        self._observer = observer
        self._kept: Memory[CloudPlace, _CloudState] = Memory(clock, limits.CLOUD_PLACES)
        # Apart from what is kept: a stranger who names registries that give nothing drives no token out.
        self._failures: Memory[CloudPlace, _CloudState] = Memory(clock, limits.CLOUD_PLACES)
        self._asked: dict[CloudPlace, asyncio.Task[None]] = {}
        self._works_until: dict[CloudName, float] = {}
        self._problems: dict[CloudName, str] = {}

    def of(self, registry: str, repository: str) -> Credential:
        """See `Credentials`; until it was prepared, nobody."""
        own = self._own.of(registry, repository)
        place = self._place(registry) if own.anonymous else None
        found = None if place is None else self._kept.get(place) or self._failures.get(place)
        return own if found is None else found.credential

    async def prepare(self, registry: str, repository: str) -> None:
        """Ask the cloud, where one is switched on and the registry is its own."""
        await self._own.prepare(registry, repository)
        place = self._place(registry) if self._own.of(registry, repository).anonymous else None
        if place is None:
            return
        known = [found for found in (self._kept.get(place), self._failures.get(place)) if found is not None]
        if any(self._clock.monotonic() < found.again_at for found in known):
            return
        task = self._asked.get(place) or self._begun(place)
        if not known:
            # Whoever asks may be given up; the token comes for the next one.
            await asyncio.shield(task)

    def _place(self, registry: str) -> CloudPlace | None:
        place = places.find(registry)
        if place is None or place.cloud not in self._clouds or not self._settings.origin(registry).secure:
            return None
        return place

    def _begun(self, place: CloudPlace) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(self._ask(place))
        self._asked[place] = task
        task.add_done_callback(lambda _: self._asked.pop(place, None))
        return task

    async def _ask(self, place: CloudPlace) -> None:
        cloud = self._clouds[place.cloud]
        try:
            async with asyncio.timeout(limits.CLOUD_SECONDS):
                token = await cloud.token(place)
        except TimeoutError:
            self._failed(place, _LATE)
        except CloudError as error:
            self._failed(place, str(error))
        else:
            self._came(place, token)

    def _came(self, place: CloudPlace, token: CloudToken) -> None:
        given = min(token.ends_at - self._clock.now(), limits.CLOUD_TOKEN_SECONDS)
        seconds = given - limits.CLOUD_MARGIN_SECONDS
        if seconds <= 0:
            self._failed(place, "what it gave is at its end already: is the clock of this machine right?")
            return
        ends = self._clock.monotonic() + seconds
        ahead = min(limits.CLOUD_RENEWAL_SECONDS, seconds / 4)
        self._kept.put(place, _CloudState(token.credential, ends - ahead), seconds)
        self._failures.discard(place)
        self._works_until[place.cloud] = max(ends, self._works_until.get(place.cloud, 0.0))
        self._report(place.cloud, "")

    def _failed(self, place: CloudPlace, why: str) -> None:
        now = self._clock.monotonic()
        nobody = Credential(absence=f"`cloud_credentials` {place.cloud} gave none: {why}")
        self._failures.put(place, _CloudState(nobody, now + limits.CLOUD_FAILED_SECONDS), limits.CLOUD_FAILING_SECONDS)
        # Anybody may name a registry that gives us nothing: of a cloud that gives us something it is no fault.
        if now >= self._works_until.get(place.cloud, 0.0):
            self._report(place.cloud, why)

    def _report(self, cloud: CloudName, problem: str) -> None:
        if self._problems.get(cloud) != problem:
            self._problems[cloud] = problem
            self._observer.cloud_asked(cloud.value, problem and f"cloud_credentials {cloud}: {problem}")
