"""What a library prints is not shown: the provider's log is one JSON object a line, and it might print a secret."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TextIO

_NAMES: Final = ("stdout", "stderr")
_LOGGERS: Final = ("azure", "botocore", "google.auth", "msal")


class _Filter:
    """A stream that drops what hushed threads write."""

    def __init__(self, stream: TextIO, hushed: set[int]) -> None:
        self._stream = stream
        self._hushed = hushed

    def write(self, text: str) -> int:
        """See `io.TextIOBase`."""
        return len(text) if threading.get_ident() in self._hushed else self._stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """See `io.TextIOBase`."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - of the stream
        return getattr(self._stream, name)


class Hush:
    """Drops what some threads write to the standard streams, and what their libraries log."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hushed: set[int] = set()
        self._before: dict[str, tuple[TextIO, _Filter]] = {}

    @contextmanager
    def thread(self) -> Iterator[None]:
        """This thread is hushed meanwhile; all others write on."""
        me = threading.get_ident()
        with self._lock:
            if not self._hushed:
                self._begin()
            self._hushed.add(me)
        try:
            yield
        finally:
            with self._lock:
                self._hushed.discard(me)
                if not self._hushed:
                    self._end()

    def _begin(self) -> None:
        for name in _LOGGERS:
            # Why a token is not to be had is said by us.
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        for name in _NAMES:
            stream = getattr(sys, name)
            self._before[name] = (stream, _Filter(stream, self._hushed))
            setattr(sys, name, self._before[name][1])

    def _end(self) -> None:
        for name, (stream, own) in self._before.items():
            # Somebody may have put another one there meanwhile.
            if getattr(sys, name) is own:
                setattr(sys, name, stream)
        self._before.clear()
