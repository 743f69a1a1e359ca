"""Why no signature was found: where was looked, and what the image has instead.

The most frequent case in the field: cosign 3 makes bundles, and the policy reads legacy signatures. What is said here
is made of a closed list of sentences and of digests; nothing that a registry wrote stands in it.

It costs requests, but only where there is no signature: one request after the look, side by side with another. A person
who runs a command is shown more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, TypeVar

from provider import limits
from provider.errors import ImageError
from provider.loop import gathered
from provider.questions.proof_question import Format
from provider.registry.call import Call
from provider.registry.content.manifest import Descriptor, Index
from provider.registry.memory.documents import parsed
from provider.registry.reference import Reference
from provider.registry.store import Store
from provider.signatures.formats.bundle_format import MEDIA_TYPE_PREFIX
from provider.signatures.proof_kind import COSIGN_ATTESTATION, COSIGN_SIGNATURE, IN_TOTO, PREDICATE, SIGN
from provider.signatures.target import Target, has_tag, subject, tag

T = TypeVar("T")


class Alternative(StrEnum):
    """What an image may have instead of the signature that is looked for."""

    BUNDLE = "a bundle"
    LEGACY = "a legacy signature"
    LEGACY_REFERRER = "a legacy signature among the referrers"
    ATTESTATION = "an attestation"
    PLATFORM = "a signature of one platform"
    NOTATION = "a Notation signature"


_NOTATION: Final = "application/vnd.cncf.notary.signature"
_BY_TYPE: Final = {
    _NOTATION: Alternative.NOTATION,
    COSIGN_SIGNATURE: Alternative.LEGACY_REFERRER,
    COSIGN_ATTESTATION: Alternative.ATTESTATION,
    IN_TOTO: Alternative.ATTESTATION,
}
# The algorithm and 12 digits.
_DIGEST_SHOWN: Final = len("sha256:") + 12
_KINDS: Final = {
    Format.LEGACY: "legacy signature",
    Format.BUNDLE: "bundle with a signature",
    Format.ANY: "signature in either format",
}
_ADVICE: Final = {
    Alternative.BUNDLE: "with `signatureFormat: bundle` a policy reads bundles",
    Alternative.LEGACY: "without `signatureFormat` a policy reads legacy signatures",
    Alternative.LEGACY_REFERRER: "without `signatureFormat` a policy reads legacy signatures",
    Alternative.ATTESTATION: "an attestation is no signature",
    Alternative.PLATFORM: "sign the index, or name the platform's digest",
    Alternative.NOTATION: "Notation signatures are not read",
}


@dataclass(frozen=True)
class Look:
    """A look for signatures that found none.

    Attributes:
        target: of what, and where.
        form: what was looked for.
        referrers: what refers to the image, where that was asked; None where it was not.
        others: bundles that turned out to be no signatures.
        unreadable: entries of the list of referrers that cannot be read.
    """

    target: Target
    form: Format
    referrers: Sequence[Descriptor] | None = None
    others: int = 0
    unreadable: int = 0


class Absence:
    """Finds out why there is no signature; for one event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def sentence(self, look: Look, call: Call, *, thorough: bool = False) -> str:
        """What was looked for, what there is instead, where was looked, and what to do.

        Args:
            look: that found nothing.
            call: the work that this belongs to.
            thorough: whether a person waits, who is shown more: the platforms of an index are looked at, too.
        """
        found = set(_among(look.referrers or ())) | ({Alternative.ATTESTATION} if look.others else set())
        if not call.stale:
            # Of a registry that is away nothing more is to be had, and the wait is short.
            found |= await self._elsewhere(look, call, thorough=thorough)
        return _sentence(look, [one for one in Alternative if one in found])

    async def _elsewhere(self, look: Look, call: Call, *, thorough: bool) -> set[Alternative]:
        """What further requests show, side by side; whatever they do not show in time is not said."""
        works = [self._tagged(look.target, "att", Alternative.ATTESTATION, call.fork())]
        if look.referrers is None:
            works.append(self._referrers(look.target, call.fork()))
        if look.form is Format.BUNDLE:
            works.append(self._tagged(look.target, "sig", Alternative.LEGACY, call.fork()))
        if thorough:
            works.append(self._platforms(look.target, call.fork()))
        try:
            async with asyncio.timeout(limits.ABSENCE_SECONDS):
                found = await gathered(works)
        except TimeoutError:
            return set()
        return set().union(*found)

    async def _referrers(self, target: Target, call: Call) -> set[Alternative]:
        async def look() -> set[Alternative]:
            # As it is now: what was seen a while ago may lack the signature that somebody has just made.
            listed = await self._store.referrers(subject(target), call, 0.0)
            return set(_among(listed.descriptors))

        return await _unless_failed(look)

    async def _tagged(self, target: Target, suffix: str, meaning: Alternative, call: Call) -> set[Alternative]:
        async def look() -> set[Alternative]:
            if not has_tag(target, suffix):
                return set()
            # With a tag in the policy's `source` there is no such place, though bundles have one.
            where = tag(target, suffix)
            return {meaning} if await self._store.exists(where, call) else set()

        return await _unless_failed(look)

    async def _platforms(self, target: Target, call: Call) -> set[Alternative]:
        """Whether one of the first platforms of an index is signed by itself."""

        async def look() -> set[Alternative]:
            document = await self._store.manifest(target.image.at(target.digest), call)
            found = parsed(document, f"manifest of {target.image.name}")
            children = found.manifests[: limits.ABSENCE_PLATFORMS] if isinstance(found, Index) else ()
            tags = [tag(replace(target, digest=child.digest), "sig") for child in children]
            signed = await gathered(self._exists(each, call.fork()) for each in tags)
            return {Alternative.PLATFORM} if any(signed) else set()

        return await _unless_failed(look)

    async def _exists(self, where: Reference, call: Call) -> bool:
        try:
            return await self._store.exists(where, call)
        except ImageError:
            return False


async def _unless_failed(look: Callable[[], Coroutine[Any, Any, set[T]]]) -> set[T]:
    """What is not found out is not said."""
    try:
        return await look()
    except ImageError:
        return set()


def _among(referrers: Iterable[Descriptor]) -> Iterable[Alternative]:
    for one in referrers:
        if one.artifact_type.startswith(MEDIA_TYPE_PREFIX) or PREDICATE in one.annotations:
            predicate = one.annotations.get(PREDICATE, SIGN)
            yield Alternative.BUNDLE if predicate == SIGN else Alternative.ATTESTATION
        elif one.artifact_type in _BY_TYPE:
            yield _BY_TYPE[one.artifact_type]


def _sentence(look: Look, found: Sequence[Alternative]) -> str:
    """The sentence: first what there is not and what there is, because messages may be cut."""
    instead = [one for one in found if not _looked_for(look.form, one)]
    first = f"no {_KINDS[look.form]}" + (f", but {' and '.join(instead)}" if instead else "")
    unreadable = [f"{look.unreadable} entries of the referrers cannot be read"] if look.unreadable else []
    return "; ".join([first, f"looked {_places(look)}", *unreadable, *dict.fromkeys(_ADVICE[one] for one in instead)])


def _looked_for(form: Format, one: Alternative) -> bool:
    """Whether it was looked at and taken for none, so that it is no news: a signature of another image."""
    if one is Alternative.LEGACY_REFERRER:
        return form is not Format.BUNDLE
    return one is Alternative.BUNDLE and form is not Format.LEGACY


def _places(look: Look) -> str:
    places = []
    if look.form is not Format.BUNDLE:
        name = tag(look.target, "sig").tag or ""
        places.append(f"under the tag {name.replace(look.target.digest[_DIGEST_SHOWN:], '…')}")
    places.append("among the referrers")
    where = f" of {look.target.source.oci}" if look.target.source.oci else ""
    return " and ".join(places) + where
