"""Lines that libraries write: they pass through our processors, and are no events of ours."""

from __future__ import annotations

from collections.abc import Callable

from provider.telemetry.events import Event
from provider.telemetry.redaction import Fields


class ForeignLines:
    """What the standard library's handler writes to.

    Args:
        write: writes whole lines.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def write(self, text: str) -> int:
        """Some of a line."""
        self._write(text)
        return len(text)

    def flush(self) -> None:
        """Written through."""


def as_event(_logger: object, method: str, event: Fields) -> Fields:
    """A processor: a library's line becomes an event, its text a field."""
    record = event.pop("_record", None)
    event.pop("_from_structlog", None)
    level = record.levelname.lower() if record is not None else method
    event["msg"] = event.pop("event", "")
    if record is not None and record.exc_info:
        event["exc_info"] = record.exc_info
    return {"level": level, "event": Event.LINE_WRITTEN.value, **event}
