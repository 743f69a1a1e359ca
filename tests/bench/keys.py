"""What the controller holds for keys of key management services, the library of each being loaded when it is asked."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

from tests.bench.key_reader import NOBODY, REFERENCES
from tests.bench.report import Section, Table
from tests.programs import ROOT

_SECONDS: Final = 120


def measure() -> Section:
    """A process for each service."""
    rows = {name: [_mib(name)] for name in (NOBODY, *REFERENCES)}
    note = "the controller's modules and one service that was asked, which is not to be reached here; no policies"
    title = "Memory with keys of one service: proportional set size in MiB"
    return Section([Table(title, ["MiB"], rows, note)])


def _mib(name: str) -> float:
    words = [sys.executable, "-m", "tests.bench.key_reader", name]
    done = subprocess.run(words, check=True, capture_output=True, text=True, cwd=ROOT, timeout=_SECONDS)
    return float(done.stdout)
