"""Digests: an algorithm and what it makes of a document (OCI image specification, `descriptor.md`, "Digests").

Both algorithms that the specification registers for everybody are known, and verified: a document matches its digest by
the algorithm that the digest names, never by another.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

_DIGEST: Final = re.compile(r"sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128}", re.ASCII)
_TAG_ENCODED: Final = 64
EXPECTED: Final = "sha256: and 64, or sha512: and 128, lower-case hexadecimal digits"


def is_digest(text: str) -> bool:
    """Whether it is a digest of an algorithm that is known, in the one way to write it."""
    return _DIGEST.fullmatch(text) is not None


def algorithm(digest: str) -> str:
    """`sha256` or `sha512`."""
    return digest.partition(":")[0]


def encoded(digest: str) -> str:
    """The hexadecimal digits."""
    return digest.partition(":")[2]


def of(body: bytes, like: str = "sha256:") -> str:
    """The digest of a document, by the algorithm of another digest.

    Args:
        body: the document.
        like: a digest that `is_digest`; SHA-256 where it is not given.
    """
    if algorithm(like) == "sha512":
        return "sha512:" + hashlib.sha512(body).hexdigest()
    return "sha256:" + hashlib.sha256(body).hexdigest()


def matches(digest: str, body: bytes) -> bool:
    """Whether a document is the one that a digest names."""
    return hmac.compare_digest(of(body, digest), digest)


def tag(digest: str) -> str:
    """The tag of what refers to a digest (OCI distribution specification, "Referrers Tag Schema"): it is cut to fit."""
    return f"{algorithm(digest)}-{encoded(digest)[:_TAG_ENCODED]}"
