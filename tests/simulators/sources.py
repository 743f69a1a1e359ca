"""What takes lines and health, and remembers it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from gatekeeper.denials.logs.health import SourceName, SourceProblem
from gatekeeper.denials.source import LogGap, LogLine


class SinkSimulator:
    """Implements `DenialSink`; lines come from several threads, so tests wait for what they expect.

    Args:
        cursors: of Pods, from a process before this one.
    """

    def __init__(self, cursors: Mapping[str, str] | None = None) -> None:
        self.lines: list[LogLine] = []
        self.gaps: list[LogGap] = []
        self._cursors = dict(cursors or {})
        self._changed = threading.Condition()

    @property
    def texts(self) -> list[str]:
        """Of the lines, without the empty one that says where a log began."""
        return [line.text for line in self.lines if line.text]

    def line(self, line: LogLine) -> None:
        """See `DenialSink`."""
        with self._changed:
            self.lines.append(line)
            self._cursors[line.pod] = line.written
            self._changed.notify_all()

    def gap(self, gap: LogGap) -> None:
        """See `DenialSink`."""
        with self._changed:
            self.gaps.append(gap)
            self._changed.notify_all()

    def cursor(self, pod: str) -> str:
        """See `DenialSink`."""
        return self._cursors.get(pod, "")

    def wait(self, condition: Callable[[], bool]) -> None:
        """Until it holds; a test that waits ten seconds has failed."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout=10), (self.lines, self.gaps)


class HealthSimulator:
    """Implements `SourceHealth`."""

    def __init__(self) -> None:
        self.events: list[tuple[SourceName, SourceProblem | None]] = []
        self.said: list[str] = []

    def succeeded(self, source: SourceName) -> None:
        """See `SourceHealth`."""
        self.events.append((source, None))

    def failed(self, source: SourceName, problem: SourceProblem, said: str) -> None:
        """See `SourceHealth`."""
        self.events.append((source, problem))
        self.said.append(said)
