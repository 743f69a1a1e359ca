"""What replicas share of registries: one Protocol, and the archive of a process that shares nothing."""

from __future__ import annotations

from typing import Protocol

from provider.cache.keys import Right
from provider.registry.archive.shelf import NoShelf, Shelf
from provider.registry.client import Content
from provider.registry.sighting import Referrers, TagSighting


class Archive(Protocol):
    """What other replicas, and this one before its restart, have seen; for one event loop. It raises nothing."""

    @property
    def tags(self) -> Shelf[TagSighting]:
        """What tags point to."""
        ...

    @property
    def referrers(self) -> Shelf[Referrers]:
        """What refers to manifests."""
        ...

    async def document(self, digest: str, right: Right) -> Content | None:
        """A document that somebody with this right has read."""
        ...

    async def others_document(self, digest: str, right: Right) -> Content | None:
        """A document that another replica is just fetching; None where it is ours to fetch."""
        ...

    def give_back_document(self, digest: str, right: Right) -> None:
        """A fetch came to nothing: it is for others to fetch."""
        ...

    def put_document(self, document: Content, right: Right) -> None:
        """Somebody with this right has read a document."""
        ...

    def drop_right(self, digest: str, right: Right) -> None:
        """Who asks with this right for a document is to be asked about at its registry again."""
        ...

    async def open(self) -> None:
        """Connect before anybody asks."""
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...


class NoArchive:
    """Of a process that shares nothing; see `Archive`."""

    def __init__(self) -> None:
        self.tags: Shelf[TagSighting] = NoShelf()
        self.referrers: Shelf[Referrers] = NoShelf()

    async def document(self, digest: str, right: Right) -> Content | None:  # noqa: ARG002 - as `Archive` has it
        """See `Archive`."""
        return None

    async def others_document(self, digest: str, right: Right) -> Content | None:  # noqa: ARG002 - as above
        """See `Archive`."""
        return None

    def give_back_document(self, digest: str, right: Right) -> None:
        """See `Archive`."""

    def put_document(self, document: Content, right: Right) -> None:
        """See `Archive`."""

    def drop_right(self, digest: str, right: Right) -> None:
        """See `Archive`."""

    async def open(self) -> None:
        """See `Archive`."""

    async def close(self) -> None:
        """See `Archive`."""
