"""What was seen of what gets old: what a reference points to, what refers to a manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provider.registry.client import Content
from provider.registry.content.manifest import Descriptor


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a reference was seen to point to.

    Attributes:
        document: the manifest or index, as it came.
        observed_at: when that was last seen, or now for a digest; seconds since 1970.
    """

    document: Content
    observed_at: float


@dataclass(frozen=True, slots=True)
class TagSighting:
    """What a tag was seen to point to.

    Attributes:
        digest: of the manifest or index; empty where there was nothing.
        observed_at: when that was last seen; seconds since 1970.
    """

    digest: str
    observed_at: float

    @property
    def absent(self) -> bool:
        """Whether the registry said that there is nothing under this tag."""
        return not self.digest


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A registry was seen to have nothing under a tag; as an answer it is false.

    Attributes:
        observed_at: when it was so; seconds since 1970.
    """

    observed_at: float

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Referrers:
    """What refers to a manifest; false where nothing does.

    Attributes:
        descriptors: in the order of the registry.
        observed_at: when it was so; seconds since 1970.
        problems: of the entries that cannot be read and are passed over; a sentence each.
    """

    descriptors: Sequence[Descriptor]
    observed_at: float
    problems: Sequence[str] = ()

    @property
    def count(self) -> int:
        """How many there are, readable or not."""
        return len(self.descriptors) + len(self.problems)

    @property
    def absent(self) -> bool:
        """Whether the registry said that nothing refers to it."""
        return not self.count

    def __bool__(self) -> bool:
        return not self.absent
