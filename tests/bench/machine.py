"""What it was measured on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import pycurl

from tests.bench.report import Value


def described() -> dict[str, Value]:
    """Processors and how busy they are: a machine that others use tells ratios, and no times."""
    return {
        "processors": len(os.sched_getaffinity(0)),
        "model": _model(),
        "load": round(os.getloadavg()[0], 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "libcurl": pycurl.version_info()[1],
        "date": datetime.now(UTC).date().isoformat(),
    }


def _model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
