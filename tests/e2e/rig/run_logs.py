"""Where a run's logs stay: a folder of its own, because worktrees share `.build` and run at once."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

# More than run at once on any machine: nobody loses the logs that it writes.
RUNS_KEPT = 16


def folder(root: Path, rig: str) -> Path:
    """Make the folder of a run, and have `root/RIG` lead to it: there are the logs of the last run.

    Of the runs before, the newest stay.

    Args:
        root: of the logs of all runs.
        rig: what the rig is called.
    """
    runs = root / f"{rig}-runs"
    run = runs / f"{time.time_ns()}-{os.getpid()}"
    run.mkdir(parents=True)
    link = root / f"{run.name}.link"
    link.symlink_to(run)
    link.replace(root / rig)
    for old in sorted(runs.iterdir())[:-RUNS_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return run
