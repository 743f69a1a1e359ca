"""Programs that tests start, wait for and stop."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.1
STOP_SECONDS = 30.0
# Callers say how long something takes at most on a quiet machine; one that is busy gets more.
PATIENCE = 4
# For one answer of a program on this machine.
ANSWER_SECONDS = 5.0 * PATIENCE
_LOG_TAIL_CHARACTERS = 3000


class RigError(Exception):
    """The rig itself does not work; no verdict about the product."""


@dataclass(frozen=True)
class Program:
    """A running program.

    Attributes:
        name: what the log file and messages call it.
        process: the process.
        log: where both of its output streams go; it stays when the run is over.
    """

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def output(self) -> str:
        """Everything it has written."""
        return self.log.read_text("utf-8", errors="replace")

    def stop(self) -> int:
        """Ask it to end, insist after a while, and return its exit code."""
        if self.running():
            self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """End it at once, without its leave, and return its exit code."""
        self.process.kill()
        return self.process.wait(STOP_SECONDS)


def start(
    name: str, command: Sequence[str | Path], logs: Path, environment: Mapping[str, str] | None = None
) -> Program:
    """Start a program that ends with us, even if we are killed."""
    path = logs / f"{name}.log"
    words = [*ends_with_us(), *(str(word) for word in command)]
    with path.open("ab") as log:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
    return Program(name, process, path)


def ends_with_us() -> list[str]:
    """The words before a command that make it end with whoever starts it."""
    setpriv = shutil.which("setpriv")
    return [] if setpriv is None else [setpriv, "--pdeathsig", "KILL", "--"]


def wait_until(condition: Callable[[], object], what: str, seconds: float, program: Program | None = None) -> None:
    """Poll until the condition holds.

    Args:
        condition: asked again and again.
        what: is waited for, for the error.
        seconds: how long it takes at most on a quiet machine.
        program: without which it will not hold.

    Raises:
        RigError: it did not in time, or the program ended meanwhile; with the end of the program's log.
    """
    seconds *= PATIENCE
    end = time.monotonic() + seconds
    while not condition():
        if program is not None and not program.running():
            raise RigError(f"{program.name} ended while waiting for {what}:\n{_tail(program)}")
        if time.monotonic() > end:
            raise RigError(f"no {what} after {seconds} s" + (f":\n{_tail(program)}" if program else ""))
        time.sleep(POLL_SECONDS)


def _tail(program: Program) -> str:
    return program.output()[-_LOG_TAIL_CHARACTERS:]


def whole_lines(log: Path) -> str:
    """What a program has written to its log; of a line that is begun, nothing."""
    text = log.read_text("utf-8", errors="replace")
    return text[: text.rfind("\n") + 1]


def listening(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
