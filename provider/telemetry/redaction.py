"""Takes secrets out of what is logged: by the name of a field, and by the look of a text."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

REDACTED: Final = "[redacted]"

Fields: TypeAlias = MutableMapping[str, Any]

_SECRET_NAMES: Final = re.compile(
    r"authorization|cookie|password|passwd|secret|token|credential|private_key", re.IGNORECASE
)


@dataclass(frozen=True)
class _SecretText:
    """How a secret looks in a text.

    Attributes:
        marks: no text of ASCII without one of them, in lower case, has such a secret: to look for a mark costs a
            hundredth of what the pattern costs, and each field of each line is looked at.
        pattern: the secret, and what stands before it.
        replacement: what is left.
    """

    marks: Sequence[str]
    pattern: re.Pattern[str]
    replacement: str


_SECRET_TEXTS: Final[Sequence[_SecretText]] = (
    _SecretText(
        ("-----begin",),
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL),
        REDACTED,
    ),
    _SecretText(
        ("basic", "bearer"),
        re.compile(r"\b(Basic|Bearer)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE),
        rf"\1 {REDACTED}",
    ),
    _SecretText(
        ("://",),
        re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@'\"]+@", re.IGNORECASE),
        rf"\1{REDACTED}@",
    ),
    # The same without a scheme, as in an image reference; what comes before a digest is a tag.
    _SecretText(
        ("@",),
        re.compile(r"(?<![^\s'\"=(])[^\s/@'\":]+:[^\s/@'\"]+@(?!sha\d+:)"),
        f"{REDACTED}@",
    ),
    # Redirects to blobs carry their right in the query.
    _SecretText(
        ("://",),
        re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s?'\"]+)\?[^\s'\"]*", re.IGNORECASE),
        rf"\1?{REDACTED}",
    ),
    _SecretText(
        ("passw", "secret", "token"),
        re.compile(r"((?:password|passwd|secret|token)[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&]{3,}", re.IGNORECASE),
        rf"\1{REDACTED}",
    ),
)


# Most texts have none at all.
_ALL_MARKS: Final = tuple(sorted({mark for secret in _SECRET_TEXTS for mark in secret.marks}))


def redact(_logger: object, _method: str, event: Fields) -> Fields:
    """A processor that takes secrets out: by the name of the field, and by the look of the text."""
    return {
        name: REDACTED if value is not None and _names_a_secret(name) else _without_secrets(value)
        for name, value in event.items()
    }


@lru_cache(maxsize=1024)
def _names_a_secret(name: str) -> bool:
    return _SECRET_NAMES.search(name) is not None


def _without_secrets(value: Any) -> Any:  # noqa: ANN401 - whatever is logged
    if isinstance(value, str):
        return _without_secret_texts(value)
    if isinstance(value, Mapping):
        return redact(None, "", {str(name): inner for name, inner in value.items()})
    if isinstance(value, list | tuple):
        return [_without_secrets(inner) for inner in value]
    if isinstance(value, bool | int | float) or value is None:
        return value
    return _without_secrets(str(value))


def _without_secret_texts(text: str) -> str:
    # Letters beyond ASCII count as others without case ("\u017fecret").
    low = text.lower() if text.isascii() else None
    if low is not None and not _has_one(low, _ALL_MARKS):
        return text
    for secret in _SECRET_TEXTS:
        if low is None or _has_one(low, secret.marks):
            text = secret.pattern.sub(secret.replacement, text)
    return text


def _has_one(text: str, marks: Sequence[str]) -> bool:
    # A generator costs four times as much, in each field of each line.
    for mark in marks:  # noqa: SIM110
        if mark in text:
            return True
    return False
