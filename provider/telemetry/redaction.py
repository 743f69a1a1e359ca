"""Takes secrets out of what is logged: by the name of a field, and by the look of a text."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any, Final, TypeAlias

REDACTED: Final = "[redacted]"

Fields: TypeAlias = MutableMapping[str, Any]

_SECRET_NAMES: Final = re.compile(
    r"authorization|cookie|password|passwd|secret|token|credential|private_key", re.IGNORECASE
)
_SECRET_TEXTS: Final[Sequence[tuple[re.Pattern[str], str]]] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL), REDACTED),
    (re.compile(r"\b(Basic|Bearer)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), rf"\1 {REDACTED}"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@'\"]+@", re.IGNORECASE), rf"\1{REDACTED}@"),
    # The same without a scheme, as in an image reference; what comes before a digest is a tag.
    (re.compile(r"(?<![^\s'\"=(])[^\s/@'\":]+:[^\s/@'\"]+@(?!sha\d+:)"), f"{REDACTED}@"),
    # Redirects to blobs carry their right in the query.
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s?'\"]+)\?[^\s'\"]*", re.IGNORECASE), rf"\1?{REDACTED}"),
    (
        re.compile(r"((?:password|passwd|secret|token)[\"']?\s*[=:]\s*[\"']?)[^\s\"',;&]{3,}", re.IGNORECASE),
        rf"\1{REDACTED}",
    ),
)


def redact(_logger: object, _method: str, event: Fields) -> Fields:
    """A processor that takes secrets out: by the name of the field, and by the look of the text."""
    return {
        name: REDACTED if _SECRET_NAMES.search(name) and value is not None else _without_secrets(value)
        for name, value in event.items()
    }


def _without_secrets(value: Any) -> Any:  # noqa: ANN401 - whatever is logged
    if isinstance(value, str):
        for pattern, replacement in _SECRET_TEXTS:
            value = pattern.sub(replacement, value)
        return value
    if isinstance(value, Mapping):
        return redact(None, "", {str(name): inner for name, inner in value.items()})
    if isinstance(value, list | tuple):
        return [_without_secrets(inner) for inner in value]
    if isinstance(value, bool | int | float) or value is None:
        return value
    return _without_secrets(str(value))
