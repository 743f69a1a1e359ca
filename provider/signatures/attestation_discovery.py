"""Which attestations an image has: the layers under cosign's tag `[PREFIX]sha256-HEX.att`.

How many there are, and of how many bytes, is known from their list, and judged before the first of them is fetched.
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
from provider.registry.content.manifest import Descriptor
from provider.registry.sighting import Vacancy
from provider.registry.store import Store
from provider.signatures.discovery import Listing, Target, has_tag, passing, tag
from provider.signatures.formats.attestation import AttestationLayer
from provider.steps import StepPurpose

_SUFFIX: Final = "att"
_UNFIT: Final = frozenset({Reason.NOT_FOUND, Reason.SIGNATURE_REJECTED})


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


def _bound(count: int, size: int) -> None:
    """Refuse what is too much before it is fetched.

    Raises:
        ImageError: `AttestationRejected`: passing, because somebody may take some of them away.
    """
    if count > limits.ATTESTATIONS:
        sentence = f"number of layers ({count}) exceeded the limit ({limits.ATTESTATIONS})"
        raise ImageError(Reason.ATTESTATION_REJECTED, sentence)
    if size > limits.ATTESTATIONS_BYTES:
        sentence = f"the attestations have {size} bytes, more than the {limits.ATTESTATIONS_BYTES} of one image"
        raise ImageError(Reason.ATTESTATION_REJECTED, f"{sentence}: take those away that nobody needs")


def _too_large(layer: Descriptor) -> str:
    return f"attestation layer {layer.digest}: {layer.size} bytes, more than {limits.ATTESTATION_BYTES}"
