"""Signed certificate timestamps: a certificate was published, its log says (RFC 6962, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509

from provider.signatures.rejection import RejectedError
from provider.signatures.trust.trust_root import Log

_UNKNOWN = (
    "ctfe public key not found for payload. Check your TUF root (see cosign initialize) or set a custom key with env "
    "var SIGSTORE_CT_LOG_PUBLIC_KEY_FILE"
)


def verify_logged(certificate: x509.Certificate, path: Sequence[x509.Certificate], logs: Sequence[Log]) -> None:
    """The certificate has exactly one timestamp, of a log of the trust root.

    Args:
        certificate: a leaf.
        path: those above it.
        logs: certificate transparency logs.

    Raises:
        RejectedError: it has not.
    """
    # Imported here: policies that waive it, and keys, should not pay for sigstore's client.
    from provider.signatures.evidence import keyring, sigstore_parts  # noqa: PLC0415

    try:
        found = certificate.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    except x509.ExtensionNotFound:
        sentence = "certificate does not include required embedded SCT and no detached SCT was set"
        raise RejectedError(sentence) from None
    except ValueError as error:
        raise RejectedError("the certificate's SCT cannot be read") from error
    if not logs:
        raise RejectedError("none of the CTFE keys have been found")
    known = {log.key_id for log in logs}
    if any(one.log_id not in known for one in found):
        raise RejectedError(_UNKNOWN)
    if len(found) != 1:
        raise RejectedError(f"error verifying embedded SCT: the certificate has {len(found)}, it must have one")
    try:
        sigstore_parts.verify_sct(certificate, list(path), keyring.LogKeys(logs, [one.timestamp for one in found]))
    except (sigstore_parts.VerificationError, ValueError) as error:
        raise RejectedError("error verifying embedded SCT: it is not the log's, or of another certificate") from error
