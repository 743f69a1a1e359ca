"""What makes an entry of a shared store ours: a name that says to nobody what it stands for, and a seal on its value.

Both are HMAC-SHA256 (RFC 2104) under a key that is no part of the store. Who can read the store learns neither
repositories nor tags nor who asks for them; who can write to it can make nothing that we take for our own, nor
move what is ours to another name.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Final

from provider import limits
from provider.errors import FileError

# Of the form of everything that is in a store: another version sees nothing of it, and is not seen.
VERSION: Final = "1"
PRODUCT: Final = "bestbefore:"
PREFIX: Final = f"{PRODUCT}{VERSION}:"
_MAC_BYTES: Final = hashlib.sha256().digest_size


class Seal:
    """One key's.

    Args:
        key: the secret; at least `limits.STORE_KEY_BYTES` of it.
    """

    def __init__(self, key: bytes) -> None:
        self._names = _mac(key, b"bestbefore names")
        self._values = _mac(key, b"bestbefore values")

    def name(self, kind: str, *parts: str) -> str:
        """The name of an entry.

        Args:
            kind: of entries: it stands in the name as it is.
            parts: what the entry is about; the order counts.
        """
        about = json.dumps([kind, *parts]).encode()
        return f"{PREFIX}{kind}:{_mac(self._names, about).hex()}"

    def close(self, name: str, payload: bytes) -> bytes:
        """The value of an entry: the payload behind its seal, which holds under this name alone."""
        return self._seal(name, payload) + payload

    def open(self, name: str, body: bytes) -> bytes | None:
        """The payload of a value; None where the seal is not ours, or of another name."""
        seal, payload = body[:_MAC_BYTES], body[_MAC_BYTES:]
        return payload if hmac.compare_digest(seal, self._seal(name, payload)) else None

    def _seal(self, name: str, payload: bytes) -> bytes:
        return _mac(self._values, name.encode() + b"\0" + payload)


def read(text: bytes) -> Seal:
    """The seal whose key a file holds; a line's end behind it does not count.

    Raises:
        FileError: it is too short to be a secret.
    """
    key = text.strip()
    if len(key) < limits.STORE_KEY_BYTES:
        raise FileError(f"its key has {len(key)} bytes, and needs {limits.STORE_KEY_BYTES} at least")
    return Seal(key)


def content_name(digest: str) -> str:
    """The name of a document: its digest says all there is to prove about it."""
    return f"{PREFIX}document:{digest}"


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")
