"""Text to plain values: JSON where it is JSON, else YAML; within bounds."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any, Final

from gatekeeper.documents.problems import DocumentError, Problem
from gatekeeper.documents.scalars import Json
from gatekeeper.documents.yaml_text import TextError, YamlDocument, documents, shown, too_deep
from provider import limits

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def read_values(text: str, file: str, *, with_lines: bool = False) -> list[YamlDocument]:
    """Every document in a text.

    JSON text is read as JSON, because it is faster and JSON's escapes are not all YAML's; it has no lines.

    Raises:
        DocumentError: the text is neither, or beyond a bound.
    """
    try:
        if text.lstrip()[:1] in {"{", "["}:
            found = _json(text)
            if found is not None:
                return [found]
        return list(documents(text, with_lines=with_lines))
    except TextError as refusal:
        message = f"line {refusal.line}: {refusal.message}" if refusal.line else refusal.message
        raise DocumentError([Problem("", message, file=file, line=refusal.line)]) from refusal


def _json(text: str) -> YamlDocument | None:
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None  # perhaps YAML's flow style; if not, the YAML reader finds the line
    _check_depth(value)
    return YamlDocument(_whole(value) if "\\u" in text else value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise TextError(f"the key {shown(twice)} stands twice in one mapping")
    return mapping


def _no_constant(word: str) -> None:
    raise ValueError(word)


def _check_depth(value: Json) -> None:
    pending = [(value, 0)]
    while pending:
        item, depth = pending.pop()
        if depth > limits.DOCUMENT_DEPTH:
            raise too_deep()
        if isinstance(item, dict):
            pending += [(member, depth + 1) for member in item.values()]
        elif isinstance(item, list):
            pending += [(member, depth + 1) for member in item]
        elif isinstance(item, float) and not math.isfinite(item):
            raise TextError("holds a number that is larger than Kubernetes can hold")


def _whole(value: Json) -> Json:
    """The value with halves of surrogate pairs replaced, as Go replaces them: they are no text."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_whole(key): _whole(member) for key, member in value.items()}
    return [_whole(member) for member in value] if isinstance(value, list) else value
