"""How far long work has come, on a terminal: a line on standard error that goes away."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Final, Self

import click

from provider.clock import Clock, SystemClock

# What takes no longer is not worth a line, seconds; and how often the line changes.
_QUIET_SECONDS: Final = 1.0
_EVERY_SECONDS: Final = 0.2


class Progress:
    """Counts steps of some work; may be used by many threads.

    Args:
        what: what is counted, "images looked at".
        clock: measures how long it takes.
    """

    def __init__(self, what: str, clock: Clock | None = None) -> None:
        self._what = what
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._count = 0
        self._next = self._clock.monotonic() + _QUIET_SECONDS
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the line away."""
        if self._width:
            self._write("")

    def step(self) -> None:
        """One more is done."""
        with self._lock:
            self._count += 1
            now = self._clock.monotonic()
            if now >= self._next and sys.stderr.isatty():
                self._next = now + _EVERY_SECONDS
                self._write(f"{self._count} {self._what} …")

    def _write(self, text: str) -> None:
        click.echo(f"\r{text.ljust(self._width)}" + ("" if text else "\r"), err=True, nl=False)
        self._width = len(text)
