"""The segments of Gatekeeper's admission export in a folder: a source of denials that is not sampled.

Gatekeeper writes a segment as `admission-TIME-RANDOM.open`, and renames it to `.log` when it is whole: then it does not
change any more. It removes the oldest itself, so here nothing is written or removed.

Nothing uses it yet: the export is alpha, and the controller would need Gatekeeper's volume. People read one segment by
`bestbefore denials FILE`, as a stream.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatekeeper.denials import limits
from gatekeeper.denials.source import DenialSink, GapCause, LogGap, LogLine

# Where Gatekeeper's file system is, all segments are those of one Pod.
_POD: Final = "export"
_NAME: Final = re.compile(r"admission-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\.\d{9}Z)-[0-9a-f]{16}\.log", re.ASCII)
_LOOK_SECONDS: Final = 2.0


@dataclass(frozen=True)
class _Segment:
    path: Path
    begun: str


class ExportSegments:
    """Implements `gatekeeper.denials.source.DenialSource`.

    Args:
        folder: of the export's channel, in the volume that Gatekeeper writes to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: set[str] = set()

    def run(self, sink: DenialSink, stop: threading.Event) -> None:
        """Give the records of whole segments until `stop` is set.

        Raises:
            OSError: the folder cannot be read.
        """
        # The last one may have been read in part only; its denials are counted once all the same.
        first = sink.cursor(_POD)
        while not stop.is_set():
            self.look(sink, stop, first)
            stop.wait(_LOOK_SECONDS)

    def look(self, sink: DenialSink, stop: threading.Event, first: str = "") -> None:
        """Give the records of the segments that are new, once.

        Args:
            sink: takes the records.
            stop: ends it between two of them.
            first: when the oldest was begun that is still to be read; empty for all.

        Raises:
            OSError: the folder cannot be read.
        """
        segments = {segment.path.name: segment for segment in self._segments() if segment.begun >= first}
        self._read &= segments.keys()
        for name in sorted(segments.keys() - self._read):
            if stop.is_set():
                return
            self._give(segments[name], sink, stop)
            self._read.add(name)

    def _segments(self) -> Iterator[_Segment]:
        for path in self._folder.iterdir():
            found = _NAME.fullmatch(path.name)
            if found and not path.is_symlink():
                year, month, day, hour, minute, second, fraction = found.groups()
                yield _Segment(path, f"{year}-{month}-{day}T{hour}:{minute}:{second}{fraction}")

    def _give(self, segment: _Segment, sink: DenialSink, stop: threading.Event) -> None:
        try:
            with segment.path.open("rb") as file:
                for line in _lines(file.read(limits.SEGMENT_BYTES + 1)):
                    if stop.is_set():
                        return
                    sink.line(LogLine(line, _POD, segment.begun))
        except FileNotFoundError:
            # Gatekeeper removed it before we came: it keeps a bounded number.
            sink.gap(LogGap(_POD, GapCause.ROTATED))
        except (OSError, ValueError):
            sink.gap(LogGap(_POD, GapCause.UNREADABLE))


def _lines(content: bytes) -> Iterator[str]:
    if len(content) > limits.SEGMENT_BYTES:
        raise ValueError("the segment is larger than Gatekeeper makes one")
    for line in content.splitlines():
        yield line.decode("utf-8", "replace")
