"""The real promtool reads what the controller exposes, also of hostile names."""

from __future__ import annotations

import subprocess

import pytest

from gatekeeper.denials.ledger.metrics import DenialMetrics
from tests.programs import program
from tests.unit.denials.test_metrics import hostile_ledger

pytestmark = pytest.mark.integration


def test_promtool_finds_nothing_wrong_with_the_exposition() -> None:
    metrics = DenialMetrics("test")
    metrics.cover(["shop"])
    hostile_ledger(metrics, 700, 700, 2_000)
    done = subprocess.run(
        [program("promtool"), "check", "metrics"], input=metrics.exposition(), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
