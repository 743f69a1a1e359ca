"""Ports for programs that cannot be told to choose one themselves."""

from __future__ import annotations

import itertools
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_HOST: Final = "127.0.0.1"
_LOWEST: Final = 15_000
# Whichever the system gives.
_ANY: Final = 0
# Fewer would be given out again too soon.
_FEWEST: Final = 1_000
_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")


class Ports:
    """Gives out ports, none of them twice before all others had their turn.

    They lie below those that the system gives to whoever asks for any: what nobody listens on yet, or is away for a
    restart, would otherwise go to one of the many servers and connections of the tests beside us.

    Args:
        ephemeral: the lowest port that the system gives out.
        process: which of the processes of a test run this is, from 0.
        processes: how many there are: each has ports of its own, for all look for some at the same time.
    """

    def __init__(self, ephemeral: int, process: int = 0, processes: int = 1) -> None:
        ports = range(_LOWEST, ephemeral)
        size = len(ports) // processes
        ports = ports[process * size : (process + 1) * size]
        # Begun anywhere, for there may be another test run; `random` begins with the same seed in each process.
        begin = secrets.randbelow(max(len(ports), 1))
        several = [*ports[begin:], *ports[:begin]] if len(ports) >= _FEWEST else [_ANY]
        self._turns: Iterator[int] = itertools.cycle(several)
        self._lock = threading.Lock()

    def free(self) -> int:
        """A port of 127.0.0.1 that nobody listens on."""
        with self._lock:
            return next(port for each in self._turns if (port := _bound(each)))


def _bound(port: int) -> int:
    """The port that could be had where this one was asked for; 0 where somebody has it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((_HOST, port))
        except OSError:
            return 0
        found: int = probe.getsockname()[1]
        return found


def _lowest_ephemeral() -> int:
    try:
        return int(_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0


def _of_this_process() -> Ports:
    """Of pytest-xdist's processes each one has a name, `gw0`, `gw1`, …."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    count = os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")
    return Ports(_lowest_ephemeral(), int(number), int(count))


_PORTS: Final = _of_this_process()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, and that nobody else is given meanwhile."""
    return _PORTS.free()
