"""Which signatures an image has.

Two worlds, asked for by the question: cosign's tags `[PREFIX]sha256-HEX.sig`, each layer of which is a signature
(cosign, `specs/SIGNATURE_SPEC.md`), and sigstore bundles that refer to the image (OCI distribution specification,
"Listing Referrers").
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from provider import limits
from provider.errors import ImageError
from provider.questions.proof_question import Source
from provider.reasons import Reason
from provider.registry import reference
from provider.registry.call import Call
from provider.registry.reference import Reference
from provider.signatures import artifact
from provider.signatures.artifact import Artifact, Descriptor, Layer
from provider.signatures.documents import Documents, sha256
from provider.signatures.formats.bundle_format import MEDIA_TYPE_PREFIX

T = TypeVar("T")
U = TypeVar("U")
_EMPTY: Final = "application/vnd.oci.empty.v1+json"
_PREDICATE: Final = "dev.sigstore.bundle.predicateType"
SIGN: Final = "https://sigstore.dev/cosign/sign/v1"
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
class Wanted:
    """Whose signatures are looked for, and where.

    Attributes:
        image: reference of the image.
        digest: what it points to.
        source: where signatures lie.
        max_age: seconds since when they may have been seen; None for as long as tags are believed.
    """

    image: Reference
    digest: str
    source: Source
    max_age: float | None = None


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
        self._idle = threading.Semaphore(limits.SIGNATURE_THREADS)

    def legacy(self, wanted: Wanted, call: Call) -> Found:
        """The simple signings of an image.

        Args:
            wanted: of what, and where.
            call: the work that this belongs to.

        Raises:
            ImageError: no answer; `SignatureRejected` when there are too many, or the tag holds something else.
        """
        where = _tag(wanted)
        document = self._documents.tagged(where, call, wanted.max_age)
        if document is None:
            return Found(observed_at=self._now())
        what = f"signatures of {wanted.image.name}"
        layers = artifact.read(document.body, what).layers
        if len(layers) > limits.SIGNATURES:
            sentence = f"number of layers ({len(layers)}) exceeded the limit ({limits.SIGNATURES})"
            raise ImageError(Reason.SIGNATURE_REJECTED, sentence)
        usual = _usual_payload(wanted)
        signatures = self._side_by_side(
            layers, lambda layer, strand: self._signature(where, layer, usual, strand), call
        )
        return Found(legacy=signatures, observed_at=document.observed_at)

    def bundles(self, wanted: Wanted, call: Call) -> Found:
        """The bundles that refer to an image and may be signatures.

        Args:
            wanted: of what, and where; the tag prefix is for the other format.
            call: the work that this belongs to.

        Raises:
            ImageError: no answer; `SignatureRejected` when there are too many.
        """
        place = reference.parse(wanted.source.oci) if wanted.source.oci else wanted.image
        where = place.at(wanted.digest)
        referrers = self._documents.referrers(where, call, wanted.max_age)
        if referrers is None:
            return Found(observed_at=self._now())
        likely = [one for one in referrers.descriptors if _may_be_signature(one)]
        if len(likely) > limits.SIGNATURES:
            sentence = f"number of bundles ({len(likely)}) exceeded the limit ({limits.SIGNATURES})"
            raise ImageError(Reason.SIGNATURE_REJECTED, sentence)
        bodies = self._side_by_side(likely, lambda one, strand: self._bundle(where, one, strand), call)
        return Found(bundles=[body for body in bodies if body is not None], observed_at=referrers.observed_at)

    def _bundle(self, where: Reference, descriptor: Descriptor, call: Call) -> bytes | None:
        """The bundle behind a descriptor; None when it is something else, or of another image."""
        try:
            manifest = self._documents.manifest(where.at(descriptor.digest), call)
            found = artifact.read(manifest, f"referrer {descriptor.digest}")
            if not _holds_signature(found, where.identifier):
                return None
            return self._documents.blob(where, found.layers[0].digest, limits.BUNDLE_BYTES, call)
        except ImageError as error:
            if error.reason in _UNFIT:
                return None
            raise

    def close(self) -> None:
        """Stop taking work; what goes on ends by its own deadline."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _signature(self, where: Reference, layer: Layer, usual: bytes, call: Call) -> LegacySignature:
        if layer.digest == sha256(usual):
            return LegacySignature(layer, usual)
        try:
            payload = self._documents.blob(where, layer.digest, limits.SIGNATURE_BYTES, call)
        except ImageError as error:
            if error.reason in _UNFIT:
                return LegacySignature(layer, None, error.message)
            raise
        return LegacySignature(layer, payload)

    def _side_by_side(self, things: Sequence[T], work: Callable[[T, Call], U], call: Call) -> tuple[U, ...]:
        """Work on things at the same time, as far as there are idle helpers; the rest in this thread.

        With many images at once their own threads are enough, and handing work over would only cost.
        """
        strands = [call.fork() for _ in things]
        jobs: dict[int, Future[U]] = {}
        for number, thing in enumerate(things):
            if number and self._idle.acquire(blocking=False):
                jobs[number] = self._pool.submit(self._help, work, thing, strands[number])
        own = {number: work(thing, strands[number]) for number, thing in enumerate(things) if number not in jobs}
        done = tuple(jobs[number].result() if number in jobs else own[number] for number in range(len(things)))
        call.join(strands)
        return done

    def _help(self, work: Callable[[T, Call], U], thing: T, strand: Call) -> U:
        try:
            return work(thing, strand)
        finally:
            self._idle.release()


def _may_be_signature(descriptor: Descriptor) -> bool:
    """Whether it is worth opening: some registries tell the type of the configuration, and most no annotations."""
    kind = descriptor.artifact_type
    if kind and kind != _EMPTY and not kind.startswith(MEDIA_TYPE_PREFIX):
        return False
    return descriptor.annotations.get(_PREDICATE, SIGN) == SIGN


def _holds_signature(found: Artifact, digest: str) -> bool:
    return (
        found.subject == digest
        and len(found.layers) == 1
        and found.layers[0].media_type.startswith(MEDIA_TYPE_PREFIX)
        and found.annotations.get(_PREDICATE, SIGN) == SIGN
    )


def _usual_payload(wanted: Wanted) -> bytes:
    """What cosign signs of an image unless told otherwise; a layer with its digest needs no fetching."""
    critical = {
        "identity": {"docker-reference": wanted.image.context},
        "image": {"docker-manifest-digest": wanted.digest},
        "type": "cosign container image signature",
    }
    return json.dumps({"critical": critical, "optional": None}, separators=(",", ":")).encode()


def _tag(wanted: Wanted) -> Reference:
    """Where the signatures of a digest lie.

    Raises:
        ImageError: `ReferenceInvalid`: the source is no repository.
    """
    image, source = wanted.image, wanted.source
    tag = f"{source.tag_prefix}{wanted.digest.replace(':', '-')}.sig"
    if not source.oci:
        return replace(image, tag=tag, digest=None, text=f"{image.context}:{tag}")
    return reference.parse(f"{source.oci}:{tag}")
