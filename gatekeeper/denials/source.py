"""Where lines that may tell of denials come from: the logs of Gatekeeper's Pods, a stream, an export."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True)
class LogLine:
    """One whole line of a log.

    Attributes:
        text: without the newline.
        pod: uid of the Pod that wrote it; empty for a stream.
        written: when, RFC 3339 with nine digits, as the kubelet stamps it; empty where nobody does.
    """

    text: str
    pod: str = ""
    written: str = ""


class GapCause(StrEnum):
    """Why lines may be missing."""

    ROTATED = "rotated"
    RESTARTED = "restarted"
    POD_DELETED = "pod_deleted"
    FORBIDDEN = "forbidden"
    UNREADABLE = "unreadable"
    TOO_LONG = "too_long"
    CLOCK = "clock"


@dataclass(frozen=True)
class LogGap:
    """Lines are missing, nobody knows how many.

    Attributes:
        pod: uid of the Pod whose log it is.
        cause: why.
    """

    pod: str
    cause: GapCause


class DenialSink(Protocol):
    """Takes lines; several threads may call it."""

    def line(self, line: LogLine) -> None:
        """Take a line. The same one may come again: it is counted once."""

    def gap(self, gap: LogGap) -> None:
        """Take note that lines are missing."""

    def cursor(self, pod: str) -> str:
        """`written` of the last line that was taken of this Pod, over restarts of ours too; empty for none."""


class DenialSource(Protocol):
    """Gives lines to a sink until it has to stop."""

    def run(self, sink: DenialSink, stop: threading.Event) -> None:
        """Give lines, at least once each, until `stop` is set or there are no more."""
