"""What is looked for beside an image: signatures or attestations, which differ in names and bounds alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from provider import limits
from provider.reasons import Reason

PREDICATE: Final = "dev.sigstore.bundle.predicateType"
SIGN: Final = "https://sigstore.dev/cosign/sign/v1"
COSIGN_SIGNATURE: Final = "application/vnd.dev.cosign.artifact.sig.v1+json"
COSIGN_ATTESTATION: Final = "application/vnd.dev.cosign.artifact.att.v1+json"
IN_TOTO: Final = "application/vnd.in-toto+json"
ENVELOPE: Final = "application/vnd.dsse.envelope.v1+json"


@dataclass(frozen=True)
class ProofKind:
    """Signatures, or attestations.

    Attributes:
        name: what messages call them.
        one: what messages call one.
        suffix: of cosign's tag.
        referrer_types: of manifests that hold legacy ones, and refer to the image.
        untyped: type of the layers to look for in referrers that a registry lists by no type, or that of an empty
            configuration; empty where it shows them by their own.
        is_in: whether a bundle that is annotated so may hold one; most registries show no annotations in their lists.
        reason: where there are too many, or something else lies in their place.
        most: how many are looked at.
        layer_bytes: what a legacy one may have.
        bundle_bytes: what a bundle may have.
        all_bytes: what all of one form may have together; None for as much as `most` of them have.
    """

    name: str
    one: str
    suffix: str
    referrer_types: frozenset[str]
    untyped: str
    is_in: Callable[[Mapping[str, str]], bool]
    reason: Reason
    most: int
    layer_bytes: int
    bundle_bytes: int
    all_bytes: int | None = None


SIGNATURES: Final = ProofKind(
    "signatures",
    "signature",
    "sig",
    frozenset({COSIGN_SIGNATURE}),
    "",
    lambda annotations: annotations.get(PREDICATE, SIGN) == SIGN,
    Reason.SIGNATURE_REJECTED,
    limits.SIGNATURES,
    limits.SIGNATURE_BYTES,
    limits.BUNDLE_BYTES,
)
# Cosign calls a manifest with legacy attestations by the type of what is signed, and gives it an empty configuration.
ATTESTATIONS: Final = ProofKind(
    "attestations",
    "attestation",
    "att",
    frozenset({COSIGN_ATTESTATION, IN_TOTO}),
    ENVELOPE,
    lambda annotations: annotations.get(PREDICATE) != SIGN,
    Reason.ATTESTATION_REJECTED,
    limits.ATTESTATIONS,
    limits.ATTESTATION_BYTES,
    limits.ATTESTATION_BYTES,
    limits.ATTESTATIONS_BYTES,
)
