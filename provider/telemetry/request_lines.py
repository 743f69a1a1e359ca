"""The lines of an answered request: one a key, and one for all.

Framed by hand, because there is a line for each key of each request. The fields of a result are rendered once, for as
long as the result is remembered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

from provider.answering.result import KeyResult
from provider.telemetry.events import Event
from provider.telemetry.redaction import redact

LOGGER: Final = "provider"


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """What is logged of a request.

    Attributes:
        request_id: unique among all replicas.
        endpoint: where it asked.
        outcome: `complete`, `item_errors` or `system_error`.
        seconds: what it took.
        results: what was said of each key.
        worked: short names of those that were not in memory.
    """

    request_id: str
    endpoint: str
    outcome: str
    seconds: float
    results: Sequence[KeyResult]
    worked: frozenset[str]

    @property
    def remembered(self) -> int:
        """How many keys were in memory."""
        return sum(result.ref not in self.worked for result in self.results)


class RequestLines:
    """Renders them.

    Args:
        common: fields of every line.
        text: whether people read them.
    """

    def __init__(self, common: Mapping[str, str], *, text: bool) -> None:
        self._text = text
        self._common = json.dumps(common)[1:-1]
        self._rendered: WeakKeyDictionary[KeyResult, str] = WeakKeyDictionary()

    def render(self, request: RequestRecord, stamp: str) -> str:
        """All lines of a request, at a moment (RFC 3339)."""
        return "".join((self._text_lines if self._text else self._json_lines)(request, stamp))

    def _rendered_fields(self, result: KeyResult) -> str:
        """The fields of a result, rendered once for as long as the result is remembered."""
        known = self._rendered.get(result)
        if known is None:
            known = self._rendered[result] = (_text_fields if self._text else _json_fields)(result.log_fields)
        return known

    def _json_lines(self, request: RequestRecord, stamp: str) -> Iterator[str]:
        head = f'{{"ts": "{stamp}", "level": "info", "event": '
        asked = f'"request_id": "{request.request_id}", "endpoint": "{request.endpoint}"'
        common = f'"logger": "{LOGGER}", "semantic": true, {self._common}'
        for result in request.results:
            known = "false" if result.ref in request.worked else "true"
            fields = self._rendered_fields(result)
            yield f'{head}"{Event.KEY_ANSWERED}", {asked}, "remembered": {known}, {fields}, {common}}}\n'
        counts = f'"keys": {len(request.results)}, "remembered": {request.remembered}'
        took = f'"outcome": "{request.outcome}", "ms": {_milliseconds(request.seconds)}'
        yield f'{head}"{Event.REQUEST_ANSWERED}", {asked}, {counts}, {took}, {common}}}\n'

    def _text_lines(self, request: RequestRecord, stamp: str) -> Iterator[str]:
        asked = f"request_id={request.request_id} endpoint={request.endpoint}"
        for result in request.results:
            remembered = result.ref not in request.worked
            fields = self._rendered_fields(result)
            yield f"{stamp} [info     ] {Event.KEY_ANSWERED} {asked} remembered={remembered} {fields}\n"
        counts = f"keys={len(request.results)} remembered={request.remembered}"
        took = f"outcome={request.outcome} ms={_milliseconds(request.seconds)}"
        yield f"{stamp} [info     ] {Event.REQUEST_ANSWERED} {asked} {counts} {took}\n"


def _json_fields(fields: Mapping[str, object]) -> str:
    return json.dumps(redact(None, "", dict(fields)))[1:-1]


def _text_fields(fields: Mapping[str, object]) -> str:
    return " ".join(f"{name}={value}" for name, value in redact(None, "", dict(fields)).items() if value is not None)


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
