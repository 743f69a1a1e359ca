"""Ports for programs that cannot be told to choose one themselves."""

from __future__ import annotations

import itertools
import random
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
    """

    def __init__(self, ephemeral: int) -> None:
        ports = range(_LOWEST, ephemeral)
        # Begun anywhere, for several processes of a test run look for ports at the same time.
        begin = random.randrange(max(len(ports), 1))
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


_PORTS: Final = Ports(_lowest_ephemeral())


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, and that nobody else is given meanwhile."""
    return _PORTS.free()
