"""The log: one JSON object a line on the standard output, text on a terminal.

Events are `noun.verb`, from one closed list a program, and their fields are a contract that scripts rely on (`semantic`
is true; it is absent from lines that libraries write). Every line, ours or a library's, passes the same processors, so
that no secret gets past them. The fields of a key are rendered once; given again, they are only framed anew.
"""

from __future__ import annotations

import logging
import socket
import threading
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final, TextIO

import structlog
from structlog.typing import Processor

from provider.clock import Clock
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.foreign_lines import ForeignLines, as_event
from provider.telemetry.redaction import Fields, redact
from provider.telemetry.request_lines import LOGGER, RequestLines, RequestRecord
from provider.version import VERSION

_NUMBERS: Final = {
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.INFO: logging.INFO,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}


class Log:
    """Writes events.

    Args:
        stream: where to.
        level: the least serious level that is written.
        log_format: how; `auto` is text where the stream is a terminal.
        clock: for the time of a line.
        name: of the program, `logger` in each line.
    """

    def __init__(
        self, stream: TextIO, level: LogLevel, log_format: LogFormat, clock: Clock, name: str = LOGGER
    ) -> None:
        self._name = name
        self._stream = stream
        self._lock = threading.Lock()
        self._level = _NUMBERS[level]
        self._clock = clock
        self.text = log_format is LogFormat.TEXT or (log_format is LogFormat.AUTO and stream.isatty())
        self._common = {"version": VERSION, "pod": socket.gethostname()}
        self._request_lines = RequestLines(self._common, text=self.text)
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

    def debug(self, event: StrEnum, message: str, **fields: object) -> None:
        """For who looks for a fault: round trips."""
        self._logger.debug(event.value, msg=message, logger=self._name, semantic=True, **fields)

    def info(self, event: StrEnum, message: str, **fields: object) -> None:
        """Decisions and changes."""
        self._logger.info(event.value, msg=message, logger=self._name, semantic=True, **fields)

    def warning(self, event: StrEnum, message: str, **fields: object) -> None:
        """It works, but not as well as it should."""
        self._logger.warning(event.value, msg=message, logger=self._name, semantic=True, **fields)

    def error(self, event: StrEnum, message: str, **fields: object) -> None:
        """We are at fault, or cannot serve."""
        self._logger.error(event.value, msg=message, logger=self._name, semantic=True, **fields)

    def request_done(self, request: RequestRecord) -> None:
        """One `key.answered` a key, and one `request.answered`."""
        if self._level > logging.INFO:
            return
        self.write(self._request_lines.render(request, _rfc3339(self._clock.now())))

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
        handler = logging.StreamHandler(ForeignLines(self.write))
        handler.setFormatter(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=[structlog.stdlib.add_logger_name],
                processors=[as_event, *self._processors],
            )
        )
        root.handlers = [handler]
        # What libraries say at `info` is no event of ours.
        root.setLevel(max(self._level, logging.WARNING) if self._level > logging.DEBUG else logging.INFO)

    def _stamp(self, _logger: object, method: str, event: Fields) -> Fields:
        first = {"ts": _rfc3339(self._clock.now()), "level": event.pop("level", method), "event": event.pop("event")}
        return {**first, **event, **self._common}


class _Sink:
    """What structlog calls with a rendered line."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def msg(self, line: str) -> None:
        self._log.write(f"{line}\n")

    debug = info = warning = error = critical = msg


def _console(stream: TextIO) -> Processor:
    renderer = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), timestamp_key="ts", exception_formatter=structlog.dev.plain_traceback
    )

    def render(logger: Any, method: str, event: Fields) -> Any:  # noqa: ANN401 - as structlog has it
        for name in ("semantic", "version", "pod", "logger"):
            event.pop(name, None)
        return renderer(logger, method, event)

    return render


def _rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
