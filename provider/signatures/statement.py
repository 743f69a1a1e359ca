"""In-toto statements, read once and strictly, for the comparison of digests and for policies alike.

A name that stands twice, or in two spellings where the statement's own fields are, is refused, because readers would
differ in what it says. Fields that nobody knows are ignored (in-toto, "Parsing rules"), and a predicate may be of any
type. Numbers are what Go's float64 makes of them, because policies were written against that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from provider import json_weight, limits
from provider.foreign_text import shown
from provider.json_weight import WeightError
from provider.signatures.rejection import RejectionError

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
# Go writes larger whole numbers with an exponent.
_WHOLE: Final = 1e21
# Below this every whole number is a float of its own.
_EXACT: Final = 2.0**53


@dataclass(frozen=True)
class StatementSubject:
    """What a statement is about.

    Attributes:
        name: as the statement has it.
        digests: by algorithm.
    """

    name: str
    digests: Mapping[str, str]


@dataclass(frozen=True)
class Statement:
    """A statement (in-toto attestation framework, `spec/v1/statement.md`).

    Attributes:
        type: `_type`, which nobody checks.
        predicate_type: URI.
        subjects: in their order.
        predicate: any JSON; None where there is none.
    """

    type: str
    predicate_type: str
    subjects: Sequence[StatementSubject]
    predicate: Any

    def verify_subject(self, digest: str) -> None:
        """Compare its subjects with a digest, as text.

        Raises:
            RejectionError: none of them is of it.
        """
        algorithm, _, hexadecimal = digest.partition(":")
        if not any(subject.digests.get(algorithm) == hexadecimal for subject in self.subjects):
            raise RejectionError("no matching subject digest found")

    def document(self, predicate: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """What a policy's rule gets, with this predicate."""
        return {
            "_type": self.type,
            "predicateType": self.predicate_type,
            "subject": [{"name": each.name, "digest": dict(each.digests)} for each in self.subjects],
            "predicate": predicate,
        }


def read(payload: bytes) -> Statement:
    """Read a statement.

    Raises:
        RejectionError: it is none, or means different things to different readers.
    """
    fields = _object(_document(payload), "the statement")
    subjects = fields.get("subject")
    if subjects is not None and not isinstance(subjects, list):
        raise RejectionError("the statement's subject is no list")
    if len(subjects or ()) > limits.STATEMENT_SUBJECTS:
        raise RejectionError(f"the statement has more than {limits.STATEMENT_SUBJECTS} subjects")
    return Statement(
        _text(fields, "_type"),
        _text(fields, "predicateType"),
        tuple(_subject(each) for each in subjects or ()),
        fields.get("predicate"),
    )


def _document(payload: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        json_weight.check(payload, limits.ATTESTATION_PARTS)
        document = json.loads(
            payload.decode(),
            object_pairs_hook=_unique,
            parse_constant=_refused,
            parse_int=_number,
            parse_float=_number,
        )
        if b"\\u" in payload:
            # Half a surrogate pair is no text.
            json.dumps(document, ensure_ascii=False).encode()
    except WeightError as error:
        raise RejectionError(f"the statement cannot be read: {error}") from error
    except (ValueError, RecursionError) as error:
        raise RejectionError("the statement is no JSON, or a name in it stands twice") from error
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name stands twice")
    return fields


def _refused(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _number(text: str) -> float:
    value = float(text)
    if abs(value) < _WHOLE:
        if not value.is_integer() or (not value and text.startswith("-")):
            return value
        # Go writes the fewest digits that name the value, and zeros after them.
        return int(value) if abs(value) < _EXACT else int(Decimal(repr(value)))
    if value in {float("inf"), float("-inf")}:
        raise ValueError(f"{text[: limits.SHOWN_CHARACTERS]} is too large")
    return value


def _object(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise RejectionError(f"{what} is no JSON object")
    if len({name.casefold() for name in value}) != len(value):
        raise RejectionError(f"{what} has a name in two spellings")
    return value


def _subject(value: object) -> StatementSubject:
    fields = _object(value, "a subject of the statement")
    digests = fields.get("digest") or {}
    if not isinstance(digests, dict) or not all(isinstance(each, str) for each in digests.values()):
        raise RejectionError("a digest of the statement is no text")
    return StatementSubject(_text(fields, "name"), digests)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise RejectionError(f"{shown(name)} of the statement is no text")
    return value or ""
