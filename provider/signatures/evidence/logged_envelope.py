"""What a log holds of an attestation: an envelope, and whether it is this one.

Two forms, `dsse` and `intoto`. Both name the envelope by the SHA-256 of the whole layer; the signature in them is not
compared, because that hash covers it (cosign, `VerifyBundle`; Rekor, `pkg/types/dsse`, `pkg/types/intoto`).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provider import limits
from provider.signatures.encoding import strict_object
from provider.signatures.evidence.entry_body import same_pem
from provider.signatures.rejection import RejectionError

_DSSE: Final = ("dsse", "0.0.1")
_INTOTO: Final = ("intoto", "0.0.1")
_INTOTO_V2: Final = ("intoto", "0.0.2")


@dataclass(frozen=True)
class LoggedEnvelope:
    """What a log entry must be about.

    Attributes:
        envelope: the layer's bytes.
        signer: PEM of the certificate, or else of the public key.
    """

    envelope: bytes
    signer: bytes

    def verify(self, body: bytes) -> None:
        """Compare it with what a log holds.

        Raises:
            RejectionError: the entry is of something else, or of a form that is not known.
        """
        try:
            entry = strict_object(body, limits.SIGNATURE_PARTS)
            digest, signers = _named((entry["kind"], entry["apiVersion"]), entry["spec"])
            named = [base64.b64decode(signer, validate=True) for signer in signers]
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise RejectionError("failed to extract signature from bundle: the log entry cannot be read") from error
        found = hashlib.sha256(self.envelope).hexdigest()
        if digest != {"algorithm": "sha256", "value": found}:
            raise RejectionError("matching bundle to payload: the log entry is of another envelope")
        if not any(same_pem(each, self.signer) for each in named):
            raise RejectionError("comparing public key PEMs: the log entry is of another signer")


def _named(kind: tuple[str, str], spec: Mapping[str, Any]) -> tuple[object, Sequence[str]]:
    """The digest of the envelope, and whose signatures it has, each as base64 of PEM."""
    if kind == _DSSE:
        return spec["envelopeHash"], [each["verifier"] for each in spec["signatures"]]
    if kind == _INTOTO:
        return spec["content"]["hash"], [spec["publicKey"]]
    if kind == _INTOTO_V2:
        content = spec["content"]
        return content["hash"], [each["publicKey"] for each in content["envelope"]["signatures"]]
    raise RejectionError("failed to extract signature from bundle: unsupported type")
