"""Follows the log of one Pod, over breaks, restarts and rotations.

At each connection the previous attempt's log is read to its end, then the log is followed, both from the second of the
cursor (`log_position`). No book of attempts is needed.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gatekeeper.cluster.errors import (
    AccessDeniedError,
    ClusterError,
    ClusterUnavailableError,
    ObjectAbsentError,
    ObjectInvalidError,
)
from gatekeeper.cluster.log_lines import StampedLine
from gatekeeper.cluster.pod_logs import ContainerLog, LogPart, LogStream, PodLogs
from gatekeeper.denials.logs.log_position import LogPosition, Novelty
from gatekeeper.denials.source import DenialSink, GapCause, LogGap, LogLine
from provider.clock import Clock

# How long after a break it is tried again, seconds: at first, and at most; doubled each time.
_SHORTEST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0
# A stream that lived for so long worked, seconds.
_WORKING_SECONDS: Final = 5.0
# How long a log that cannot be read holds up what we show, seconds: without its lines counters would be below what
# somebody has seen of them, which Prometheus takes for a new beginning.
_PATIENCE_SECONDS: Final = 30.0
# An API server that has just started refuses everybody, until it knows who may what, seconds.
_REFUSING_SECONDS: Final = 10.0
# How far a node's clock may be ahead of ours, seconds; less than how long it is remembered what was counted.
_AHEAD_SECONDS: Final = 300.0
# How long a Pod that is gone may still give lines, seconds.
_REMAINDER_SECONDS: Final = 30.0
# How long before its end nobody need have read: where the log could not be read; and where each time it was read to its
# end, which is longer than the pauses between.
_UNREAD_SECONDS: Final = 5.0
_ALL_READ_SECONDS: Final = 3 * _LONGEST_PAUSE


@dataclass(frozen=True)
class FollowedPod:
    """A Pod whose log is followed.

    Attributes:
        uid: the Pod's.
        log: which log it is.
        started: when the container's present attempt began, RFC 3339; empty where nobody says.
    """

    uid: str
    log: ContainerLog
    started: str = ""


def nobody(_: Exception) -> None:
    """Nobody wants to know."""


class PodFollower:
    """Follows a Pod's log on a thread of its own.

    Args:
        pod: whose log.
        logs: opens it.
        sink: takes the lines.
        clock: for pauses.
        from_beginning: whether all that the log has is new; else, without a cursor, what is there is left alone.
        unexpected: takes what nobody reckoned with; it is tried again all the same.
    """

    def __init__(  # noqa: PLR0913 - its parts
        self,
        pod: FollowedPod,
        logs: PodLogs,
        sink: DenialSink,
        clock: Clock,
        *,
        from_beginning: bool,
        unexpected: Callable[[Exception], None] = nobody,
    ) -> None:
        self.pod = pod
        self.caught_up = threading.Event()
        self.problem: ClusterError | None = None
        self._logs = logs
        self._sink = sink
        self._clock = clock
        self._position = LogPosition(sink.cursor(pod.uid))
        self._from_beginning = from_beginning
        self._unexpected = unexpected
        self._stop = threading.Event()
        self._gone = threading.Event()
        self._lock = threading.Lock()
        self._stream: LogStream | None = None
        self._begun = self._last_read = clock.monotonic()
        self._begun_at = clock.now()
        self._broken = False
        self._refused: float | None = None
        self._forbidden = False
        self._left = ""
        self._thread = threading.Thread(target=self._run, name=f"log {pod.log.pod}", daemon=True)

    @property
    def ended(self) -> bool:
        """Whether nothing will come any more."""
        return not self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def pod_is_gone(self) -> None:
        """There is no such Pod any more: give what its open log still has, and end."""
        if not self._gone.is_set():
            self._gone.set()
            timer = threading.Timer(_REMAINDER_SECONDS, self._interrupt)
            timer.daemon = True
            timer.start()

    def stop(self) -> None:
        """End; no line is given any more."""
        self._stop.set()
        self._gone.set()
        self._interrupt()

    def join(self, seconds: float) -> None:
        """Wait for the end."""
        self._thread.join(seconds)

    def _run(self) -> None:
        pause = _SHORTEST_PAUSE
        while not self._gone.is_set():
            begun = self._clock.monotonic()
            worked = self._attempt() or self._clock.monotonic() - begun > _WORKING_SECONDS
            pause = _SHORTEST_PAUSE if worked else min(pause * 2, _LONGEST_PAUSE)
            self._lose_patience()
            self._gone.wait(pause)
        unread = _UNREAD_SECONDS if self._broken else _ALL_READ_SECONDS
        if not self._stop.is_set() and self._clock.monotonic() - self._last_read > unread:
            self._sink.gap(LogGap(self.pod.uid, GapCause.POD_DELETED))

    def _lose_patience(self) -> None:
        """Nobody waits for a log that there is no way to, nor for long for one that cannot be read just now."""
        for_now = isinstance(self.problem, ClusterUnavailableError)
        if not for_now or self._clock.monotonic() - self._begun >= _PATIENCE_SECONDS:
            self.caught_up.set()

    def _attempt(self) -> bool:
        try:
            return self.connect()
        except Exception as error:  # noqa: BLE001 - a thread that dies would read nothing any more
            self._broken = True
            name = f"{self.pod.log.namespace}/{self.pod.log.pod}"
            self.problem = ClusterUnavailableError(f"read the log of Pod {name}: unexpected {type(error).__name__}")
            self._unexpected(error)
            return False

    def connect(self) -> bool:
        """Read until the log ends or breaks, on this thread; whether there were new lines."""
        try:
            new = self._replay()
            self.caught_up.set()
            self.problem, self._refused, self._forbidden, self._broken = None, None, False, False
            return self._read(LogPart(self._position.since, follow=True)) or new
        except ObjectAbsentError as error:
            self.problem = error
        except AccessDeniedError as error:
            self.problem, self._broken = error, True
            self._is_refused()
        except ClusterError as error:
            self.problem, self._broken = error, True
        return False

    def _is_refused(self) -> None:
        """Lines are missing where we are refused for long; once for each such time."""
        now = self._clock.monotonic()
        self._refused = now if self._refused is None else self._refused
        if now - self._refused >= _REFUSING_SECONDS and not self._forbidden:
            self._forbidden = True
            self._sink.gap(LogGap(self.pod.uid, GapCause.FORBIDDEN))

    def _replay(self) -> bool:
        """Read what was written since the cursor; whether there were new lines."""
        if not self._position.cursor and not self._from_beginning:
            self._begin_at_the_end()
            return False
        self._position.read_again()
        self._leave_the_future()
        new = False
        # Where there is no previous attempt, the kubelet says 400.
        with contextlib.suppress(ObjectInvalidError):
            new = self._read(LogPart(self._position.since, previous=True))
        if not self.caught_up.is_set():
            new = self._read(LogPart(self._position.since)) or new
        return new

    def _leave_the_future(self) -> None:
        """A cursor that lies ahead would hide every line until then: a node's clock went back, or it was forged.

        What was read shortly before comes again, and is not counted again.
        """
        # Our own clock may go back as well: then the cursor is no more ahead of the node's than before.
        now = max(self._clock.now(), self._begun_at + self._clock.monotonic() - self._begun)
        cursor = self._position.cursor
        if cursor <= _written(now + _AHEAD_SECONDS):
            return
        self._position.go_back(_written(now - _AHEAD_SECONDS))
        if cursor != self._left:
            self._left = cursor
            self._sink.gap(LogGap(self.pod.uid, GapCause.CLOCK))

    def _begin_at_the_end(self) -> None:
        stream = self._logs.open(self.pod.log, LogPart(tail=1))
        try:
            for line in stream.lines():
                self._position.begin_behind(line)
                # An empty text is no denial; the cursor has to be known after a restart of ours.
                self._sink.line(LogLine("", self.pod.uid, line.written))
        finally:
            stream.close()
        self._from_beginning = True

    def _read(self, part: LogPart) -> bool:
        stream = self._logs.open(self.pod.log, part)
        with self._lock:
            self._stream = stream
        if self._stop.is_set():
            stream.interrupt()
        new = False
        try:
            for line in stream.lines():
                if self._stop.is_set():
                    break
                new = self._take(line) or new
        finally:
            with self._lock:
                self._stream = None
            stream.close()
            self._last_read = self._clock.monotonic()
        return new

    def _take(self, line: StampedLine) -> bool:
        cursor = self._position.cursor
        novelty = self._position.take(line)
        if novelty is Novelty.OLD:
            return False
        if novelty is Novelty.NEW_BEHIND_GAP:
            # Seconds alone: the kubelet writes a Pod's times without fractions.
            restarted = self.pod.started[:19] > cursor[:19]
            self._sink.gap(LogGap(self.pod.uid, GapCause.RESTARTED if restarted else GapCause.ROTATED))
        if line.whole:
            self._sink.line(LogLine(line.text, self.pod.uid, line.written))
        else:
            self._sink.gap(LogGap(self.pod.uid, GapCause.TOO_LONG))
        return True

    def _interrupt(self) -> None:
        with self._lock:
            stream = self._stream
        if stream is not None:
            stream.interrupt()


def _written(moment: float) -> str:
    """A time as lines have it."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%S}.000000000Z"
