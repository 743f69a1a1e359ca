"""Signed certificate timestamps: a certificate was published, its log says (RFC 6962, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509

from provider.signatures.rejection import RejectionError
from provider.signatures.trust.transparency_log import TransparencyLog

# Upstream goes on with advice for its own command line, which has no effect here.
_UNKNOWN = (
    "ctfe public key not found for payload. The certificate was logged elsewhere: the policy's trust root names no "
    "such certificate transparency log"
)


def verify_logged(
    certificate: x509.Certificate, path: Sequence[x509.Certificate], logs: Sequence[TransparencyLog]
) -> None:
    """The certificate has exactly one timestamp, of a log of the trust root.

    Args:
        certificate: a leaf.
        path: those above it.
        logs: certificate transparency logs.

    Raises:
        RejectionError: it has not.
    """
    # Imported here: policies that waive it, and keys, should not pay for sigstore's client.
    from provider.signatures.evidence import keyring, sigstore_parts  # noqa: PLC0415

    try:
        found = certificate.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    except x509.ExtensionNotFound:
        sentence = "certificate does not include required embedded SCT and no detached SCT was set"
        raise RejectionError(sentence) from None
    except ValueError as error:
        raise RejectionError("the certificate's SCT cannot be read") from error
    if not logs:
        raise RejectionError("none of the CTFE keys have been found")
    known = {log.key_id for log in logs}
    if any(one.log_id not in known for one in found):
        raise RejectionError(_UNKNOWN)
    if len(found) != 1:
        raise RejectionError(f"error verifying embedded SCT: the certificate has {len(found)}, it must have one")
    try:
        sigstore_parts.verify_sct(certificate, list(path), keyring.LogKeys(logs, [one.timestamp for one in found]))
    except (sigstore_parts.VerificationError, ValueError) as error:
        raise RejectionError("error verifying embedded SCT: it is not the log's, or of another certificate") from error
