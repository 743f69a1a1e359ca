"""Simple signing: cosign's signatures under a `.sig` tag.

The order, each step with what says so; the code below carries the numbers, `docs/verification.md` too. A step is left
out only where the question leaves it out, never because the signature does not bring what the step needs.

1. The layer is a simple signing, and has a signature (cosign, `SIGNATURE_SPEC.md`, "Storage").
2. If asked for: a timestamp authority stamped the signature (RFC 3161, section 2.4.2).
3. If asked for: a transparency log promised to include signature, signer and payload (Rekor, signed entry timestamp).
4. Without a key: the certificate is a leaf that may sign, has a path to an authority at the start of its validity, and,
   unless waived, was logged (RFC 5280, section 6; RFC 6962, section 3.2).
5. The signature is the key's, or the certificate's, over the payload's bytes (`SIGNATURE_SPEC.md`, "Signature").
6. The payload claims the digest that was asked for (`SIGNATURE_SPEC.md`, "Payload"). Its `docker-reference` is not
   compared: images are copied between repositories, and what is signed is the digest.
7. A certificate, also one that comes along with a key's signature, and those above it were valid at every time that
   was proved; where none was, they are valid now (cosign, `CheckExpiry`).
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from provider.foreign_text import shown
from provider.golang.structs import Custom, Field, Map, Struct, Text
from provider.questions.answer import Proof
from provider.signatures.alive import Alive, always
from provider.signatures.demands import Demands
from provider.signatures.encoding import from_base64, from_json
from provider.signatures.evidence.transparency import LoggedSignature
from provider.signatures.formats import layer_notes
from provider.signatures.formats.layer_notes import SIGNATURE, Times
from provider.signatures.legacy_layer import LegacyLayer
from provider.signatures.rejection import RejectionError, step

MEDIA_TYPE: Final = "application/vnd.dev.cosign.simplesigning.v1+json"
TYPE: Final = "cosign container image signature"
FORMAT: Final = layer_notes.FORMAT

_ANY: Final = Custom("interface {}", None, lambda value, _, __: value, lambda value: value)
_PAYLOAD: Final = Struct(
    "payload.SimpleContainerImage",
    (
        Field(
            "critical",
            Struct(
                "payload.Critical",
                (
                    Field("identity", Struct("payload.Identity", (Field("docker-reference", Text()),))),
                    Field("image", Struct("payload.Image", (Field("docker-manifest-digest", Text()),))),
                    Field("type", Text()),
                ),
            ),
        ),
        Field("optional", Map(_ANY)),
    ),
)


def verify(signature: LegacyLayer, digest: str, demands: Demands, now: dt.datetime, alive: Alive = always) -> Proof:
    """What a signature proves.

    Args:
        signature: as it was found.
        digest: `sha256:…` that must be signed.
        demands: what has to be proved.
        now: for certificates whose time of signing nobody proves.
        alive: asked before each dear thing; what it raises is passed on.

    Raises:
        RejectionError: nothing, in cosign's words where it has some; not lasting where the payload could not be had, or
            where the certificate is judged by `now`.
    """
    with step(1):
        payload = _payload(signature)
        encoded = _encoded(signature)
        certificate = layer_notes.certificate_of(signature.layer)
    with step(2):
        stamped = layer_notes.stamped(signature.layer, lambda: [from_base64(encoded)], demands, alive)
    with step(3):
        alive()
        about = LoggedSignature(encoded, payload, layer_notes.signer_of(certificate, demands))
        logged = layer_notes.logged(signature.layer, about, demands)
    with step(4):
        key, path = layer_notes.trusted(signature.layer, certificate, demands, alive)
    with step(5):
        alive()
        raw = from_base64(encoded)
        key.verify(raw, payload)
    with step(6):
        _verify_claim(payload, digest)
    with step(7):
        times = Times(stamped, logged)
        judged = layer_notes.verify_times(certificate, path, times, now)
        return layer_notes.proof_of(raw, digest, certificate, demands, [*times.all, *judged])


def _payload(signature: LegacyLayer) -> bytes:
    if signature.layer.media_type != MEDIA_TYPE:
        kind = shown(signature.layer.media_type) or "of no type"
        raise RejectionError(f"signature layer {signature.layer.digest} is {kind}, not {MEDIA_TYPE}")
    if signature.payload is None:
        # The registry may have it later.
        raise RejectionError(signature.problem, lasting=False)
    return signature.payload


def _encoded(signature: LegacyLayer) -> str:
    if SIGNATURE not in signature.layer.annotations:
        raise RejectionError(f'signature layer {signature.layer.digest} is missing "{SIGNATURE}" annotation')
    return signature.layer.annotation(SIGNATURE)


def _verify_claim(payload: bytes, digest: str) -> None:
    critical = from_json(payload, _PAYLOAD)["critical"]
    claimed = critical["image"]["docker-manifest-digest"]
    if claimed != digest:
        raise RejectionError(f"invalid or missing digest in claim: {shown(claimed, 80)}")
    if critical["type"] != TYPE:
        raise RejectionError(f"the payload is of type {shown(critical['type'])}, not {TYPE}")
