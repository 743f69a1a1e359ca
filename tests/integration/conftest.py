"""What holds for tests with real programs: a machine that is busy with something else is no failure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper.evaluation import opa
from tests.e2e.rig.processes import PATIENCE


@pytest.fixture(autouse=True)
def patient_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """An evaluation has more time than commands give it; those that are about this time name it themselves."""
    find = opa.find
    seconds = opa.EVALUATION_SECONDS * PATIENCE
    monkeypatch.setattr(opa, "find", lambda *given: replace(find(*given), seconds=seconds))
