"""Which attestations an image has: layers under cosign's tag `[PREFIX]sha256-HEX.att`, or bundles that refer to it.

How many there are, and of how many bytes, is judged before any of them is fetched: of layers all at once, of bundles
one by one, because a list of referrers does not say how large they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from provider import limits
from provider.errors import ImageError
from provider.observer import Observer, RemoteList
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.content import artifact
from provider.registry.content.artifact import Artifact
from provider.registry.content.manifest import Descriptor
from provider.registry.sighting import Vacancy
from provider.registry.store import Store
from provider.signatures.discovery import (
    PREDICATE,
    SIGN,
    Listing,
    Target,
    has_tag,
    may_be_bundle,
    passing,
    subject,
    tag,
)
from provider.signatures.formats.attestation import AttestationLayer
from provider.signatures.formats.bundle_format import MEDIA_TYPE_PREFIX
from provider.signatures.rejection import RejectionError
from provider.steps import StepPurpose

_SUFFIX: Final = "att"
_TOO_MANY_BYTES: Final = (
    f"the attestations have more than the {limits.ATTESTATIONS_BYTES} bytes of one image: "
    "take those away that nobody needs"
)
_UNFIT: Final = frozenset({Reason.NOT_FOUND, Reason.SIGNATURE_REJECTED})


class ByteAllowance:
    """How many bytes more may be fetched of one image's attestations."""

    def __init__(self) -> None:
        self._left = limits.ATTESTATIONS_BYTES

    def take(self, size: int) -> None:
        """Use some of it.

        Raises:
            ImageError: there is not so much.
        """
        self._left -= size
        if self._left < 0:
            raise ImageError(Reason.ATTESTATION_REJECTED, _TOO_MANY_BYTES)


class AttestationDiscovery:
    """Looks for attestations; for one event loop."""

    def __init__(self, store: Store, now: Callable[[], float], observer: Observer) -> None:
        self._store = store
        self._now = now
        self._observer = observer

    async def legacy(self, target: Target, call: Call) -> Listing:
        """The attestations of an image.

        Args:
            target: of what, and where.
            call: the work that this belongs to.

        Raises:
            ImageError: no answer; `SignatureRejected` where the tag holds something else; `AttestationRejected` when
                there are too many, or they have too many bytes.
        """
        call.purpose = StepPurpose.SIGNATURE
        what = f"attestations of {target.image.name}"
        if not has_tag(target, _SUFFIX):
            return Listing(target.image, (), self._now())
        where = tag(target, _SUFFIX)
        try:
            with passing():
                sighting = await self._store.discover(where, call, target.max_age)
                if isinstance(sighting, Vacancy):
                    return Listing(where, (), sighting.observed_at)
                layers = artifact.read_layers(sighting.document.body, what)
        except ImageError as error:
            if error.reason is Reason.NOT_FOUND:
                return Listing(where, (), self._now())
            raise
        _bound(len(layers.entries) + len(layers.problems), sum(each.size for each in layers.entries))
        if layers.problems:
            self._observer.entries_passed_over(RemoteList.SIGNATURES, layers.problems)
        problems = [problem.removeprefix(f"{what}: ") for problem in layers.problems]
        return Listing(where, layers.entries, sighting.observed_at, problems)

    async def layer(self, listing: Listing, layer: Descriptor, call: Call) -> AttestationLayer:
        """An attestation with its envelope.

        Raises:
            ImageError: no answer.
        """
        if layer.size > limits.ATTESTATION_BYTES:
            return AttestationLayer(layer, None, _too_large(layer))
        try:
            with passing():
                body = await self._store.blob(listing.where, layer, limits.ATTESTATION_BYTES, call)
        except ImageError as error:
            if error.reason in _UNFIT:
                return AttestationLayer(layer, None, error.message)
            raise
        return AttestationLayer(layer, body)

    async def bundles(self, target: Target, call: Call) -> Listing:
        """What refers to an image and may be an attestation in a bundle.

        Args:
            target: of what, and where; the tag prefix is for the other format.
            call: the work that this belongs to.

        Raises:
            ImageError: no answer; `AttestationRejected` when there are too many.
        """
        call.purpose = StepPurpose.SIGNATURE
        where = subject(target)
        with passing():
            referrers = await self._store.referrers(where, call, target.max_age)
        likely = [one for one in referrers.descriptors if _may_be_attestation(one)]
        _bound(len(likely), 0)
        return Listing(where, likely, referrers.observed_at, referrers.problems)

    async def bundle(
        self, listing: Listing, descriptor: Descriptor, allowance: ByteAllowance, call: Call
    ) -> bytes | None:
        """The bundle behind a descriptor; None when it is something else, or of another image.

        Raises:
            RejectionError: it is called a bundle, and cannot be read, or is too large.
            ImageError: no answer; `AttestationRejected` when they are too large together.
        """
        where = listing.where
        try:
            with passing():
                document = await self._store.manifest(where.at(descriptor.digest), call)
                found = artifact.read(document.body, f"referrer {descriptor.digest}")
                if not _holds_bundle(found, where.identifier):
                    return None
                (layer,) = found.layers
                if layer.size > limits.ATTESTATION_BYTES:
                    raise RejectionError(_too_large(layer), lasting=False)
                allowance.take(layer.size)
                return await self._store.blob(where, layer, limits.ATTESTATION_BYTES, call)
        except ImageError as error:
            if error.reason not in _UNFIT:
                raise
            if not descriptor.artifact_type.startswith(MEDIA_TYPE_PREFIX):
                return None
            self._observer.entries_passed_over(RemoteList.REFERRERS, [error.message])
            raise RejectionError(error.message, lasting=False) from error


def _may_be_attestation(descriptor: Descriptor) -> bool:
    """Whether it is worth opening; most registries give no annotations, and some another type."""
    return may_be_bundle(descriptor) and descriptor.annotations.get(PREDICATE) != SIGN


def _holds_bundle(found: Artifact, digest: str) -> bool:
    one = found.subject == digest and len(found.layers) == 1
    return one and found.layers[0].media_type.startswith(MEDIA_TYPE_PREFIX)


def _bound(count: int, size: int) -> None:
    """Refuse what is too much before it is fetched.

    Raises:
        ImageError: `AttestationRejected`: passing, because somebody may take some of them away.
    """
    if count > limits.ATTESTATIONS:
        sentence = f"number of layers ({count}) exceeded the limit ({limits.ATTESTATIONS})"
        raise ImageError(Reason.ATTESTATION_REJECTED, sentence)
    if size > limits.ATTESTATIONS_BYTES:
        raise ImageError(Reason.ATTESTATION_REJECTED, _TOO_MANY_BYTES)


def _too_large(layer: Descriptor) -> str:
    return f"attestation layer {layer.digest}: {layer.size} bytes, more than {limits.ATTESTATION_BYTES}"
