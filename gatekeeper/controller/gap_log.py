"""Says in the log when lines of Gatekeeper's log are missing, and passes everything on.

A line that the ledger fails on would be read again and again, and what stands behind it never: it is given up.
"""

from __future__ import annotations

from typing import Final

from gatekeeper.denials.events import ControllerEvent
from gatekeeper.denials.source import DenialSink, GapCause, LogGap, LogLine
from provider.clock import Clock
from provider.telemetry.log import Log
from provider.telemetry.repeats import Repeats

_MEANINGS: Final = {
    GapCause.ROTATED: "the log was rotated before it was read to its end",
    GapCause.RESTARTED: "the container began anew twice before its log was read to its end",
    GapCause.POD_DELETED: "the Pod went before its log was read to its end",
    GapCause.FORBIDDEN: "we may not read the log",
    GapCause.UNREADABLE: "a line cannot be counted, or a file cannot be read",
    GapCause.CLOCK: "the last line that was read is of a time to come: a node's clock went back",
    GapCause.TOO_LONG: "a line is longer than any of Gatekeeper's, and was passed over",
}


class GapLog:
    """Implements `DenialSink`.

    Args:
        sink: takes everything.
        log: where gaps are written.
        clock: says when.
    """

    def __init__(self, sink: DenialSink, log: Log, clock: Clock) -> None:
        self._sink = sink
        self._log = log
        self._repeats = Repeats(clock)

    def line(self, line: LogLine) -> None:
        """See `DenialSink`."""
        try:
            self._sink.line(line)
        except Exception:  # noqa: BLE001 - one line must not take all that follow along
            self._sink.gap(LogGap(line.pod, GapCause.UNREADABLE))
            self._say_failed(line)

    def gap(self, gap: LogGap) -> None:
        """See `DenialSink`."""
        self._sink.gap(gap)
        message = f"denials may be missing: {_MEANINGS[gap.cause]}"
        self._log.warning(ControllerEvent.GAP_FOUND, message, pod_uid=gap.pod, cause=gap.cause.value)

    def cursor(self, pod: str) -> str:
        """See `DenialSink`."""
        return self._sink.cursor(pod)

    def _say_failed(self, line: LogLine) -> None:
        count = self._repeats.let_through("line")
        if count:
            fields = {"task": "line", "pod_uid": line.pod, "written": line.written, "count": count}
            self._log.error(ControllerEvent.TASK_FAILED, "something unexpected", exc_info=True, **fields)
