"""Public keys, and what a signature by one must look like.

The algorithm is fixed by the key's type and, for ECDSA and RSA, by the hash that the policy names; nothing in the
signed material has a say. Signatures have one encoding: DER for ECDSA (RFC 3279, section 2.2.3), so that r and s in
plain, which cosign takes as well, are refused; PKCS #1 v1.5 for RSA (RFC 8017, section 8.2); RFC 8032 for Ed25519.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from provider.errors import ImageError
from provider.questions.proof_question import HashAlgorithm
from provider.reasons import Reason
from provider.signatures.rejection import RejectionError

_Supported: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
_Hash: TypeAlias = hashes.HashAlgorithm | utils.Prehashed
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_RSA_BITS: Final = range(2048, 8192 + 1)
_HASHES: Final[Mapping[HashAlgorithm, hashes.HashAlgorithm]] = {
    HashAlgorithm.SHA224: hashes.SHA224(),
    HashAlgorithm.SHA256: hashes.SHA256(),
    HashAlgorithm.SHA384: hashes.SHA384(),
    HashAlgorithm.SHA512: hashes.SHA512(),
}
HASH_BY_CURVE: Final[Mapping[str, HashAlgorithm]] = {
    "secp384r1": HashAlgorithm.SHA384,
    "secp521r1": HashAlgorithm.SHA512,
}
"""What larger curves hash with in bundles and logs; all else hashes with SHA-256 (sigstore's algorithm registry)."""
_BEGIN: Final = "-----BEGIN "
_LABELS: Final = frozenset({"PUBLIC KEY", "RSA PUBLIC KEY"})
_LONGEST_PLAIN: Final = 132


@dataclass(frozen=True)
class PublicKey:
    """A key that signatures are verified with.

    Attributes:
        key: the library's.
        hash_algorithm: for ECDSA and RSA.
    """

    key: _Supported
    hash_algorithm: HashAlgorithm = HashAlgorithm.SHA256

    @cached_property
    def spki(self) -> bytes:
        """The SubjectPublicKeyInfo, DER (RFC 5280, section 4.1)."""
        return self.key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    @cached_property
    def pem(self) -> bytes:
        """The same as PEM."""
        return self.key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    @cached_property
    def fingerprint(self) -> str:
        """By what people compare keys: SHA-256 of the SubjectPublicKeyInfo, in hexadecimal."""
        return hashlib.sha256(self.spki).hexdigest()

    @cached_property
    def revision(self) -> str:
        """What results of verifying with it are remembered under."""
        return f"{self.fingerprint}/{self.hash_algorithm}"

    def verify(self, signature: bytes, message: bytes) -> None:
        """Verify a signature.

        Raises:
            RejectionError: it is not this key's, or of another message.
        """
        if isinstance(self.key, ed25519.Ed25519PublicKey):
            _verify_ed25519(self.key, signature, message)
        elif isinstance(self.key, rsa.RSAPublicKey):
            _verify_rsa(self.key, _HASHES[self.hash_algorithm], signature, message)
        else:
            _verify_ecdsa(self.key, _HASHES[self.hash_algorithm], signature, message)

    def verify_digest(self, signature: bytes, digest: bytes) -> None:
        """Verify a signature over a message of which only the SHA-256 is known.

        Raises:
            RejectionError: it is not this key's, or the key does not sign so.
        """
        prehashed = utils.Prehashed(hashes.SHA256())
        if self.hash_algorithm is not HashAlgorithm.SHA256 or isinstance(self.key, ed25519.Ed25519PublicKey):
            raise RejectionError("the key does not sign SHA-256 digests")
        if isinstance(self.key, rsa.RSAPublicKey):
            _verify_rsa(self.key, prehashed, signature, digest)
        else:
            _verify_ecdsa(self.key, prehashed, signature, digest)


@lru_cache(maxsize=256)
def load(pem: str, hash_algorithm: HashAlgorithm) -> PublicKey:
    """The one public key of a PEM text.

    Raises:
        ImageError: `KeyInvalid`; the text itself is never shown, because it might be a private key.
    """
    label = pem.partition(_BEGIN)[2].partition("-----")[0]
    if "PRIVATE KEY" in pem:
        raise _invalid("the key is a private key; give the public one, and replace the pair: this one has been shown")
    if pem.count(_BEGIN) != 1 or label not in _LABELS:
        raise _invalid("the key must be exactly one PEM block `PUBLIC KEY` or `RSA PUBLIC KEY`")
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _invalid("the key's PEM block holds no public key that can be read") from error
    return supported(key, hash_algorithm)


def supported(key: object, hash_algorithm: HashAlgorithm = HashAlgorithm.SHA256) -> PublicKey:
    """A key of the library, if it is of a kind and strength that we take.

    Raises:
        ImageError: `KeyInvalid`.
    """
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
        return PublicKey(key, hash_algorithm)
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size not in _RSA_BITS:
            raise _invalid(f"the RSA key has {key.key_size} bits; {_RSA_BITS.start} to {_RSA_BITS.stop - 1} are taken")
        return PublicKey(key, hash_algorithm)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return PublicKey(key, hash_algorithm)
    raise _invalid("the key is none of ECDSA on P-256, P-384 or P-521, RSA, Ed25519")


def _verify_ecdsa(key: ec.EllipticCurvePublicKey, algorithm: _Hash, signature: bytes, message: bytes) -> None:
    try:
        utils.decode_dss_signature(signature)
    except ValueError as error:
        plain = 0 < len(signature) <= _LONGEST_PLAIN and len(signature) % 2 == 0
        sentence = "invalid signature when validating IEEE_P1363 encoded signature"
        raise RejectionError(sentence if plain else "ecdsa: Invalid IEEE_P1363 encoded bytes") from error
    try:
        key.verify(signature, message, ec.ECDSA(algorithm))
    except InvalidSignature as error:
        raise RejectionError("invalid signature when validating ASN.1 encoded signature") from error


def _verify_rsa(key: rsa.RSAPublicKey, algorithm: _Hash, signature: bytes, message: bytes) -> None:
    try:
        key.verify(signature, message, padding.PKCS1v15(), algorithm)
    except InvalidSignature as error:
        raise RejectionError("crypto/rsa: verification error") from error


def _verify_ed25519(key: ed25519.Ed25519PublicKey, signature: bytes, message: bytes) -> None:
    try:
        key.verify(signature, message)
    except InvalidSignature as error:
        raise RejectionError("failed to verify signature") from error


def _invalid(sentence: str) -> ImageError:
    return ImageError(Reason.KEY_INVALID, sentence)
