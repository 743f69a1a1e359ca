"""What there is to say about a key: as bytes, so that giving it again costs next to nothing, and for the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from provider import limits
from provider.errors import BestbeforeError
from provider.questions import protocol, question
from provider.questions.answer import Answer, Facts, Proofs
from provider.questions.item_key import ItemKey, KeyKind
from provider.reasons import Reason
from provider.registry.presence import PresenceFinding

# What an entry costs beside its texts: the objects around them.
_OVERHEAD_BYTES: Final = 900


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class KeyResult:
    """A key's.

    Attributes:
        ref: the key's short name.
        item: the item, ready for the wire; None when the key is left out of `items`.
        problem: its member of `systemError`; empty when there is an item.
        reason: why there is no answer; None when there is one.
        log_fields: what the log says of it, by the names of its fields.
        stale: whether its registry is away, and this is what was seen before.
    """

    ref: str
    item: bytes | None
    problem: str = ""
    reason: Reason | None = None
    log_fields: Mapping[str, object] = field(default_factory=dict)
    stale: bool = False

    @property
    def size(self) -> int:
        """Bytes that keeping it takes, about."""
        # The fields are kept as they are, and as the line that they became.
        said = 2 * len(str(self.log_fields.get("problem", "")))
        return _OVERHEAD_BYTES + len(self.item or b"") + len(self.problem) + said


def of_answer(
    key: ItemKey, answer: Answer | PresenceFinding | str, seconds: float, *, stale: bool = False
) -> KeyResult:
    """The answer to a key.

    Args:
        key: the key.
        answer: a fact sheet, proofs, whether it is present, or the reference that a tag resolves to.
        seconds: what finding it took.
        stale: whether its registry is away, and this is what was seen before.

    Raises:
        ImageError: the answer is too large, or cannot be written down.
    """
    item = protocol.answer_item(key.text, answer if isinstance(answer, str) else answer.to_json(key.ref))
    fields = {
        "ref": key.ref,
        "image": key.image,
        "outcome": "answered",
        **_fields_of(answer),
        "ms": _milliseconds(seconds),
        **({"stale": True} if stale else {}),
    }
    return KeyResult(key.ref, item, log_fields=fields, stale=stale)


def of_error(key: ItemKey, error: BestbeforeError, seconds: float) -> KeyResult:
    """A key without an answer."""
    return _failed(key.kind, key.text, key.ref, key.image, error, seconds)


def unreadable(kind: KeyKind, text: str, error: BestbeforeError) -> KeyResult:
    """A key that nobody can read."""
    return _failed(kind, text, question.ref(text), "", error, 0.0)


def replaced(kind: KeyKind, text: str, result: KeyResult, error: BestbeforeError) -> KeyResult:
    """A key whose answer cannot be given in this response."""
    return _failed(kind, text, result.ref, str(result.log_fields.get("image", "")), error, 0.0)


def _failed(  # noqa: PLR0913, PLR0917 - the parts of a key
    kind: KeyKind, text: str, ref: str, image: str, error: BestbeforeError, seconds: float
) -> KeyResult:
    """An item error if it may be cached, else a member of `systemError`.

    On `/mutate` nothing is cached and a `systemError` voids the whole batch, so there it is always an item error.
    """
    outcome = "item_error" if error.reason.durable else "unfinished"
    fields = {
        "ref": ref,
        "image": image,
        "outcome": outcome,
        "reason": error.reason.value,
        "problem": "; ".join(filter(None, (error.message, error.detail))),
        "ms": _milliseconds(seconds),
    }
    cached = error.reason.durable and len(text) <= limits.KEY_BYTES
    if cached or kind is KeyKind.TAG:
        item = protocol.error_item(text, f"{error.reason}: {error.message}")
        return KeyResult(ref, item, reason=error.reason, log_fields=fields)
    problem = protocol.problem(ref, error.reason, error.message, error.detail, error.passed_over)
    return KeyResult(ref, None, problem, error.reason, fields)


def _fields_of(answer: Answer | PresenceFinding | str) -> Mapping[str, object]:
    if isinstance(answer, Facts):
        return {"digest": answer.digest, "created": answer.created, "created_from": answer.created_from.value}
    if isinstance(answer, Proofs):
        return {"digest": answer.digest, "proofs": len(answer.proofs)}
    if isinstance(answer, PresenceFinding):
        return {"presence": answer.state.value, **({"problem": answer.message} if answer.message else {})}
    return {"reference": answer}


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
