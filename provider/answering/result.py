"""What there is to say about a key: as bytes, so that giving it again costs next to nothing, and for the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from provider import limits
from provider.errors import BestbeforeError, ImageError
from provider.questions import protocol, question
from provider.questions.answer import Answer, Facts, Proofs
from provider.questions.item_key import ItemKey, Kind
from provider.reasons import Reason

# What an entry costs beside its texts: the objects around them.
_OVERHEAD_BYTES: Final = 900


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Result:
    """A key's.

    Attributes:
        ref: the key's short name.
        item: the item, ready for the wire; None when the key is left out of `items`.
        problem: its member of `systemError`; empty when there is an item.
        reason: why there is no answer; None when there is one.
        told: what the log tells of it, by the names of its fields.
    """

    ref: str
    item: bytes | None
    problem: str = ""
    reason: Reason | None = None
    told: Mapping[str, object] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes that keeping it takes, about."""
        # What the log is told is kept as it is, and as the line that it became.
        said = 2 * len(str(self.told.get("problem", "")))
        return _OVERHEAD_BYTES + len(self.item or b"") + len(self.problem) + said


def answered(key: ItemKey, answer: Answer | str, seconds: float) -> Result:
    """The answer to a key.

    Args:
        key: the key.
        answer: a fact sheet, proofs, or the reference that a tag resolves to.
        seconds: what finding it took.

    Raises:
        ImageError: the answer is too large, or cannot be written down.
    """
    try:
        item = protocol.item(key.text, answer if isinstance(answer, str) else answer.to_json(key.ref))
    except ValueError as error:
        raise ImageError(Reason.CONTENT_INVALID, "the image's configuration has a number that JSON has not") from error
    except RecursionError as error:
        raise ImageError(Reason.LIMIT_EXCEEDED, "the image's configuration is nested too deeply") from error
    if len(item) > limits.ITEM_BYTES:
        message = f"the answer has {len(item)} bytes, more than the {limits.ITEM_BYTES} that one image may take"
        raise ImageError(Reason.LIMIT_EXCEEDED, message)
    told = {"ref": key.ref, "image": key.image, "outcome": "answered", **_told(answer), "ms": _milliseconds(seconds)}
    return Result(key.ref, item, told=told)


def failed(key: ItemKey, error: BestbeforeError, seconds: float) -> Result:
    """A key without an answer."""
    return _failed(key.kind, key.text, key.ref, key.image, error, seconds)


def unreadable(kind: Kind, text: str, error: BestbeforeError) -> Result:
    """A key that nobody can read."""
    return _failed(kind, text, question.ref(text), "", error, 0.0)


def replaced(kind: Kind, text: str, result: Result, error: BestbeforeError) -> Result:
    """A key whose answer cannot be given in this response."""
    return _failed(kind, text, result.ref, str(result.told.get("image", "")), error, 0.0)


def _failed(  # noqa: PLR0913, PLR0917 - the parts of a key
    kind: Kind, text: str, ref: str, image: str, error: BestbeforeError, seconds: float
) -> Result:
    """An item error if it may be cached, else a member of `systemError`.

    On `/mutate` nothing is cached and a `systemError` voids the whole batch, so there it is always an item error.
    """
    outcome = "item_error" if error.reason.durable else "unfinished"
    told = {
        "ref": ref,
        "image": image,
        "outcome": outcome,
        "reason": error.reason.value,
        "problem": error.message,
        "ms": _milliseconds(seconds),
    }
    cached = error.reason.durable and len(text) <= limits.KEY_BYTES
    if cached or kind is Kind.TAG:
        item = protocol.error_item(text, f"{error.reason}: {error.message}")
        return Result(ref, item, reason=error.reason, told=told)
    problem = protocol.problem(ref, error.reason, error.message)
    return Result(ref, None, problem, error.reason, told)


def _told(answer: Answer | str) -> Mapping[str, object]:
    if isinstance(answer, Facts):
        return {"digest": answer.digest, "created": answer.created, "created_from": answer.created_from}
    if isinstance(answer, Proofs):
        return {"digest": answer.digest, "proofs": len(answer.proofs)}
    return {"reference": answer}


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
