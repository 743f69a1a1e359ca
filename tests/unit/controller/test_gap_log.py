"""A line that cannot be counted takes none of those behind it along."""

from __future__ import annotations

import io
import json

from gatekeeper.controller.gap_log import GapLog
from gatekeeper.denials.source import GapCause, LogGap, LogLine
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.log import Log
from tests.simulators.clock import FakeClock
from tests.simulators.sources import SinkSimulator


class BrokenSink(SinkSimulator):
    """Fails on each line that says so, as nothing should."""

    def line(self, line: LogLine) -> None:
        if line.text == "broken":
            raise ZeroDivisionError("not reckoned with")
        super().line(line)


def test_line_that_cannot_be_counted_is_a_gap_and_the_next_one_is_read():
    sink, written, clock = BrokenSink(), io.StringIO(), FakeClock()
    gaps = GapLog(sink, Log(written, LogLevel.INFO, LogFormat.JSON, clock), clock)
    for text in ("a", "broken", "broken", "b"):
        gaps.line(LogLine(text, "uid-gk"))
    assert sink.texts == ["a", "b"]
    assert sink.gaps == [LogGap("uid-gk", GapCause.UNREADABLE)] * 2
    said = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [(each["event"], each["task"], each["count"]) for each in said] == [("task.failed", "line", 1)]
    assert "ZeroDivisionError" in written.getvalue()
