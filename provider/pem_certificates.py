"""Certificates of authorities in a PEM file, each of which stands by itself: one that is damaged spoils no other."""

from __future__ import annotations

import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# OpenSSL reads both labels; the longer one is of its early days.
_BEGIN: Final = re.compile(rb"(?=-----BEGIN (?:X509 )?CERTIFICATE-----)")
_BLOCK: Final = re.compile(rb"-----BEGIN ((?:X509 )?CERTIFICATE)-----[^-]*-----END \1-----")


@dataclass(frozen=True)
class PEMCertificates:
    """The certificates of a file.

    Attributes:
        usable: the blocks that OpenSSL reads, in their order.
        problems: of the others, also of one that is cut short; a few words each, without the file's name.
    """

    usable: Sequence[bytes]
    problems: Sequence[str] = ()


def read(content: bytes) -> PEMCertificates:
    """The certificates in a PEM text; what stands between them is passed over."""
    parts = _BEGIN.split(content)[1:]
    blocks = [_BLOCK.match(part) for part in parts]
    usable = [block[0] if block and _is_usable(block[0]) else b"" for block in blocks]
    problems = [
        f"certificate {number} of {len(parts)} cannot be read" for number, one in enumerate(usable, start=1) if not one
    ]
    return PEMCertificates(tuple(filter(None, usable)), tuple(problems))


def _is_usable(block: bytes) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=block.decode("ascii"))
    except (ssl.SSLError, ValueError):
        return False
    return context.cert_store_stats()["x509"] == 1
