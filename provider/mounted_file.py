"""A file that may be replaced while we run, as a Kubernetes Secret is: by swapping a symbolic link.

What cannot be used changes nothing: the last content that could be used stays in force, and somebody gets a report.
Nobody waits for a file: while one thread reads it, others go on with what is in force; a pipe in its place is not read.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

from provider.clock import Clock
from provider.errors import FileError

T = TypeVar("T")

_NEVER: Final = (-1,)


class MountedFile(Generic[T]):
    """The last usable content of a file; may be used by many threads.

    Args:
        path: where it is.
        most: bytes that it may have.
        parse: makes the content of its bytes; raises `FileError`.
        clock: says when it is looked at again.
        seconds: how long `content` believes what it saw last.
        report: is called at each new state of the file with the content that came into force, or with why none did.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - each says one thing of the file
        self,
        path: Path,
        most: int,
        parse: Callable[[bytes], T],
        clock: Clock,
        seconds: float,
        report: Callable[[T | FileError], None],
    ) -> None:
        self._path = path
        self._most = most
        self._parse = parse
        self._clock = clock
        self._seconds = seconds
        self._report = report
        self._lock = threading.Lock()
        self._content: T | None = None
        self._error: FileError | None = None
        self._state: tuple[int, ...] = _NEVER
        self._looked_at = clock.monotonic()
        self.look()

    def content(self) -> T | None:
        """What is in force; None where no content of the file could ever be used."""
        # An event loop asks this: it does not wait for another thread that reads the file.
        if self._clock.monotonic() - self._looked_at >= self._seconds and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._content

    @property
    def error(self) -> FileError | None:
        """Why the file as it is now cannot be used; None where it can."""
        return self._error

    def look(self) -> None:
        """Read the file if it has changed, or could not be read the last time."""
        with self._lock:
            self._look()

    def _look(self) -> None:
        self._looked_at = self._clock.monotonic()
        state = _state(self._path)
        unread = self._error is not None and self._error.unread
        if state == self._state and not unread:
            return
        before, self._state = self._state, state
        self._read(news=state != before, first=before == _NEVER)

    def _read(self, *, news: bool, first: bool) -> None:
        try:
            content = self._parsed(self._bytes(first=first))
        except FileError as error:
            # What is wrong with a file that did not change is reported once.
            news = news or str(error) != str(self._error)
            self._error = error
            if news:
                self._report(error)
        else:
            self._content, self._error = content, None
            self._report(content)

    def _parsed(self, body: bytes) -> T:
        try:
            return self._parse(body)
        except FileError:
            raise
        except Exception as error:
            # Whatever it is, it is this file that cannot be used; what does not need it goes on.
            raise FileError(f"it cannot be used ({type(error).__name__})") from error

    def _bytes(self, *, first: bool) -> bytes:
        try:
            # At the start it may be a pipe: `<(command)` of a shell. Later nobody may wait for who writes to it.
            with open(self._path, "rb", opener=None if first else _without_waiting) as file:
                if not (first or stat.S_ISREG(os.fstat(file.fileno()).st_mode)):
                    raise FileError("it is no regular file any more")
                body = file.read(self._most + 1)
        except OSError as error:
            raise FileError(f"cannot read it: {error.strerror}", unread=True) from error
        if len(body) > self._most:
            raise FileError(f"it has more than {self._most} bytes")
        return body


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _state(path: Path) -> tuple[int, ...]:
    """What changes when a file does; of a Secret's symbolic link, when it points elsewhere."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size
