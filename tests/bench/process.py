"""What a running program costs: memory and processor time, of itself and of what it has started."""

from __future__ import annotations

import os
from pathlib import Path


def family(pid: int) -> list[int]:
    """The process and all that it has started, in whichever thread."""
    children = [child for each in Path(f"/proc/{pid}/task").iterdir() for child in _children(each)]
    return [pid, *(member for child in children for member in family(int(child)))]


def _children(thread: Path) -> list[str]:
    try:
        return (thread / "children").read_text().split()
    except OSError:
        # It has ended.
        return []


def memory_mib(pid: int) -> float:
    """What would be free without the family: its proportional set size, where a shared page counts once."""
    children = (_of_child(member) for member in family(pid) if member != pid)
    return (_proportional_kib(pid) + sum(children)) / 1024


def own_memory_mib(pid: int) -> float:
    """The same of the process alone."""
    return _proportional_kib(pid) / 1024


def processor_seconds(pid: int) -> float:
    """What the family has computed so far."""
    return sum(_ticks(member) for member in family(pid)) / os.sysconf("SC_CLK_TCK")


def _of_child(pid: int) -> int:
    try:
        return _proportional_kib(pid)
    except (FileNotFoundError, ProcessLookupError):
        # It has ended meanwhile.
        return 0


def _proportional_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
