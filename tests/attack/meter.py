"""What the provider costs while it is attacked: memory and processor time of itself and all that it has started."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.attack import bounds
from tests.bench import process

_EVERY_SECONDS: Final = 0.05
_LOOKS: Final = 5


class Meter:
    """Looks at a process again and again, on a thread.

    Args:
        pid: of the process.
        end: called once when it fills the machine.

    Attributes:
        peak_mib: the most memory that was seen: proportional set size.
    """

    def __init__(self, pid: int, end: Callable[[], None]) -> None:
        self._pid = pid
        self._end = end
        self._stop = threading.Event()
        self.peak_mib = 0.0
        self._thread = threading.Thread(target=self._watch, name="meter", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join()

    def processor_seconds(self) -> float:
        """What it has computed so far."""
        return _steady(process.processor_seconds, self._pid)

    def memory_mib(self) -> float:
        """Its memory now."""
        return _steady(process.memory_mib, self._pid)

    def _watch(self) -> None:
        while not self._stop.wait(_EVERY_SECONDS):
            self.peak_mib = max(self.peak_mib, self.memory_mib())
            if self.peak_mib > bounds.MACHINE_MIB:
                self._end()
                return


def children(pid: int) -> list[int]:
    """Processes that it has started and that have not ended; none once it has ended itself."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _steady(look: Callable[[int], float], pid: int) -> float:
    """Look again when one of the processes ended meanwhile; 0 when that goes on, for then it is ending itself."""
    for _ in range(_LOOKS):
        try:
            return look(pid)
        except (OSError, StopIteration):
            continue
    return 0.0
