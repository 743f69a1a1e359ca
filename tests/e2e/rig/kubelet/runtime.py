"""What a container runtime does with a process: `python -m tests.e2e.rig.kubelet.runtime PATH/N.log COMMAND…`.

It runs the command, writes its two streams to the log, each line with time and stream, and the raw bytes to its own
output. The command's process id is in `N.pid`. SIGUSR1: open the log anew, for it was moved away. SIGTERM is passed on.
It ends with the command's exit code.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO, Final

from tests.e2e.rig.kubelet.attempt import AttemptLog
from tests.e2e.rig.processes import ends_with_us

_CHUNK: Final = 1 << 16
_SIGNAL: Final = "signal"


def main(arguments: list[str]) -> int:
    """Run the command to its end."""
    path = Path(arguments[0])
    log = AttemptLog(path)
    signals = _signals()
    process = subprocess.Popen([*ends_with_us(), *arguments[1:]], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    path.with_suffix(".pid").write_text(str(process.pid))
    assert process.stdout is not None
    assert process.stderr is not None
    _copy({"stdout": process.stdout, "stderr": process.stderr}, log, signals)
    code = process.wait()
    log.end()
    return code


def _signals() -> socket.socket:
    """What becomes readable at a signal: the log must not change its file in the middle of a write."""
    reader, writer = socket.socketpair()
    for end in (reader, writer):
        end.setblocking(False)
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.set_wakeup_fd(writer.detach(), warn_on_full_buffer=False)
    return reader


def _copy(pipes: dict[str, IO[bytes]], log: AttemptLog, signals: socket.socket) -> None:
    begun = dict.fromkeys(pipes, b"")
    with selectors.DefaultSelector() as selector:
        selector.register(signals, selectors.EVENT_READ, _SIGNAL)
        for stream, pipe in pipes.items():
            selector.register(pipe, selectors.EVENT_READ, stream)
        while len(selector.get_map()) > 1:
            for key, _ in selector.select():
                chunk = os.read(key.fd, _CHUNK)
                if key.data == _SIGNAL:
                    if signal.SIGUSR1 in chunk:
                        log.reopen()
                    continue
                *lines, begun[key.data] = (begun[key.data] + chunk).split(b"\n")
                if not chunk:
                    selector.unregister(key.fileobj)
                    lines, begun[key.data] = [begun[key.data]] if begun[key.data] else [], b""
                if lines:
                    log.write(lines, key.data)
                # Afterwards, so that what is seen here is in the log, too.
                os.write(sys.stdout.fileno(), chunk)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
