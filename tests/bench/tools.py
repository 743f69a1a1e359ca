"""The two programs that measure: a registry and a load, written in Go so that they are not what is measured."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.programs import ROOT

FOLDER = ROOT / ".build" / "bench"


def build() -> Path:
    """Build them; the folder that they lie in.

    Raises:
        RuntimeError: there is no Go.
    """
    go = shutil.which("go")
    if go is None:
        raise RuntimeError("Go is needed to build what measures")
    FOLDER.mkdir(parents=True, exist_ok=True)
    source = Path(__file__).with_name("tools")
    subprocess.run([go, "build", "-o", f"{FOLDER}/", "./registry", "./load"], cwd=source, check=True)
    return FOLDER
