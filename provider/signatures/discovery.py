"""Which signatures an image has.

Two worlds, asked for by the question: cosign's simple signings and sigstore bundles. The former are layers of the
manifest under `[PREFIX]sha256-HEX.sig` (cosign, `specs/SIGNATURE_SPEC.md`), or of manifests of a type of their own that
refer to the image (`--registry-referrers-mode=oci-1-1`); bundles always refer to it (OCI distribution specification,
"Listing Referrers"). A list comes first; each signature is fetched when somebody wants to look at it.

What stands in place of a signature may be another thing in ten seconds, so nothing that is wrong with it is durable.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from provider import limits
from provider.errors import ImageError
from provider.loop import gathered
from provider.observer import Observer, RemoteList
from provider.questions.proof_question import SignatureSource
from provider.reasons import Reason
from provider.registry import reference
from provider.registry.call import Call
from provider.registry.content import artifact, digests
from provider.registry.content.artifact import Artifact, DescriptorList
from provider.registry.content.manifest import Descriptor
from provider.registry.reference import Reference
from provider.registry.sighting import Vacancy
from provider.registry.store import Store
from provider.signatures.formats.bundle_format import MEDIA_TYPE_PREFIX
from provider.signatures.rejection import RejectionError
from provider.steps import StepPurpose

COSIGN_SIGNATURE: Final = "application/vnd.dev.cosign.artifact.sig.v1+json"
_EMPTY: Final = "application/vnd.oci.empty.v1+json"
PREDICATE: Final = "dev.sigstore.bundle.predicateType"
SIGN: Final = "https://sigstore.dev/cosign/sign/v1"
_OF_CONTENT: Final = frozenset({Reason.CONTENT_INVALID, Reason.LIMIT_EXCEEDED})
_UNFIT: Final = frozenset({Reason.NOT_FOUND, Reason.SIGNATURE_REJECTED})


@dataclass(frozen=True, slots=True)
class LegacySignature:
    """A layer under a `.sig` tag, or of a referrer that holds such layers.

    Attributes:
        layer: its descriptor, whose annotations carry the signature.
        payload: what was signed; None when it could not be had.
        problem: why not.
    """

    layer: Descriptor
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


@dataclass(frozen=True, slots=True)
class Listing:
    """What may be signatures of an image.

    Attributes:
        where: the repository that they lie in.
        entries: layers of simple signings, or descriptors of bundles.
        observed_at: when that was so; seconds since 1970.
        problems: of the entries that cannot be read; a sentence each.
        failures: of the entries that could not be had.
    """

    where: Reference
    entries: Sequence[Descriptor]
    observed_at: float
    problems: Sequence[str] = ()
    failures: Sequence[ImageError] = ()


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


class Discovery:
    """Looks for signatures; for one event loop."""

    def __init__(self, store: Store, now: Callable[[], float], observer: Observer) -> None:
        self._store = store
        self._now = now
        self._observer = observer

    async def legacy(self, target: Target, call: Call) -> Listing:
        """The simple signings under an image's tag.

        Args:
            target: of what, and where.
            call: the work that this belongs to.

        Raises:
            ImageError: no answer; `SignatureRejected` when there are too many, or the tag holds something else.
        """
        call.purpose = StepPurpose.SIGNATURE
        what = f"signatures of {target.image.name}"
        if not has_tag(target, "sig"):
            return Listing(target.image, (), self._now())
        where = tag(target, "sig")
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
        # Those that cannot be read cost nothing more: as many as of referrers may be passed over.
        for count, most in (
            (len(layers.entries), limits.SIGNATURES),
            (len(layers.entries) + len(layers.problems), limits.REFERRERS),
        ):
            if count > most:
                sentence = f"number of layers ({count}) exceeded the limit ({most})"
                raise ImageError(Reason.SIGNATURE_REJECTED, sentence)
        if layers.problems:
            self._observer.entries_passed_over(RemoteList.SIGNATURES, layers.problems)
        # Beside the image's own name theirs is not said once more.
        problems = [problem.removeprefix(f"{what}: ") for problem in layers.problems]
        return Listing(where, layers.entries, sighting.observed_at, problems)

    async def signature(self, listing: Listing, layer: Descriptor, target: Target, call: Call) -> LegacySignature:
        """A simple signing with what it signs.

        Raises:
            ImageError: no answer.
        """
        usual = _usual_payload(target)
        if digests.matches(layer.digest, usual):
            return LegacySignature(layer, usual)
        try:
            with passing():
                payload = await self._store.blob(listing.where, layer, limits.SIGNATURE_BYTES, call)
        except ImageError as error:
            if error.reason in _UNFIT:
                return LegacySignature(layer, None, error.message)
            raise
        return LegacySignature(layer, payload)

    async def referring(self, target: Target, call: Call) -> ReferrerList:
        """What refers to an image.

        Args:
            target: of what, and where; the tag prefix is for tags.
            call: the work that this belongs to.

        Raises:
            ImageError: no answer; `SignatureRejected` when there are too many, or the list is none.
        """
        call.purpose = StepPurpose.SIGNATURE
        where = subject(target)
        with passing():
            found = await self._store.referrers(where, call, target.max_age)
        return ReferrerList(where, found.descriptors, found.observed_at, found.problems)

    async def legacy_among(self, referring: ReferrerList, call: Call) -> Listing:
        """The simple signings that are stored as referrers.

        One that cannot be read, or had, is a problem of its own.

        Raises:
            ImageError: `SignatureRejected` when there are too many.
        """
        call.purpose = StepPurpose.SIGNATURE
        likely = [one for one in referring.descriptors if one.artifact_type == COSIGN_SIGNATURE]
        _limit("referrers with signatures", len(likely))
        strands = [call.fork() for _ in likely]
        works = [self._layers(referring.where, *each) for each in zip(likely, strands, strict=True)]
        found = await gathered(works)
        call.join(strands)
        layers = [each for each in found if isinstance(each, DescriptorList)]
        entries = [entry for each in layers for entry in each.entries]
        _limit("layers", len(entries))
        problems = [problem for each in layers for problem in each.problems]
        if problems:
            self._observer.entries_passed_over(RemoteList.SIGNATURES, problems)
        failures = [each for each in found if isinstance(each, ImageError)]
        return Listing(referring.where, entries, referring.observed_at, problems, failures)

    async def _layers(self, where: Reference, referrer: Descriptor, call: Call) -> DescriptorList | ImageError:
        """The layers of a referrer; none of one that refers to another image."""
        what = f"referrer {referrer.digest}"
        try:
            with passing():
                document = await self._store.manifest(where.at(referrer.digest), call)
                if artifact.subject_of(document.body, what) != where.identifier:
                    return DescriptorList(())
                return artifact.read_layers(document.body, what)
        except ImageError as error:
            return DescriptorList((), (error.message,)) if error.reason in _UNFIT else error

    @staticmethod
    def bundles(referring: ReferrerList) -> Listing:
        """What refers to an image and may be a bundle with a signature.

        Raises:
            ImageError: `SignatureRejected` when there are too many.
        """
        likely = [one for one in referring.descriptors if _may_be_signature(one)]
        _limit("bundles", len(likely))
        return Listing(referring.where, likely, referring.observed_at, referring.problems)

    async def bundle(self, listing: Listing, descriptor: Descriptor, call: Call) -> bytes | None:
        """The bundle behind a descriptor; None when it is something else, or of another image.

        Raises:
            RejectionError: it is called a bundle, and cannot be read.
            ImageError: no answer.
        """
        where = listing.where
        try:
            with passing():
                document = await self._store.manifest(where.at(descriptor.digest), call)
                found = artifact.read(document.body, f"referrer {descriptor.digest}")
                if not _holds_signature(found, where.identifier):
                    return None
                return await self._store.blob(where, found.layers[0], limits.BUNDLE_BYTES, call)
        except ImageError as error:
            if error.reason not in _UNFIT:
                raise
            if not descriptor.artifact_type.startswith(MEDIA_TYPE_PREFIX):
                return None
            self._observer.entries_passed_over(RemoteList.REFERRERS, [error.message])
            raise RejectionError(error.message, lasting=False) from error


def _limit(what: str, count: int) -> None:
    if count > limits.SIGNATURES:
        sentence = f"number of {what} ({count}) exceeded the limit ({limits.SIGNATURES})"
        raise ImageError(Reason.SIGNATURE_REJECTED, sentence)


@contextmanager
def passing() -> Iterator[None]:
    """What stands in place of a signature may be replaced at any time."""
    try:
        yield
    except ImageError as error:
        if error.reason not in _OF_CONTENT and not error.unfit:
            raise
        raise ImageError(Reason.SIGNATURE_REJECTED, error.message) from error


def may_be_bundle(descriptor: Descriptor) -> bool:
    """Whether a referrer's type is that of a bundle, or none: some registries give the type of the configuration."""
    kind = descriptor.artifact_type
    return not kind or kind == _EMPTY or kind.startswith(MEDIA_TYPE_PREFIX)


def _may_be_signature(descriptor: Descriptor) -> bool:
    """Whether it is worth opening; most registries give no annotations."""
    return may_be_bundle(descriptor) and bool(descriptor.annotations.get(PREDICATE, SIGN) == SIGN)


def _holds_signature(found: Artifact, digest: str) -> bool:
    return (
        found.subject == digest
        and len(found.layers) == 1
        and found.layers[0].media_type.startswith(MEDIA_TYPE_PREFIX)
        and found.annotations.get(PREDICATE, SIGN) == SIGN
    )


def _usual_payload(target: Target) -> bytes:
    """What cosign signs of an image unless asked otherwise; a layer with its digest needs no fetching."""
    critical = {
        "identity": {"docker-reference": target.image.context},
        "image": {"docker-manifest-digest": target.digest},
        "type": "cosign container image signature",
    }
    return json.dumps({"critical": critical, "optional": None}, separators=(",", ":")).encode()


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
