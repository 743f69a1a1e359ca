"""An answer that is finished: as bytes, so that giving it again costs next to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from provider import limits
from provider.errors import BestbeforeError, ImageError
from provider.questions import protocol
from provider.questions.item_key import Asked, Kind
from provider.reasons import Reason

# What an entry costs beside its texts: the objects around them.
_OVERHEAD_BYTES: Final = 600


@dataclass(frozen=True, slots=True)
class Finished:
    """What there is to say about a key.

    Attributes:
        ref: the key's short name.
        item: the item, ready for the wire; None when the key is left out of `items`.
        problem: its member of `systemError`; empty when there is an item.
        reason: why there is no answer; None when there is one.
        record: the fields of its log line, rendered.
    """

    ref: str
    item: bytes | None
    problem: str = ""
    reason: Reason | None = None
    record: str = ""

    @property
    def size(self) -> int:
        """Bytes that keeping it takes, about."""
        return _OVERHEAD_BYTES + len(self.item or b"") + len(self.problem) + len(self.record)


def answered(asked: Asked, value: object, record: str) -> Finished:
    """The answer to a key.

    Args:
        asked: the key.
        value: what the wire carries: text, or what JSON can hold.
        record: its log line.

    Raises:
        ImageError: the answer is too large, or cannot be written down.
    """
    try:
        item = protocol.item(asked.key, value)
    except ValueError as error:
        raise ImageError(Reason.CONTENT_INVALID, "the image's configuration has a number that JSON has not") from error
    except RecursionError as error:
        raise ImageError(Reason.LIMIT_EXCEEDED, "the image's configuration is nested too deeply") from error
    if len(item) > limits.ITEM_BYTES:
        message = f"the answer has {len(item)} bytes, more than the {limits.ITEM_BYTES} that one image may take"
        raise ImageError(Reason.LIMIT_EXCEEDED, message)
    return Finished(asked.ref, item, record=record)


def failed(asked: Asked, error: BestbeforeError, record: str) -> Finished:
    """A key without an answer: an item error if it may be cached, else a member of `systemError`.

    On `/mutate` nothing is cached and a `systemError` voids the whole batch, so there it is always an item error.
    """
    cached = error.reason.durable and len(asked.key) <= limits.KEY_BYTES
    if cached or asked.kind is Kind.TAG:
        item = protocol.error_item(asked.key, f"{error.reason}: {error.message}")
        return Finished(asked.ref, item, reason=error.reason, record=record)
    problem = protocol.problem(asked.ref, error.reason, error.message)
    return Finished(asked.ref, None, problem, error.reason, record)
