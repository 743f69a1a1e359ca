"""Of what a service answered, the public key: nothing else goes into a policy."""

from __future__ import annotations

from typing import Final

from gatekeeper.policy.validation import keys
from gatekeeper.resolution.kms.key_service import KeyServiceError, ServiceKey

_PEM_CHARACTERS: Final = 16 * 1024
# What Amazon, Google and Azure sign with, by the curve of the key.
_LONG_HASHES: Final = {"secp384r1": "sha384", "secp521r1": "sha512"}


def of_pem(pem: object, service: str) -> ServiceKey:
    """A key of a PEM text.

    Args:
        pem: what the service sent.
        service: its name, for messages.

    Raises:
        KeyServiceError: it is no public key that signatures can be checked with.
    """
    if not isinstance(pem, str) or len(pem) > _PEM_CHARACTERS:
        raise bad_answer(service, "no PEM text")
    block = keys.first_block(pem)
    if block is None or (reason := keys.problem(pem)):
        raise bad_answer(service, "no PEM text" if block is None else f"no key that can be used: {reason}")
    return ServiceKey(block.text)


def of_der(content: object, service: str) -> ServiceKey:
    """A key of a SubjectPublicKeyInfo in DER; see `of_pem`."""
    if not isinstance(content, bytes):
        raise bad_answer(service, "no public key")
    return of_pem(keys.Block("PUBLIC KEY", content).text, service)


def with_long_hash(key: ServiceKey) -> ServiceKey:
    """The key with the hash that its service signs with, as the clouds choose it by the curve."""
    # cryptography costs 50 ms to import; only policies with keys pay for it.
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    found = load_pem_public_key(key.pem.encode())
    curve = found.curve.name if isinstance(found, ec.EllipticCurvePublicKey) else ""
    return ServiceKey(key.pem, _LONG_HASHES.get(curve, ""))


def bad_answer(service: str, what: str) -> KeyServiceError:
    """What to say of an answer that cannot be used: it stays so until somebody changes the policy or the key."""
    return KeyServiceError(f"{service} answered with {what}", refuses=True)
