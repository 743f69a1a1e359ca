"""What is listed beside an image, and how much of it is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from provider import limits
from provider.errors import ImageError
from provider.registry.content.manifest import Descriptor
from provider.registry.reference import Reference
from provider.signatures.proof_kind import ProofKind


@dataclass(frozen=True, slots=True)
class Listing:
    """What may be signatures, or attestations, of an image.

    Attributes:
        where: the repository that they lie in.
        entries: layers: legacy ones, or bundles.
        observed_at: when that was so; seconds since 1970.
        problems: of the entries that cannot be read, or that there is no room for; a sentence each.
        failures: of the entries that could not be had.
        others: how many referrers hold something else.
    """

    where: Reference
    entries: Sequence[Descriptor]
    observed_at: float
    problems: Sequence[str] = ()
    failures: Sequence[ImageError] = ()
    others: int = 0

    @property
    def count(self) -> int:
        """How many it is that may be one, whatever could be made of them."""
        return len(self.entries) + len(self.problems) + len(self.failures)


@dataclass(frozen=True, slots=True)
class ReferrerList:
    """What refers to an image.

    Attributes:
        where: the image, in the repository that signatures lie in.
        descriptors: all that can be read.
        observed_at: when that was so; seconds since 1970.
        problems: of the others; a sentence each.
    """

    where: Reference
    descriptors: Sequence[Descriptor]
    observed_at: float
    problems: Sequence[str] = ()


def bounded(found: Listing, kind: ProofKind) -> Listing:
    """What is looked at: not too many, and no more bytes than there is room for, the smallest first.

    So nobody can hide a good one behind large ones of his own. Those beyond the bytes are problems.

    Raises:
        ImageError: the kind's reason: there are too many.
    """
    refuse_too_many(kind, "layers", len(found.entries), kind.most)
    # Those that cannot be read cost nothing more: as many as of referrers may be passed over.
    refuse_too_many(kind, "layers", len(found.entries) + len(found.problems), limits.REFERRERS)
    if kind.all_bytes is None:
        return found
    kept, left = set(), kind.all_bytes
    for place, entry in sorted(enumerate(found.entries), key=lambda each: each[1].size):
        left -= entry.size
        if left >= 0:
            kept.add(place)
    beyond = [
        f"{kind.one} layer {entry.digest} is beyond the {kind.all_bytes} bytes of one image that are "
        "looked at: take those away that nobody needs"
        for place, entry in enumerate(found.entries)
        if place not in kept
    ]
    entries = [entry for place, entry in enumerate(found.entries) if place in kept]
    return replace(found, entries=entries, problems=[*found.problems, *beyond])


def refuse_too_many(kind: ProofKind, what: str, count: int, most: int) -> None:
    """Refuse more than are looked at; none of them is dropped in silence.

    Raises:
        ImageError: the kind's reason.
    """
    if count > most:
        raise ImageError(kind.reason, f"number of {what} ({count}) exceeded the limit ({most})")
