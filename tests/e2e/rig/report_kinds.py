"""Kinds of reports as others publish them, and as others install them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.processes import RigError

_FOLDER: Final = "report-crds"


def open_reports(binaries: Path) -> Object:
    """The CustomResourceDefinition of OpenReports' Report.

    Raises:
        RigError: `tools/build` has not brought it.
    """
    return _definition(binaries, "openreports.io_reports.yaml")


def policy_reports(binaries: Path) -> Object:
    """The CustomResourceDefinition of PolicyReport, as Kyverno installs it.

    Raises:
        RigError: `tools/build` has not brought it.
    """
    return _definition(binaries, "wgpolicyk8s.io_policyreports.yaml")


def _definition(binaries: Path, name: str) -> Object:
    path = binaries / _FOLDER / name
    if not path.exists():
        raise RigError(f"{path} not found: run `make tools`")
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found
