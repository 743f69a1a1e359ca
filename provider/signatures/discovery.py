"""Which signatures, or attestations, an image has.

Two worlds, asked for by the question: cosign's legacy ones and sigstore bundles. The former are layers of the manifest
under `[PREFIX]sha256-HEX.sig` or `.att` (cosign, `specs/SIGNATURE_SPEC.md`, `specs/ATTESTATION_SPEC.md`), or of
manifests of a type of their own that refer to the image (`--registry-referrers-mode=oci-1-1`); bundles always refer to
it (OCI distribution specification, "Listing Referrers"). One sequence for all: a list comes first; referrers are
opened, which shows what they hold and how large that is; what there is room for is listed; each entry is fetched when
somebody wants to look at it.

What stands in place of a signature may be another thing in ten seconds, so nothing that is wrong with it is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from provider.errors import ImageError
from provider.loop import gathered
from provider.observer import Observer, RemoteList
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.content import artifact, digests
from provider.registry.content.artifact import DescriptorList
from provider.registry.content.manifest import Descriptor
from provider.registry.sighting import Vacancy
from provider.registry.store import Store
from provider.signatures.formats.bundle_format import MEDIA_TYPE_PREFIX
from provider.signatures.legacy_layer import LegacyLayer, usual_payload
from provider.signatures.listing import Listing, ReferrerList, bounded, refuse_too_many
from provider.signatures.proof_kind import SIGNATURES, ProofKind
from provider.signatures.rejection import RejectionError
from provider.signatures.target import Target, has_tag, subject, tag
from provider.steps import StepPurpose

# Some registries give the type of the configuration, or none.
_UNTYPED: Final = frozenset({"", "application/vnd.oci.empty.v1+json"})
_OF_CONTENT: Final = frozenset({Reason.CONTENT_INVALID, Reason.LIMIT_EXCEEDED})


class Discovery:
    """Looks for signatures or attestations; for one event loop.

    Args:
        store: has them.
        now: seconds since 1970.
        observer: gets reports of entries that are passed over.
        kind: which of both.
    """

    def __init__(
        self, store: Store, now: Callable[[], float], observer: Observer, kind: ProofKind = SIGNATURES
    ) -> None:
        self._store = store
        self._now = now
        self._observer = observer
        self._kind = kind

    async def tagged(self, target: Target, call: Call) -> Listing:
        """The legacy ones under an image's tag.

        Args:
            target: of what, and where.
            call: the work that this belongs to.

        Raises:
            ImageError: no answer; the kind's reason when there are too many, or the tag holds something else.
        """
        call.purpose = StepPurpose.SIGNATURE
        what = f"{self._kind.name} of {target.image.name}"
        if not has_tag(target, self._kind.suffix):
            return Listing(target.image, (), self._now())
        where = tag(target, self._kind.suffix)
        try:
            with self._passing():
                sighting = await self._store.discover(where, call, target.max_age)
                if isinstance(sighting, Vacancy):
                    return Listing(where, (), sighting.observed_at)
                layers = artifact.read_layers(sighting.document.body, what)
        except ImageError as error:
            if error.reason is Reason.NOT_FOUND:
                return Listing(where, (), self._now())
            raise
        # Beside the image's own name theirs is not said once more.
        problems = [problem.removeprefix(f"{what}: ") for problem in layers.problems]
        return self._bounded(Listing(where, layers.entries, sighting.observed_at, problems), f"{what}: ")

    async def referring(self, target: Target, call: Call) -> ReferrerList:
        """What refers to an image.

        Args:
            target: of what, and where; the tag prefix is for tags.
            call: the work that this belongs to.

        Raises:
            ImageError: no answer; the kind's reason when there are too many, or the list is none.
        """
        call.purpose = StepPurpose.SIGNATURE
        where = subject(target)
        with self._passing():
            found = await self._store.referrers(where, call, target.max_age)
        return ReferrerList(where, found.descriptors, found.observed_at, found.problems)

    async def legacy_among(self, referring: ReferrerList, call: Call) -> Listing:
        """The legacy ones that are stored as referrers.

        One that cannot be read, or had, is a problem of its own.

        Raises:
            ImageError: the kind's reason when there are too many.
        """
        likely = [one for one in referring.descriptors if self._may_hold_layers(one)]
        refuse_too_many(self._kind, f"referrers with {self._kind.name}", len(likely), self._kind.most)
        return self._bounded(await self._opened(referring, likely, self._layers, call))

    async def bundles_among(self, referring: ReferrerList, call: Call) -> Listing:
        """The bundles that refer to an image, as far as they may hold what is looked for.

        Raises:
            ImageError: the kind's reason when there are too many.
        """
        likely = [one for one in referring.descriptors if may_be_bundle(one) and self._kind.is_in(one.annotations)]
        refuse_too_many(self._kind, "bundles", len(likely), self._kind.most)
        found = await self._opened(referring, likely, self._bundles, call)
        return self._bounded(replace(found, others=len(likely) - len(found.entries)))

    async def layer(self, listing: Listing, layer: Descriptor, target: Target, call: Call) -> LegacyLayer:
        """A legacy one with its content.

        Raises:
            ImageError: no answer.
        """
        usual = usual_payload(target)
        if digests.matches(layer.digest, usual):
            return LegacyLayer(layer, usual)
        try:
            with self._passing():
                payload = await self._store.blob(listing.where, layer, self._kind.layer_bytes, call)
        except ImageError as error:
            if self._unfit(error):
                return LegacyLayer(layer, None, error.message)
            raise
        return LegacyLayer(layer, payload)

    async def bundle(self, listing: Listing, layer: Descriptor, call: Call) -> bytes:
        """A bundle.

        Raises:
            RejectionError: it cannot be read.
            ImageError: no answer.
        """
        try:
            with self._passing():
                return await self._store.blob(listing.where, layer, self._kind.bundle_bytes, call)
        except ImageError as error:
            if not self._unfit(error):
                raise
            self._observer.entries_passed_over(RemoteList.REFERRERS, [error.message])
            raise RejectionError(error.message, lasting=False) from error

    async def _opened(
        self,
        referring: ReferrerList,
        likely: Sequence[Descriptor],
        held: Callable[[bytes, Descriptor], DescriptorList],
        call: Call,
    ) -> Listing:
        """What referrers hold, in the order of their list."""
        call.purpose = StepPurpose.SIGNATURE

        async def one(referrer: Descriptor, strand: Call) -> DescriptorList | ImageError:
            try:
                with self._passing():
                    document = await self._store.manifest(referring.where.at(referrer.digest), strand)
                    if artifact.subject_of(document.body, _name(referrer)) != referring.where.identifier:
                        return DescriptorList(())
                    return held(document.body, referrer)
            except ImageError as error:
                if not self._unfit(error):
                    return error
                # What is not even called a bundle may be anything.
                called = referrer.artifact_type in self._kind.referrer_types or _is_bundle(referrer.artifact_type)
                return DescriptorList((), (error.message,) if called else ())

        strands = [call.fork() for _ in likely]
        found = await gathered(one(*each) for each in zip(likely, strands, strict=True))
        call.join(strands)
        lists = [each for each in found if isinstance(each, DescriptorList)]
        entries = [entry for each in lists for entry in each.entries]
        problems = [problem for each in lists for problem in each.problems]
        failures = [each for each in found if isinstance(each, ImageError)]
        return Listing(referring.where, entries, referring.observed_at, problems, failures)

    def _may_hold_layers(self, descriptor: Descriptor) -> bool:
        kind = descriptor.artifact_type
        return kind in self._kind.referrer_types or (self._kind.untyped != "" and kind in _UNTYPED)

    def _layers(self, body: bytes, referrer: Descriptor) -> DescriptorList:
        found = artifact.read_layers(body, _name(referrer))
        if referrer.artifact_type not in _UNTYPED:
            return found
        return DescriptorList([one for one in found.entries if one.media_type == self._kind.untyped])

    def _bundles(self, body: bytes, referrer: Descriptor) -> DescriptorList:
        """The one layer of a manifest that is a bundle."""
        found = artifact.read(body, _name(referrer))
        is_one = len(found.layers) == 1 and _is_bundle(found.layers[0].media_type)
        return DescriptorList(found.layers if is_one and self._kind.is_in(found.annotations) else ())

    def _bounded(self, found: Listing, what: str = "") -> Listing:
        """What is looked at of a list; what is passed over is counted."""
        kept = bounded(found, self._kind)
        if kept.problems:
            self._observer.entries_passed_over(RemoteList.SIGNATURES, [f"{what}{each}" for each in kept.problems])
        return kept

    def _unfit(self, error: ImageError) -> bool:
        """Whether something is wrong with what was asked for, and not with asking."""
        return error.reason in {Reason.NOT_FOUND, self._kind.reason}

    @contextmanager
    def _passing(self) -> Iterator[None]:
        """What stands in place of a signature may be replaced at any time."""
        try:
            yield
        except ImageError as error:
            if error.reason not in _OF_CONTENT and not error.unfit:
                raise
            raise ImageError(self._kind.reason, error.message) from error


def may_be_bundle(descriptor: Descriptor) -> bool:
    """Whether a referrer's type is that of a bundle, or none: some registries give the type of the configuration."""
    kind = descriptor.artifact_type
    return kind in _UNTYPED or _is_bundle(kind)


def _is_bundle(media_type: str) -> bool:
    return media_type.startswith(MEDIA_TYPE_PREFIX)


def _name(referrer: Descriptor) -> str:
    return f"referrer {referrer.digest}"
