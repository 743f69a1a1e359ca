"""The log: one JSON object a line on the standard output, text on a terminal.

Events are `noun.verb`, from one closed list, and their fields are a contract that scripts rely on (`semantic` is true;
it is absent from lines that libraries write). Every line, ours or a library's, passes the same processors, so that no
secret gets past them. The fields of a key are rendered once; given again, they are only framed anew.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TextIO
from weakref import WeakKeyDictionary

import structlog
from structlog.typing import Processor

from provider.answering.result import Result
from provider.clock import Clock
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.redaction import Fields, redact
from provider.version import VERSION

_LOGGER: Final = "provider"


class Event(StrEnum):
    """Everything that the provider logs. Fields of a listed event change only with a major version."""

    CERTIFICATE_LOADED = "certificate.loaded"
    CERTIFICATE_REJECTED = "certificate.rejected"
    CERTIFICATE_RELOADED = "certificate.reloaded"
    CONFIG_LOADED = "config.loaded"
    HANDSHAKE_FAILED = "handshake.failed"
    KEY_ANSWERED = "key.answered"
    KEY_FAILED = "key.failed"
    LINE_WRITTEN = "line.written"
    LOOP_ENDED = "loop.ended"
    LOOP_FAILED = "loop.failed"
    REGISTRY_CA_REJECTED = "registry.ca_rejected"
    REGISTRY_REQUESTED = "registry.requested"
    REGISTRY_THROTTLED = "registry.throttled"
    REQUEST_ANSWERED = "request.answered"
    REQUEST_FAILED = "request.failed"
    REQUEST_REFUSED = "request.refused"
    SERVER_DRAINING = "server.draining"
    SERVER_STARTED = "server.started"
    SERVER_STOPPED = "server.stopped"


_NUMBERS: Final = {
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.INFO: logging.INFO,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """What is told of a request.

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
    results: Sequence[Result]
    worked: frozenset[str]

    @property
    def remembered(self) -> int:
        """How many keys were in memory."""
        return sum(result.ref not in self.worked for result in self.results)


class Log:
    """Writes events.

    Args:
        stream: where to.
        level: the least serious level that is written.
        log_format: how; `auto` is text where the stream is a terminal.
        clock: for the time of a line.
    """

    def __init__(self, stream: TextIO, level: LogLevel, log_format: LogFormat, clock: Clock) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._level = _NUMBERS[level]
        self._clock = clock
        self.text = log_format is LogFormat.TEXT or (log_format is LogFormat.AUTO and stream.isatty())
        self._rendered: WeakKeyDictionary[Result, str] = WeakKeyDictionary()
        self._common = {"version": VERSION, "pod": socket.gethostname()}
        self._common_json = json.dumps(self._common)[1:-1]
        self._processors: list[Processor] = [
            self._stamp,
            structlog.processors.format_exc_info,
            redact,
            _console(stream) if self.text else structlog.processors.JSONRenderer(),
        ]
        self._logger = structlog.wrap_logger(
            _Sink(self),
            processors=self._processors,
            wrapper_class=structlog.make_filtering_bound_logger(self._level),
            cache_logger_on_first_use=True,
        )

    @property
    def debugging(self) -> bool:
        """Whether lines for who looks for a fault are written at all."""
        return self._level <= logging.DEBUG

    def debug(self, event: Event, message: str, **fields: object) -> None:
        """For who looks for a fault: round trips."""
        self._logger.debug(event.value, msg=message, logger=_LOGGER, semantic=True, **fields)

    def info(self, event: Event, message: str, **fields: object) -> None:
        """Decisions and changes."""
        self._logger.info(event.value, msg=message, logger=_LOGGER, semantic=True, **fields)

    def warning(self, event: Event, message: str, **fields: object) -> None:
        """It works, but not as well as it should."""
        self._logger.warning(event.value, msg=message, logger=_LOGGER, semantic=True, **fields)

    def error(self, event: Event, message: str, **fields: object) -> None:
        """We are at fault, or cannot serve."""
        self._logger.error(event.value, msg=message, logger=_LOGGER, semantic=True, **fields)

    def answered(self, answer: AnsweredRequest) -> None:
        """One `key.answered` a key, and one `request.answered`."""
        if self._level > logging.INFO:
            return
        lines = self._text_lines if self.text else self._json_lines
        self.write("".join(lines(answer, _rfc3339(self._clock.now()))))

    def write(self, text: str) -> None:
        """Whole lines. A reader that has gone is no reason to fail."""
        with self._lock:
            try:
                self._stream.write(text)
                self._stream.flush()
            except (OSError, ValueError):
                return

    def take_over(self, root: logging.Logger) -> None:
        """Have the lines of libraries written here, too."""
        handler = logging.StreamHandler(_Lines(self))
        handler.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=[structlog.stdlib.add_logger_name],
                processors=[_foreign, *self._processors],
            )
        )
        root.handlers = [handler]
        # What libraries say at `info` is no event of ours.
        root.setLevel(max(self._level, logging.WARNING) if self._level > logging.DEBUG else logging.INFO)

    def _stamp(self, _logger: object, method: str, event: Fields) -> Fields:
        first = {"ts": _rfc3339(self._clock.now()), "level": event.pop("level", method), "event": event.pop("event")}
        return {**first, **event, **self._common}

    def _told(self, result: Result) -> str:
        """The fields of a result, rendered once for as long as the result is remembered."""
        known = self._rendered.get(result)
        if known is None:
            known = self._rendered[result] = (_text_fields if self.text else _json_fields)(result.told)
        return known

    def _json_lines(self, answer: AnsweredRequest, stamp: str) -> Iterator[str]:
        # Framed by hand, for there is a line for each key of each request.
        head = f'{{"ts": "{stamp}", "level": "info", "event": '
        asked = f'"request_id": "{answer.request_id}", "endpoint": "{answer.endpoint}"'
        common = f'"logger": "{_LOGGER}", "semantic": true, {self._common_json}'
        for result in answer.results:
            known = "false" if result.ref in answer.worked else "true"
            told = self._told(result)
            yield f'{head}"{Event.KEY_ANSWERED}", {asked}, "remembered": {known}, {told}, {common}}}\n'
        counts = f'"keys": {len(answer.results)}, "remembered": {answer.remembered}'
        took = f'"outcome": "{answer.outcome}", "ms": {_milliseconds(answer.seconds)}'
        yield f'{head}"{Event.REQUEST_ANSWERED}", {asked}, {counts}, {took}, {common}}}\n'

    def _text_lines(self, answer: AnsweredRequest, stamp: str) -> Iterator[str]:
        asked = f"request_id={answer.request_id} endpoint={answer.endpoint}"
        for result in answer.results:
            remembered = result.ref not in answer.worked
            yield f"{stamp} [info     ] {Event.KEY_ANSWERED} {asked} remembered={remembered} {self._told(result)}\n"
        counts = f"keys={len(answer.results)} remembered={answer.remembered}"
        took = f"outcome={answer.outcome} ms={_milliseconds(answer.seconds)}"
        yield f"{stamp} [info     ] {Event.REQUEST_ANSWERED} {asked} {counts} {took}\n"


class Repeats:
    """Keeps what happens over and over from filling the log.

    Args:
        clock: tells when.
        seconds: how long a name is silent after it was let through.
    """

    def __init__(self, clock: Clock, seconds: float = 10.0) -> None:
        self._clock = clock
        self._seconds = seconds
        self._lock = threading.Lock()
        self._silent: dict[str, tuple[float, int]] = {}

    def let_through(self, name: str) -> int | None:
        """How many times it happened since it was last let through, this one included; None while it is silent.

        Args:
            name: one of few: a kind of event.
        """
        with self._lock:
            now = self._clock.monotonic()
            until, count = self._silent.get(name, (now, 0))
            if now < until:
                self._silent[name] = (until, count + 1)
                return None
            self._silent[name] = (now + self._seconds, 0)
            return count + 1


class _Sink:
    """What structlog calls with a rendered line."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def msg(self, line: str) -> None:
        self._log.write(f"{line}\n")

    debug = info = warning = error = critical = msg


class _Lines:
    """What the standard library's handler writes to."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def write(self, text: str) -> int:
        self._log.write(text)
        return len(text)

    def flush(self) -> None:
        """Written through."""


def _foreign(_logger: object, method: str, event: Fields) -> Fields:
    """A library's line: its text is no event of ours."""
    record = event.pop("_record", None)
    event.pop("_from_structlog", None)
    level = record.levelname.lower() if record is not None else method
    event["msg"] = event.pop("event", "")
    if record is not None and record.exc_info:
        event["exc_info"] = record.exc_info
    return {"level": level, "event": Event.LINE_WRITTEN.value, **event}


def _console(stream: TextIO) -> Processor:
    renderer = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), timestamp_key="ts", exception_formatter=structlog.dev.plain_traceback
    )

    def render(logger: Any, method: str, event: Fields) -> Any:  # noqa: ANN401 - as structlog has it
        for name in ("semantic", "version", "pod", "logger"):
            event.pop(name, None)
        return renderer(logger, method, event)

    return render


def _json_fields(fields: Mapping[str, object]) -> str:
    return json.dumps(redact(None, "", dict(fields)))[1:-1]


def _text_fields(fields: Mapping[str, object]) -> str:
    return " ".join(f"{name}={value}" for name, value in redact(None, "", dict(fields)).items() if value is not None)


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
