"""Certificates and private keys as PEM, of texts that anybody may have written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gatekeeper.certificates import limits
from provider import pem_certificates

PrivateKey = ec.EllipticCurvePrivateKey
# Those that Gatekeeper's TLS knows.
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)


def certificates(text: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates in a text, each once; what cannot be read is passed over."""
    if len(text) > limits.TEXT_BYTES:
        return ()
    found = (_certificate(block) for block in pem_certificates.read(text).usable)
    return tuple(dict.fromkeys(each for each in found if each is not None))


def private_key(text: bytes) -> PrivateKey | None:
    """The private key in a text, which is none of ours where it is no such key."""
    try:
        key = serialization.load_pem_private_key(text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, PrivateKey) and isinstance(key.curve, _CURVES) else None


def text_of(found: Iterable[x509.Certificate]) -> bytes:
    """Certificates, one after another."""
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in found)


def text_of_key(key: PrivateKey) -> bytes:
    """A private key, without a passphrase."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate(block: bytes) -> x509.Certificate | None:
    try:
        found = x509.load_pem_x509_certificate(block)
        # Both are read late by the library, and may be what nothing can read.
        found.public_key()
        found.not_valid_after_utc  # noqa: B018 - whether it can be read
    except (ValueError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm):
        return None
    return found
