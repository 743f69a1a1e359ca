"""What readers of questions share: objects, their fields, and how what is wrong with them is said."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from provider.errors import QuestionError
from provider.foreign_text import shown
from provider.reasons import Reason


def known_fields(fields: Mapping[str, Any], known: AbstractSet[str], where: str) -> None:
    """Refuse fields of a later version.

    Raises:
        QuestionError: `QuestionUnsupported`, with the first of them.
    """
    unknown = sorted(fields.keys() - known)
    if unknown:
        raise unsupported(f"field {shown(unknown[0])!r} of {where}")


def as_object(value: object, name: str) -> Mapping[str, Any]:
    """The value, which must be an object.

    Raises:
        QuestionError: `KeyInvalid`.
    """
    if not isinstance(value, dict):
        raise invalid(f"`{name}` is no object")
    return value


def invalid(sentence: str) -> QuestionError:
    """A question that can never be answered."""
    return QuestionError(Reason.KEY_INVALID, sentence)


def unsupported(what: str) -> QuestionError:
    """A question that a later version may answer."""
    return QuestionError(Reason.QUESTION_UNSUPPORTED, f"this provider does not know {what}")
