"""The log of one attempt to run a container, for who writes it: a runtime, or a test that makes lines up."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from tests.e2e.rig.kubelet.entry import entries


class AttemptLog:
    """A log that is written to.

    Attributes:
        path: `…/NAMESPACE/POD/CONTAINER/N.log`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)
        self._last = 0

    def write(self, lines: Iterable[bytes], stream: str = "stderr") -> None:
        """Append lines, given without newlines, each at a time of its own; all in one write."""
        self._file.write(b"".join(part for line in lines for part in entries(self._now(), stream, line)))

    def write_raw(self, content: bytes) -> None:
        """Append bytes as they are: what a runtime that was killed leaves behind."""
        self._file.write(content)

    def rotate(self) -> Path:
        """Move the file away, as a kubelet does at 10 MiB, and go on in a new one; the path of the old one."""
        old = move_away(self.path)
        self.reopen()
        return old

    def reopen(self) -> None:
        """Go on in the file that has the name now."""
        self._file.close()
        self._file = self.path.open("ab", buffering=0)

    def close(self) -> None:
        """Write no more; nobody can tell that from a process that is silent."""
        self._file.close()

    def end(self) -> None:
        """The process has ended."""
        self.close()
        self.path.with_suffix(".ended").touch()

    def _now(self) -> int:
        """The clock's time, or a nanosecond after the last one."""
        self._last = max(self._last + 1, time.time_ns())
        return self._last


def move_away(path: Path) -> Path:
    """Give a log file the name of a rotated one."""
    old = path.with_name(f"{path.name}.{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9:09}")
    return path.rename(old)
