"""Base64 and JSON as Go's standard library reads them, with its words for what it refuses."""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Final

from provider import json_weight, limits
from provider.golang.decoding import DecodeError, GoType, decode
from provider.golang.encoding_json import SyntaxProblemError, scan_whole
from provider.json_weight import WeightError
from provider.signatures.rejection import RejectionError

_FOREIGN: Final = re.compile(rb"[^A-Za-z0-9+/]")
_QUANTUM: Final = 4
_TO_STANDARD: Final = str.maketrans("-_", "+/")


class WeightRejectionError(RejectionError):
    """A document that holds more than anybody's, or is nested deeper."""


def from_base64(text: str) -> bytes:
    """The bytes behind base64 with padding (RFC 4648, section 4); line breaks are skipped.

    Raises:
        RejectionError: it is no such text.
    """
    raw = text.encode("utf-8", "replace").replace(b"\r", b"").replace(b"\n", b"")
    try:
        return base64.b64decode(raw, validate=True)
    except ValueError as error:
        raise RejectionError(f"illegal base64 data at input byte {_bad_byte(raw)}") from error


def from_protobuf_base64(text: str) -> bytes:
    """The bytes behind base64 as protobuf's JSON has it: either alphabet (RFC 4648, sections 4 and 5), padded or not.

    Raises:
        RejectionError: it is no such text, or a mixture of both.
    """
    if "-" in text or "_" in text:
        if "+" in text or "/" in text:
            raise RejectionError("base64 data of two alphabets")
        text = text.translate(_TO_STANDARD)
    return from_base64(text if "=" in text else text + "=" * (-len(text) % _QUANTUM))


def _bad_byte(raw: bytes) -> int:
    found = _FOREIGN.search(raw)
    if found and raw[found.start() : found.start() + 1] != b"=":
        return found.start()
    return (found.start() if found else len(raw)) // _QUANTUM * _QUANTUM


def from_json(body: bytes, wanted: GoType) -> Any:  # noqa: ANN401 - of the wanted type
    """A whole JSON document (Go's `json.Unmarshal`).

    Raises:
        RejectionError: it is none, or of another shape.
    """
    try:
        return decode(scan_whole(body), wanted)
    except (SyntaxProblemError, DecodeError, WeightError) as error:
        raise RejectionError(str(error)) from error


def strict_object(body: bytes, most: int = limits.JSON_PARTS) -> dict[str, Any]:
    """A JSON object in which no name stands twice, in any spelling: Go's decoder takes upper case for lower case.

    It is UTF-8 without a byte order mark, because Go knows no other; a text in it may be half a surrogate pair.

    Args:
        body: the document.
        most: how many values it may have.

    Raises:
        WeightRejectionError: it holds more than anybody's, or has an object of more names.
        RejectionError: it is none.
    """
    try:
        json_weight.check(body, most)
        document = json.loads(body.decode(), object_pairs_hook=_unique, parse_constant=_refused)
    except WeightError as error:
        raise WeightRejectionError(str(error)) from error
    except ValueError as error:
        raise RejectionError("it is no JSON, or a name in it stands twice") from error
    if not isinstance(document, dict):
        raise RejectionError("it is no JSON object")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > limits.JSON_NAMES:
        raise WeightError(f"an object in it has more than {limits.JSON_NAMES} names")
    fields = dict(pairs)
    if len(pairs) > 1 and len({*map(str.casefold, fields)}) != len(pairs):
        raise ValueError("a name stands twice")
    return fields


def _refused(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
