"""Which signatures an image has.

Two worlds, asked for by the question: cosign's tags `[PREFIX]sha256-HEX.sig`, each layer of which is a signature
(cosign, `specs/SIGNATURE_SPEC.md`), and sigstore bundles that refer to the image (OCI distribution specification,
"Listing Referrers").
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry import reference
from provider.registry.call import Call
from provider.registry.reference import Reference
from provider.signatures import artifact
from provider.signatures.artifact import Layer
from provider.signatures.documents import Documents
from provider.verification import Source

T = TypeVar("T")
U = TypeVar("U")
_UNFIT: Final = frozenset({Reason.NOT_FOUND, Reason.SIGNATURE_REJECTED})


@dataclass(frozen=True)
class LegacySignature:
    """A layer under a `.sig` tag.

    Attributes:
        layer: its descriptor, whose annotations carry the signature.
        payload: what was signed; None when it could not be had.
        problem: why not.
    """

    layer: Layer
    payload: bytes | None
    problem: str = ""

    @property
    def name(self) -> str:
        """Digest of all that is verified of it; the payload is in its descriptor."""
        layer = self.layer
        material = json.dumps(
            [layer.media_type, layer.digest, self.payload is None, dict(layer.annotations)], sort_keys=True
        )
        return hashlib.sha256(material.encode()).hexdigest()


@dataclass(frozen=True)
class Found:
    """The signatures of an image.

    Attributes:
        legacy: under its tag.
        bundles: bundles that refer to it, as they came.
        observed_at: when that was so; seconds since 1970.
    """

    legacy: Sequence[LegacySignature] = ()
    bundles: Sequence[bytes] = field(default=())
    observed_at: float = 0.0


class Discovery:
    """Looks for signatures; may be used by many threads."""

    def __init__(self, documents: Documents, now: Callable[[], float]) -> None:
        self._documents = documents
        self._now = now
        self._pool = ThreadPoolExecutor(limits.SIGNATURE_THREADS, thread_name_prefix="signatures")

    def legacy(self, image: Reference, digest: str, source: Source, call: Call) -> Found:
        """The simple signings of an image.

        Args:
            image: its reference.
            digest: what it points to.
            source: where to look.
            call: the work that this belongs to.

        Raises:
            ImageError: no answer; `SignatureRejected` when there are too many, or the tag holds something else.
        """
        where = _tag(image, digest, source)
        document = self._documents.tagged(where, call)
        if document is None:
            return Found(observed_at=self._now())
        what = f"signatures of {image.name}"
        layers = artifact.read(document.body, what).layers
        if len(layers) > limits.SIGNATURES:
            sentence = f"number of layers ({len(layers)}) exceeded the limit ({limits.SIGNATURES})"
            raise ImageError(Reason.SIGNATURE_REJECTED, sentence)
        signatures = self._side_by_side(layers, lambda layer, strand: self._signature(where, layer, strand), call)
        return Found(legacy=signatures, observed_at=document.observed_at)

    def close(self) -> None:
        """Stop taking work; what goes on ends by its own deadline."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _signature(self, where: Reference, layer: Layer, call: Call) -> LegacySignature:
        try:
            payload = self._documents.blob(where, layer.digest, limits.SIGNATURE_BYTES, call)
        except ImageError as error:
            if error.reason in _UNFIT:
                return LegacySignature(layer, None, error.message)
            raise
        return LegacySignature(layer, payload)

    def _side_by_side(self, things: Sequence[T], work: Callable[[T, Call], U], call: Call) -> tuple[U, ...]:
        """Work on things at the same time, the first in this thread."""
        strands = [call.fork() for _ in things]
        pairs = list(zip(things, strands, strict=True))
        jobs = [self._pool.submit(work, thing, strand) for thing, strand in pairs[1:]]
        done = [work(thing, strand) for thing, strand in pairs[:1]]
        done += [job.result() for job in jobs]
        call.join(strands)
        return tuple(done)


def _tag(image: Reference, digest: str, source: Source) -> Reference:
    """Where the signatures of a digest lie.

    Raises:
        ImageError: `ReferenceInvalid`: the source is no repository.
    """
    tag = f"{source.tag_prefix}{digest.replace(':', '-')}.sig"
    if not source.oci:
        return replace(image, tag=tag, digest=None, text=f"{image.context}:{tag}")
    return reference.parse(f"{source.oci}:{tag}")
