"""Logs that record signatures, or certificates."""

from __future__ import annotations

from dataclasses import dataclass

from provider.signatures.trust.authority import ALWAYS, Validity
from provider.signatures.trust.keys import PublicKey


@dataclass(frozen=True)
class TransparencyLog:
    """A transparency log, of signatures or of certificates.

    Attributes:
        key_id: what its entries name it by; SHA-256 of the public key unless the file says otherwise.
        key: what it signs with.
        url: its base URL; checkpoints of a log with tiles name its host.
        validity: when it may be believed.
    """

    key_id: bytes
    key: PublicKey
    url: str = ""
    validity: Validity = ALWAYS
