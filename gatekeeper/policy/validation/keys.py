"""Public keys in PEM form, as the webhook reads them: the first block of the text, PKIX or PKCS#1.

Certificates are refused, and so is everything private; what is refused as a key may be a secret by mistake.
"""

from __future__ import annotations

import base64
import binascii
import re
import textwrap
from dataclasses import dataclass
from typing import Final

HASHES: Final = ("sha224", "sha256", "sha384", "sha512")
DEFAULT_HASH: Final = "sha256"

# RFC 7468, section 2.
_LINE_CHARACTERS: Final = 64
_BEGIN: Final = "-----BEGIN "
_END: Final = "\n-----END "
_DASHES: Final = "-----"
_NO_SPACE: Final = {ord(character): None for character in " \t\r\n"}
_PKIX: Final = "PUBLIC KEY"
_PKCS1: Final = "RSA PUBLIC KEY"
_PRIVATE: Final = re.compile(r"private|secret|encrypted", re.IGNORECASE)
_PUBLIC: Final = re.compile(r"BEGIN (?:PUBLIC KEY|RSA PUBLIC KEY|CERTIFICATE)-----")
# Shorter text is no private key.
_HARMLESS_CHARACTERS: Final = 40
_CURVES: Final = frozenset({"secp224r1", "secp256r1", "secp384r1", "secp521r1"})
_HEADER: Final = re.compile(r"[^\n]*?:[^\n]*\n")


@dataclass(frozen=True)
class Block:
    """One PEM block.

    Attributes:
        label: what stands after BEGIN.
        content: the decoded bytes.
    """

    label: str
    content: bytes

    @property
    def text(self) -> str:
        """The block as PEM and nothing else."""
        body = base64.encodebytes(self.content).decode().replace("\n", "")
        lines = "\n".join(textwrap.wrap(body, _LINE_CHARACTERS))
        return f"{_BEGIN}{self.label}{_DASHES}\n{lines}{_END}{self.label}{_DASHES}\n"


def hash_algorithm(name: str) -> str | None:
    """The algorithm that a name means (`" SHA256 "` is `sha256`), None when it means none."""
    normal = name.strip().lower() or DEFAULT_HASH
    return normal if normal in HASHES else None


def is_secret(text: str) -> bool:
    """Whether a text that should be a public key may be something that must not be shown.

    Shown is what says that it is public and what is too short for a key.
    """
    if _PRIVATE.search(text):
        return True
    return len(text) > _HARMLESS_CHARACTERS and not _PUBLIC.search(text)


def problem(text: str) -> str:
    """Why the text is no public key that signatures can be checked with; empty when it is one."""
    block = first_block(text)
    if block is None:
        return "it holds no PEM block"
    if block.label not in {_PKIX, _PKCS1}:
        return f"it is a {block.label[:40]}, not a PUBLIC KEY"
    return _key_fault(block)


def extra_blocks(text: str) -> int:
    """How many more PEM blocks follow the first, which is the only one that counts."""
    return max(0, text.count(_BEGIN) - 1)


def first_block(text: str) -> Block | None:
    """The first well-formed PEM block (RFC 7468, read as leniently as Go reads it): malformed ones are skipped."""
    position = 0
    while (end := text.find(_END, position)) >= 0:
        begin = text.rfind(_BEGIN, position, end + 1)
        if begin == position or (begin > position and text[begin - 1] == "\n"):
            block = _block(text[begin + len(_BEGIN) : end + 1], text[end + len(_END) :])
            if block is not None:
                return block
        position = end + len(_END)
    return None


def _block(start: str, trailer: str) -> Block | None:
    """The block between BEGIN and END: its label and body, and what stands after END."""
    first, _, body = start.partition("\n")
    label = first.rstrip(" \t\r")
    last = trailer.partition("\n")[0].rstrip(" \t\r")
    if not label.endswith(_DASHES) or last != label:
        return None
    content = _content(body)
    return None if content is None else Block(label.removesuffix(_DASHES), content)


def _content(body: str) -> bytes | None:
    start = 0
    while header := _HEADER.match(body, start):
        start = header.end()
    try:
        return base64.b64decode(body[start:].translate(_NO_SPACE), validate=True)
    except (binascii.Error, ValueError):
        return None


def _key_fault(block: Block) -> str:
    # cryptography costs 50 ms to import; only policies with keys pay for it.
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x25519  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415

    try:
        key = load_der_public_key(block.content)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "its content is no public key"
    if block.label == _PKCS1 and not isinstance(key, rsa.RSAPublicKey):
        return "its content is no RSA key"
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in _CURVES:
        return f"its curve {key.curve.name} is not one of {', '.join(sorted(_CURVES))}"
    known = (rsa.RSAPublicKey, ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey, dsa.DSAPublicKey)
    if not isinstance(key, (*known, x25519.X25519PublicKey)):
        return "its algorithm is not supported"
    return ""
