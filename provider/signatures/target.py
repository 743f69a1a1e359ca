"""Whose signatures are looked for, and the places in which clients put them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from provider import limits
from provider.questions.proof_question import SignatureSource
from provider.registry import reference
from provider.registry.reference import Reference


@dataclass(frozen=True, slots=True)
class Target:
    """Whose signatures are looked for, and where.

    Attributes:
        image: reference of the image.
        digest: what it points to.
        source: where signatures lie.
        max_age: seconds since when they may have been seen; None for as long as tags are believed.
    """

    image: Reference
    digest: str
    source: SignatureSource
    max_age: float | None = None


def subject(target: Target) -> Reference:
    """What bundles refer to.

    Raises:
        ImageError: `ReferenceInvalid`: the source is no repository.
    """
    place = reference.parse(target.source.oci) if target.source.oci else target.image
    return place.at(target.digest)


def has_tag(target: Target, suffix: str) -> bool:
    """Whether there can be such a tag as `tag` gives: that of a SHA-512 is longer than any registry takes."""
    return len(_tag_name(target, suffix)) <= limits.TAG_CHARACTERS


def tag(target: Target, suffix: str) -> Reference:
    """Where cosign keeps what belongs to a digest.

    Args:
        target: of what, and where.
        suffix: `sig` for signatures, `att` for attestations.

    Raises:
        ImageError: `ReferenceInvalid`: the source is no repository.
    """
    image, source = target.image, target.source
    name = _tag_name(target, suffix)
    if not source.oci:
        return replace(image, tag=name, digest=None, text=f"{image.context}:{name}")
    return reference.parse(f"{source.oci}:{name}")


def _tag_name(target: Target, suffix: str) -> str:
    return f"{target.source.tag_prefix}{target.digest.replace(':', '-')}.{suffix}"
