"""What attestations an image has, as they say of themselves: for people who look for a policy's words.

Nothing here is verified, and nothing of it reaches an answer to Gatekeeper.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from provider.errors import ImageError
from provider.loop import gathered
from provider.observer import Observer
from provider.questions.proof_question import SignatureSource
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.content.manifest import Descriptor
from provider.registry.reference import Reference
from provider.registry.store import Store
from provider.signatures import provenance, statement
from provider.signatures.content import Envelope
from provider.signatures.discovery import Discovery
from provider.signatures.formats import attestation, attestation_bundle, bundle, bundle_format
from provider.signatures.listing import Listing
from provider.signatures.proof_kind import ATTESTATIONS, SIGN
from provider.signatures.provenance import Provenance
from provider.signatures.rejection import RejectionError
from provider.signatures.target import Target

_Reading: TypeAlias = Callable[[Listing, Descriptor], Coroutine[Any, Any, "AttestationEntry | None"]]


@dataclass(frozen=True)
class AttestationEntry:
    """An attestation as it says of itself.

    Attributes:
        form: `legacy` or `bundle`.
        digest: `sha256:…` of the layer.
        predicate_type: of its statement; empty where it cannot be read.
        size: bytes of its payload.
        problem: why it cannot be read, or what is odd about it; empty without.
        name: what an answer calls it: the digest of its layer, or of the envelope in a bundle.
        provenance: what it says of the build of this image; None where it is of another type or about another image.
    """

    form: str
    digest: str
    predicate_type: str = ""
    size: int = 0
    problem: str = ""
    name: str = ""
    provenance: Provenance | None = None

    def to_json(self) -> dict[str, Any]:
        """As commands print it."""
        found: dict[str, Any] = {"format": self.form, "digest": self.digest}
        if self.predicate_type:
            found |= {"predicateType": self.predicate_type, "bytes": self.size}
        return found | ({"problem": self.problem} if self.problem else {})


@dataclass(frozen=True)
class AttestationList:
    """The attestations of an image, legacy ones first.

    Attributes:
        image: the normalised reference.
        digest: `sha256:…` of what it points to.
        entries: in the order of their lists.
    """

    image: str
    digest: str
    entries: Sequence[AttestationEntry]


async def attestations_of(
    image: Reference, store: Store, now: Callable[[], float], observer: Observer, call: Call
) -> AttestationList:
    """List the attestations of an image.

    Raises:
        ImageError: the image, or a list of its attestations, cannot be had.
    """
    digest = image.digest or (await store.resolve(image, call)).document.digest
    target = Target(image, digest, SignatureSource())
    discovery = Discovery(store, now, observer, ATTESTATIONS)
    tagged, referring = await discovery.tagged(target, call), await discovery.referring(target, call)
    referred = await discovery.legacy_among(referring, call)
    bundles = await discovery.bundles_among(referring, call)

    async def of_layer(listing: Listing, layer: Descriptor) -> AttestationEntry:
        found = await discovery.layer(listing, layer, target, call)
        if found.payload is None:
            raise RejectionError(found.problem)
        return _entry(attestation.FORMAT, layer.digest, attestation.payload_of(found.payload), digest)

    async def of_bundle(listing: Listing, layer: Descriptor) -> AttestationEntry | None:
        content = bundle_format.read(await discovery.bundle(listing, layer, call)).content
        if not isinstance(content, Envelope):
            return None
        found = _entry(bundle.FORMAT, layer.digest, content.payload, digest)
        if found.predicate_type == SIGN:
            return None
        return replace(found, name=attestation_bundle.digest_of(content))

    lists: Sequence[tuple[str, _Reading, Listing]] = (
        (attestation.FORMAT, of_layer, tagged),
        (attestation.FORMAT, of_layer, referred),
        (bundle.FORMAT, of_bundle, bundles),
    )
    works = [_readable(form, read(each, entry), entry) for form, read, each in lists for entry in each.entries]
    entries = [each for each in await gathered(works) if each is not None]
    rest = [AttestationEntry(form, "", problem=each) for form, _, one in lists for each in _problems(one)]
    return AttestationList(image.name, digest, [*entries, *rest])


async def _readable(
    form: str, reading: Coroutine[Any, Any, AttestationEntry | None], entry: Descriptor
) -> AttestationEntry | None:
    """One that cannot be read hides none beside it."""
    try:
        return await reading
    except RejectionError as error:
        return AttestationEntry(form, entry.digest, problem=str(error))
    except ImageError as error:
        if error.reason is Reason.TIMEOUT:
            raise
        return AttestationEntry(form, entry.digest, problem=error.message)


def _entry(form: str, layer: str, payload: bytes, digest: str) -> AttestationEntry:
    said = statement.read(payload)
    try:
        said.verify_subject(digest)
    except RejectionError as error:
        return AttestationEntry(form, layer, said.predicate_type, len(payload), str(error))
    build = provenance.read(said.predicate_type, said.predicate)
    return AttestationEntry(form, layer, said.predicate_type, len(payload), name=layer, provenance=build)


def _problems(listing: Listing) -> Sequence[str]:
    return [*listing.problems, *(error.message for error in listing.failures)]
