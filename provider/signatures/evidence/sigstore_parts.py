"""What we use of sigstore's Python client beyond its public interface, in one place.

Its public verifier wants a certificate, a log entry and an SCT at once; policies may ask for less, or for a key. The
parts below it do what is ours to arrange. `test_sigstore_parts.py` fails when one of them moves or changes its meaning.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, cast

from cryptography.x509 import Certificate
from sigstore._internal.merkle import verify_merkle_inclusion as _verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import SignedCheckpoint
from sigstore._internal.rekor.checkpoint import verify_checkpoint as _verify_checkpoint
from sigstore._internal.sct import verify_sct as _verify_sct
from sigstore._internal.trust import CTKeyring, RekorKeyring
from sigstore.errors import VerificationError
from sigstore.models import TransparencyLogEntry
from sigstore_models.rekor.v1 import TransparencyLogEntry as Entry

from provider.signatures.evidence.log_entry import InclusionProof, LogEntry

__all__ = ["Keyring", "VerificationError", "verify_inclusion", "verify_sct"]


class Keyring(Protocol):
    """Keys of logs; sigstore's own tries all of them where the id is unknown, ours does not."""

    def verify(self, *, key_id: bytes, signature: bytes, data: bytes) -> None:
        """Verify a signature by the log of that id.

        Raises:
            VerificationError: no such log, or not its signature.
        """
        ...


def verify_sct(certificate: Certificate, path: list[Certificate], logs: Keyring) -> None:
    """The one signed certificate timestamp of a certificate (RFC 6962, section 3.2).

    Args:
        certificate: the leaf.
        path: the certificates above it.
        logs: certificate transparency logs.

    Raises:
        VerificationError: none, several, or not a log's.
    """
    _verify_sct(certificate, path, cast("CTKeyring", logs))


def verify_inclusion(entry: LogEntry, proof: InclusionProof, logs: Keyring) -> None:
    """A log entry's inclusion in a tree whose checkpoint the log has signed.

    That is RFC 9162, section 2.1.3.2, and the transparency-dev formats `log/README.md` and `note`.

    Raises:
        VerificationError: it is in no such tree; the message says which step did not hold.
        ValueError: the proof cannot be read.
    """
    wrapped = TransparencyLogEntry(Entry.model_validate(_fields(entry, proof)))
    with _says("its proof leads to another root"):
        _verify_merkle_inclusion(wrapped)
    with _says("the checkpoint cannot be read"):
        checkpoint = SignedCheckpoint.from_text(proof.checkpoint).checkpoint
    if (checkpoint.log_hash, checkpoint.log_size) != (proof.root.hex(), proof.size):
        raise VerificationError("the checkpoint is of another tree")
    with _says("the checkpoint is not signed by its log"):
        _verify_checkpoint(cast("RekorKeyring", logs), wrapped)


@contextmanager
def _says(sentence: str) -> Iterator[None]:
    """Say of a step what did not hold; the library's own sentences may change."""
    try:
        yield
    except (VerificationError, ValueError) as error:
        raise VerificationError(sentence) from error


def _fields(entry: LogEntry, proof: InclusionProof) -> dict[str, object]:
    """The entry as sigstore's models want it; they know no members that protobuf leaves out."""
    name, version = entry.kind
    return {
        "logIndex": str(entry.index),
        "logId": {"keyId": _base64(entry.log_id)},
        "kindVersion": {"kind": name, "version": version},
        "canonicalizedBody": _base64(entry.body),
        "inclusionProof": {
            "logIndex": str(proof.index),
            "treeSize": str(proof.size),
            "rootHash": _base64(proof.root),
            "hashes": [_base64(one) for one in proof.hashes],
            "checkpoint": {"envelope": proof.checkpoint},
        },
    }


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
