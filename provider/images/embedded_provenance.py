"""Provenance that BuildKit puts into an index beside the platforms, without a signature (its `docs/attestations`).

A child of the index is marked as no image and names the platform's digest; its layers are statements, each with its
type in an annotation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.call import Call
from provider.registry.client import Content
from provider.registry.content import artifact
from provider.registry.content.manifest import Descriptor, Index
from provider.registry.memory import documents
from provider.registry.reference import Reference
from provider.registry.store import Store
from provider.signatures import provenance, statement
from provider.signatures.proof_kind import IN_TOTO
from provider.signatures.provenance import PLACES, Provenance
from provider.signatures.rejection import RejectionError

_SUBJECT: Final = "vnd.docker.reference.digest"
_PREDICATE: Final = "in-toto.io/predicate-type"


@dataclass(frozen=True)
class EmbeddedProvenance:
    """What one child of an index says of a platform's build.

    Attributes:
        layer: `sha256:…` of the statement.
        platform: name of the platform, as the index has it.
        said: None where it cannot be read.
        problem: why; empty where it can.
    """

    layer: str
    platform: str
    said: Provenance | None
    problem: str = ""


async def embedded_provenance(
    image: Reference, document: Content, store: Store, call: Call
) -> AsyncIterator[EmbeddedProvenance]:
    """The provenance in an index, one after the other; none in a single image.

    Args:
        image: its reference.
        document: what it points to.
        store: has the documents.
        call: the work that this belongs to.

    Raises:
        ImageError: the time is over.
    """
    index = documents.parsed(document, f"manifest of {image.name}")
    if not isinstance(index, Index):
        return
    platforms = {each.digest: each.platform.name for each in index.manifests if each.platform}
    for child in index.manifests:
        if not child.attestation:
            continue
        about = child.annotation(_SUBJECT)
        platform = platforms.get(about, "")
        try:
            found = await store.manifest(image.at(child.digest), call)
            layers = artifact.read_layers(found.body, f"attestations of {platform or about}").entries
        except ImageError as error:
            yield EmbeddedProvenance(child.digest, platform, None, _problem(error))
            continue
        for layer in layers:
            if layer.media_type == IN_TOTO and layer.annotation(_PREDICATE) in PLACES:
                yield await _read(image, layer, about, platform, store, call)


async def _read(  # noqa: PLR0913, PLR0917 - what it is of
    image: Reference, layer: Descriptor, about: str, platform: str, store: Store, call: Call
) -> EmbeddedProvenance:
    try:
        found = statement.read(await store.blob(image, layer, limits.ATTESTATION_BYTES, call))
        found.verify_subject(about)
    except RejectionError as error:
        return EmbeddedProvenance(layer.digest, platform, None, str(error))
    except ImageError as error:
        return EmbeddedProvenance(layer.digest, platform, None, _problem(error))
    said = provenance.read(found.predicate_type, found.predicate)
    problem = "" if said else "its type is not the one that its annotation names"
    return EmbeddedProvenance(layer.digest, platform, said, problem)


def _problem(error: ImageError) -> str:
    """What is wrong with one.

    Raises:
        ImageError: the time is over.
    """
    if error.reason is Reason.TIMEOUT:
        raise error
    return error.message
