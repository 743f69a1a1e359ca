"""Lines of a file or a pipe: what people keep of Gatekeeper's log, or what `kubectl logs` prints."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from gatekeeper.denials import limits
from gatekeeper.denials.lines import deny_line
from gatekeeper.denials.source import DenialSink, LogLine

# Bytes that are read beyond a line's characters: UTF-8 may take four a character.
_BYTES = limits.LINE_CHARACTERS * 4


@dataclass
class StreamLines:
    """Implements `gatekeeper.denials.source.DenialSource` for one stream.

    Attributes:
        stream: where the lines are.
    """

    stream: BinaryIO
    _stamp: str = ""

    def run(self, sink: DenialSink, stop: threading.Event) -> None:
        """Give lines until there are no more.

        Raises:
            OSError: the stream cannot be read.
        """
        for text in self._lines():
            if stop.is_set():
                return
            # A text with newlines is several lines, and only the first has a time.
            self._stamp = deny_line.stamp(text) or self._stamp
            sink.line(LogLine(text, pod=deny_line.pod(text), written=self._stamp))

    def _lines(self) -> Iterator[str]:
        while line := self.stream.readline(_BYTES):
            if not line.endswith(b"\n") and len(line) >= _BYTES:
                self._skip()
            yield line.rstrip(b"\r\n").decode("utf-8", "replace")

    def _skip(self) -> None:
        """Leave the rest of a line."""
        while (rest := self.stream.readline(_BYTES)) and not rest.endswith(b"\n"):
            pass
