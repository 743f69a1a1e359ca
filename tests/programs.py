"""Where tests find the real programs that they run.

`make tools` puts them into `.build/bin`; `BESTBEFORE_BIN` names another folder; the PATH comes last. A program that is
missing skips a test on a developer's machine, and fails it in CI, where everything has to be there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[1]
# Debian's; the others are built.
_BROUGHT_BY = {
    "prometheus": "tools/monitoring",
    "promtool": "tools/monitoring",
    "chromium": "apt-get install chromium",
    "docker-registry": "apt-get install docker-registry",
    "tinyproxy": "apt-get install tinyproxy",
    "prometheus-alertmanager": "apt-get install prometheus-alertmanager",
    "redis-server": "apt-get install redis-server",
}


def program(name: str) -> Path:
    """The program of that name, or a skipped test that says how to get it."""
    folders = [os.environ.get("BESTBEFORE_BIN", ""), str(ROOT / ".build" / "bin"), os.environ.get("PATH", "")]
    found = shutil.which(name, path=os.pathsep.join(folder for folder in folders if folder))
    if found is None:
        missing(f"{name} is not there: `{_BROUGHT_BY.get(name, f'tools/build {name}')}` brings it")
    return Path(found)


def short_run() -> dict[str, str]:
    """The environment for a program in Go that compiles Rego and ends: a third of its time is to collect garbage."""
    return {**os.environ, "GOGC": "400"}


def gatekeeper_chart() -> Path:
    """Gatekeeper's own chart, of the release that we support, as its Go module brings it."""
    command = ("mod", "download", "-json", "github.com/open-policy-agent/gatekeeper/v3")
    done = subprocess.run(
        [program("go"), *command], cwd=ROOT / "tests" / "e2e" / "tools", capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        missing(f"Gatekeeper's module is not in the module cache: {done.stderr}")
    return Path(json.loads(done.stdout)["Dir"]) / "charts" / "gatekeeper"


def missing(reason: str) -> NoReturn:
    """Skip the test; where CI is set, fail it."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
