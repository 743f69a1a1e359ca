"""Attestations in sigstore bundles.

The order is that of `bundle`, whose steps 1 to 5 are these with another claim: an envelope with an in-toto payload that
is no signature of cosign's. Step 6 is the last of `attestation`: the statement is read when it is known whose it is.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from typing import Final

from provider import limits
from provider.questions.answer import Proof
from provider.questions.attestation_question import AttestationWish
from provider.signatures.alive import Alive, always
from provider.signatures.content import Envelope
from provider.signatures.demands import Demands
from provider.signatures.document_work import DividedDocument, Division, EnvelopePlace, StatementReading, Verification
from provider.signatures.formats import bundle, bundle_format
from provider.signatures.formats.bundle import NoSignatureError
from provider.signatures.formats.bundle_format import Bundle
from provider.signatures.proof_kind import SIGN
from provider.signatures.rejection import RejectionError, step
from provider.signatures.statement import PAYLOAD_TYPE

FORM: Final = "attestation bundle"


def verify(
    raw: bytes, digest: str, demands: Demands, wish: AttestationWish, alive: Alive = always
) -> Verification[Proof]:
    """What an attestation in a bundle proves.

    Args:
        raw: as it was found.
        digest: `sha256:…` that it must be about.
        demands: what has to be proved.
        wish: what is wanted of it. An attestation of another type is proved too, without its statement.
        alive: asked before each dear thing; what it raises is passed on.

    Raises:
        RejectionError: nothing; always lasting, because the time of day has no say.
        NoSignatureError: it is a signature, and no attestation.
    """
    with step(1):
        found = yield from _opened(raw)
        content = found.content
        if not isinstance(content, Envelope):
            raise NoSignatureError
        if content.payload_type != PAYLOAD_TYPE:
            raise RejectionError(f"the payload is not of type {PAYLOAD_TYPE}")
    proof = bundle.verify_signer(found, digest, demands, alive)
    with step(6):
        alive()
        said = yield StatementReading(content.payload, digest, digest_of(content), wish, SIGN)
        if said.predicate_type == SIGN:
            raise NoSignatureError
        return replace(proof, attestation=said)


def _opened(raw: bytes) -> Verification[Bundle]:
    if len(raw) <= limits.READ_AT_ONCE_BYTES:
        return bundle_format.read(raw)
    divided: DividedDocument = yield Division(raw, EnvelopePlace.BUNDLE)
    found = bundle_format.read(divided.rest)
    if divided.payload is None or not isinstance(found.content, Envelope):
        return found
    return replace(found, content=replace(found.content, payload=divided.payload))


def digest_of(content: Envelope) -> str:
    """What policy-controller names it by: the digest of the envelope as Go writes it."""
    signatures = [{"sig": base64.b64encode(content.signature).decode()}]
    rest = json.dumps({"payloadType": content.payload_type, "signatures": signatures}, separators=(",", ":"))
    # In parts, because a payload is large.
    written = hashlib.sha256(b'{"payload":"')
    written.update(base64.b64encode(content.payload))
    written.update(b'",' + rest.removeprefix("{").encode())
    return f"sha256:{written.hexdigest()}"
