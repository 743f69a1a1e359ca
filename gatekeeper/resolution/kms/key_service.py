"""What a key management service is asked for, and why it gives nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

from gatekeeper.policy.kms_reference import KmsReference

Reference_contra = TypeVar("Reference_contra", bound=KmsReference, contravariant=True)


class KeyServiceError(Exception):
    """There is no key. The sentence, without a full stop, says whose fault it is, and nothing of what was sent.

    Attributes:
        refuses: whether a policy cannot be carried over with it; else it can, and its authority vouches for nothing.
        gone: whether the service itself says that there is no such key any more: an older one counts no longer.
    """

    def __init__(self, sentence: str, *, refuses: bool = False, gone: bool = False) -> None:
        super().__init__(sentence)
        self.refuses = refuses
        self.gone = gone


@dataclass(frozen=True)
class ServiceKey:
    """A public key as a service gave it.

    Attributes:
        pem: one PEM block.
        long_hash: the hash that the service signs with where that is not SHA-256: `sha384`; else empty.
        kept: why it is the last good one and no newer; empty where it was read in time.
    """

    pem: str
    long_hash: str = ""
    kept: str = ""


class KeyService(Protocol[Reference_contra]):
    """Reads public keys; blocks, for a bounded time."""

    def public_key(self, reference: Reference_contra) -> ServiceKey:
        """The key that a reference means now.

        Raises:
            KeyServiceError: there is none.
        """
        ...
