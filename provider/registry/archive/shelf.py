"""One kind of what gets old, as replicas share it."""

from __future__ import annotations

from typing import Protocol, TypeVar

from provider.cache.keys import TagKey


class AnySighting(Protocol):
    """Something that was seen."""

    @property
    def observed_at(self) -> float:
        """When; seconds since 1970."""
        ...

    @property
    def absent(self) -> bool:
        """Whether it was seen that there is nothing."""
        ...


S = TypeVar("S", bound=AnySighting)


class Shelf(Protocol[S]):
    """What was last seen, by key; for one event loop. It raises nothing."""

    async def get(self, key: TagKey) -> S | None:
        """What was last seen."""
        ...

    async def others(self, key: TagKey, since: float) -> S | None:
        """What another replica, which is just looking, sees; None where it is ours to look.

        Args:
            key: what is looked at.
            since: how new that must be, seconds since 1970.
        """
        ...

    def give_back(self, key: TagKey) -> None:
        """A look came to nothing: it is for others to look."""
        ...

    def put(self, key: TagKey, seen: S) -> None:
        """Something was seen."""
        ...

    def drop(self, key: TagKey, observed_at: float) -> None:
        """A registry says that there is no such thing, or that it is not for who asks.

        Args:
            key: what it is not.
            observed_at: when it said so; nothing that was seen before counts any more.
        """
        ...

    def mark(self, key: TagKey, observed_at: float) -> None:
        """A registry says that there is no such thing, which is an answer and is `put` beside this.

        Args:
            key: what it is not.
            observed_at: as for `drop`.
        """
        ...

    def drop_for_all(self, key: TagKey, observed_at: float) -> None:
        """Nothing that anybody has seen of it before counts any more, with whichever credential. See `drop`."""
        ...

    async def dropped_at(self, key: TagKey) -> float:
        """When that was said last, to any replica; seconds since 1970, 0 where nobody knows."""
        ...


class NoShelf(Shelf[S]):
    """Of a process that shares nothing."""

    async def get(self, key: TagKey) -> S | None:  # noqa: ARG002 - as `Shelf` has it
        """See `Shelf`."""
        return None

    async def others(self, key: TagKey, since: float) -> S | None:  # noqa: ARG002 - as above
        """See `Shelf`."""
        return None

    def give_back(self, key: TagKey) -> None:
        """See `Shelf`."""

    def put(self, key: TagKey, seen: S) -> None:
        """See `Shelf`."""

    def drop(self, key: TagKey, observed_at: float) -> None:
        """See `Shelf`."""

    def mark(self, key: TagKey, observed_at: float) -> None:
        """See `Shelf`."""

    def drop_for_all(self, key: TagKey, observed_at: float) -> None:
        """See `Shelf`."""

    async def dropped_at(self, key: TagKey) -> float:  # noqa: ARG002 - as above
        """See `Shelf`."""
        return 0.0
