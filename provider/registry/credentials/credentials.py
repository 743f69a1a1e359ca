"""Who we are to each registry, whoever knows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from provider.registry.credentials.credential import ANONYMOUS, Credential


class Credentials(Protocol):
    """Knows who we are to each registry."""

    def of(self, registry: str, repository: str) -> Credential:
        """The credential for a repository; `ANONYMOUS` where there is none."""
        ...

    async def prepare(self, registry: str, repository: str) -> None:
        """Find out what `of` cannot know by itself, before it is asked."""
        ...


class SharedCredentials:
    """Credentials that are good at further hosts of their owner.

    Args:
        credentials: by registry.
        owners: the registries whose credentials are good at one.
    """

    def __init__(self, credentials: Credentials, owners: Callable[[str], Sequence[str]]) -> None:
        self._credentials = credentials
        self._owners = owners

    def of(self, registry: str, repository: str) -> Credential:
        """See `Credentials`; a registry's own comes first."""
        own = self._credentials.of(registry, repository)
        if not own.anonymous:
            return own
        others = (self._credentials.of(owner, repository) for owner in self._owners(registry))
        return next((other for other in others if not other.anonymous), own)

    async def prepare(self, registry: str, repository: str) -> None:
        """See `Credentials`."""
        await self._credentials.prepare(registry, repository)
        if self._credentials.of(registry, repository).anonymous:
            for owner in self._owners(registry):
                await self._credentials.prepare(owner, repository)


class NoCredentials:
    """We are nobody everywhere."""

    def of(self, registry: str, repository: str) -> Credential:  # noqa: ARG002 - the same everywhere
        """See `Credentials`."""
        return ANONYMOUS

    async def prepare(self, registry: str, repository: str) -> None:
        """See `Credentials`."""
