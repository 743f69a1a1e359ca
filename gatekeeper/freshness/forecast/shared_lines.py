"""Lines of a round, each once: a thousand images are admitted alike, and twenty policies name each of them."""

from __future__ import annotations

from typing import TypeVar

from gatekeeper.freshness.forecast.clock_program import Row, Rows
from gatekeeper.freshness.forecast.line import Line

_Value = TypeVar("_Value")


class SharedLines:
    """Gives, of values that are equal, always the same one. Lives as long as a round."""

    def __init__(self) -> None:
        self._known: dict[object, object] = {}
        self._lines: dict[tuple[object, ...], Line] = {}

    def line(self, line: Line) -> Line:
        """The same line; nobody may change it."""
        whole = tuple(self._value((at, self._rows(rows))) for at, rows in line)
        return self._lines.setdefault(whole, [*whole])

    def texts(self, texts: frozenset[str] | None) -> frozenset[str] | None:
        """The same texts."""
        return self._value(frozenset(map(self._value, texts))) if texts is not None else None

    def _rows(self, rows: Rows) -> Rows:
        return self._value(frozenset(map(self._row, rows)))

    def _row(self, row: Row) -> Row:
        path, image, reason, sentence = map(self._value, row)
        return self._value((path, image, reason, sentence))

    def _value(self, value: _Value) -> _Value:
        found: _Value = self._known.setdefault(value, value)  # type: ignore[assignment]
        return found
