"""What large documents took goes back to the system."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from provider.server import allocation

# As a verification does: a block that is let go of, which teaches the C library, then large ones with small ones after.
_PROGRAM = """
from pathlib import Path
from provider.server import allocation

def mib():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 >> 20

if {switched}:
    assert allocation.give_large_blocks_back()
bytearray(30 << 20)
before, kept = mib(), []
for _ in range(10):
    large = bytearray(8 << 20)
    kept.append(bytes(100_000))
    kept.append(large)
del kept[1:-1:2], large
print(mib() - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="another C library")
def test_large_blocks_that_are_let_go_of_are_the_systems_again() -> None:
    grown = {}
    for switched in (True, False):
        words = [sys.executable, "-c", _PROGRAM.format(switched=switched)]
        grown[switched] = int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    assert grown[True] <= 8 + 4 < 60 < grown[False]


def test_c_library_that_does_not_know_how_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert not allocation.give_large_blocks_back()
