"""Attestations under a `.att` tag: signed envelopes with a statement (cosign, `specs/ATTESTATION_SPEC.md`).

The order, each step with what says so; the code below carries the numbers, `docs/verification.md` too. A step is left
out only where the question leaves it out, never because the attestation does not bring what the step needs.

1. The layer is an envelope with signatures (DSSE, `envelope.md`), and annotated as cosign does.
2. If asked for: a timestamp authority stamped the whole layer, or its one signature, as releases of cosign differ (RFC
   3161, section 2.4.2).
3. If asked for: a transparency log promised to include the whole layer, by this signer (Rekor, signed entry timestamp).
4. Without a key: the certificate, as of a simple signing.
5. One of the signatures is the key's, or the certificate's, over the pre-authentication encoding of an in-toto payload
   (DSSE, `protocol.md`).
6. The payload is a statement that can be read in one way, and one of its subjects is the digest that was asked for
   (in-toto attestation framework, "Statement").
7. A certificate, and those above it, were valid at every time that was proved; where none was, they are valid now.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from provider import limits
from provider.foreign_text import shown
from provider.questions.answer import Proof
from provider.questions.attestation_question import AttestationWish
from provider.signatures.alive import Alive, always
from provider.signatures.content import encoding
from provider.signatures.demands import Demands
from provider.signatures.document_work import DividedDocument, Division, EnvelopePlace, StatementReading, Verification
from provider.signatures.encoding import from_base64, strict_object
from provider.signatures.evidence.logged_envelope import LoggedEnvelope
from provider.signatures.formats import layer_notes
from provider.signatures.formats.layer_notes import SIGNATURE, Times
from provider.signatures.legacy_layer import LegacyLayer
from provider.signatures.proof_kind import ENVELOPE
from provider.signatures.rejection import RejectionError, step
from provider.signatures.statement import PAYLOAD_TYPE
from provider.signatures.trust.keys import PublicKey

MEDIA_TYPE: Final = ENVELOPE
FORM: Final = "attestation"
FORMAT: Final = layer_notes.FORMAT
_NOT_ENOUGH: Final = "accepted signatures do not match threshold, Found: 0, Expected 1"


@dataclass(frozen=True)
class _Envelope:
    """An envelope with all of its signatures."""

    payload_type: str
    payload: bytes
    signatures: Sequence[bytes]


def verify(  # noqa: PLR0913, PLR0917 - what has a say
    attestation: LegacyLayer,
    digest: str,
    demands: Demands,
    wish: AttestationWish,
    now: dt.datetime,
    alive: Alive = always,
) -> Verification[Proof]:
    """What an attestation proves.

    Args:
        attestation: as it was found.
        digest: `sha256:…` that it must be about.
        demands: what has to be proved.
        wish: what is wanted of it. An attestation of another type is proved too, without its statement.
        now: for certificates whose time of signing nobody proves.
        alive: asked before each dear thing; what it raises is passed on.

    Raises:
        RejectionError: nothing, in cosign's words where it has some; not lasting where the layer could not be had, or
            where the certificate is judged by `now`.
    """
    layer = attestation.layer
    with step(1):
        body = _body(attestation)
        envelope = yield from _opened(body)
        certificate = layer_notes.certificate_of(layer)
    with step(2):
        stamped = layer_notes.stamped(layer, lambda: _stampable(body, envelope), demands, alive)
    with step(3):
        alive()
        about = LoggedEnvelope(body, layer_notes.signer_of(certificate, demands))
        logged = layer_notes.logged(layer, about, demands)
    with step(4):
        key, path = layer_notes.trusted(layer, certificate, demands, alive)
    with step(5):
        alive()
        _verify_signature(envelope, key)
    with step(6):
        alive()
        content = yield StatementReading(envelope.payload, digest, layer.digest, wish)
    with step(7):
        times = Times(stamped, logged)
        judged = layer_notes.verify_times(certificate, path, times, now)
        # Policy-controller names an attestation by its signature, which it takes from the annotation: that is empty.
        proof = layer_notes.proof_of(b"", digest, certificate, demands, [*times.all, *judged])
        return replace(proof, attestation=content)


def _opened(body: bytes) -> Verification[_Envelope]:
    if len(body) <= limits.READ_AT_ONCE_BYTES:
        return _envelope(body)
    divided: DividedDocument = yield Division(body, EnvelopePlace.WHOLE)
    envelope = _envelope(divided.rest)
    return envelope if divided.payload is None else replace(envelope, payload=divided.payload)


def _stampable(body: bytes, envelope: _Envelope) -> Sequence[bytes]:
    return [body, *(envelope.signatures if len(envelope.signatures) == 1 else ())]


def payload_of(body: bytes) -> bytes:
    """What an envelope says that it signs; nothing is verified.

    Raises:
        RejectionError: it is no envelope.
    """
    return _envelope(body).payload


def _body(attestation: LegacyLayer) -> bytes:
    layer = attestation.layer
    if layer.media_type != MEDIA_TYPE:
        kind = shown(layer.media_type) or "of no type"
        raise RejectionError(f"attestation layer {layer.digest} is {kind}, not {MEDIA_TYPE}")
    if SIGNATURE not in layer.annotations:
        raise RejectionError(f'signature layer {layer.digest} is missing "{SIGNATURE}" annotation')
    if attestation.payload is None:
        # The registry may have it later.
        raise RejectionError(attestation.problem, lasting=False)
    return attestation.payload


def _envelope(body: bytes) -> _Envelope:
    try:
        fields = strict_object(body, limits.SIGNATURE_PARTS)
        signatures = [_either_alphabet(_text(each, "sig")) for each in _list(fields, "signatures")]
        payload_type, payload = _text(fields, "payloadType"), _text(fields, "payload")
        # Half a surrogate pair is no text that could be signed.
        payload_type.encode()
    except (KeyError, TypeError, ValueError) as error:
        raise RejectionError("the envelope has a member that is missing or of a wrong type") from error
    except RejectionError as error:
        raise RejectionError(f"the envelope cannot be read: {error}") from error
    if len(signatures) > limits.ENVELOPE_SIGNATURES:
        raise RejectionError(f"the envelope has more than {limits.ENVELOPE_SIGNATURES} signatures")
    return _Envelope(payload_type, from_base64(payload), signatures)


def _list(fields: dict[str, Any], name: str) -> list[Any]:
    value = fields[name]
    if not isinstance(value, list):
        raise TypeError(name)
    return value


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _either_alphabet(text: str) -> bytes:
    """A signature, in base64 of either alphabet (DSSE, `envelope.md`)."""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error as error:
        raise RejectionError("a signature is no base64") from error


def _verify_signature(envelope: _Envelope, key: PublicKey) -> None:
    """One good signature of several is enough; whose key it says it is by is nobody's word."""
    message = encoding(envelope.payload_type, envelope.payload)
    if not any(_is_good(signature, message, key) for signature in envelope.signatures):
        raise RejectionError(_NOT_ENOUGH)
    if envelope.payload_type != PAYLOAD_TYPE:
        kind = shown(envelope.payload_type)
        raise RejectionError(f"invalid payloadType {kind} on envelope. Expected {PAYLOAD_TYPE}")


def _is_good(signature: bytes, message: bytes, key: PublicKey) -> bool:
    try:
        key.verify(signature, message)
    except RejectionError:
        return False
    return True
