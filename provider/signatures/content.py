"""What a signature is over: an envelope, or the image itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Envelope:
    """A DSSE envelope (`secure-systems-lab/dsse`, `envelope.md`) with its one signature.

    Attributes:
        payload_type: media type of the payload.
        payload: what was signed, before encoding.
        signature: over the pre-authentication encoding.
    """

    payload_type: str
    payload: bytes
    signature: bytes

    @property
    def encoding(self) -> bytes:
        """The pre-authentication encoding."""
        return encoding(self.payload_type, self.payload)


def encoding(payload_type: str, payload: bytes) -> bytes:
    """The pre-authentication encoding (DSSE `protocol.md`, version 1)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


@dataclass(frozen=True)
class MessageSignature:
    """A signature over an artifact.

    Attributes:
        digest: SHA-256 that it says it is of, in hexadecimal; empty when it does not say.
        signature: over the artifact.
    """

    digest: str
    signature: bytes
