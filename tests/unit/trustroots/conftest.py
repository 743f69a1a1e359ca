from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.signing import SigningWorld
from tests.unit.trustroots.world import RootWorld


@pytest.fixture(scope="session")
def signing() -> SigningWorld:
    return SigningWorld()


@pytest.fixture
def document(signing: SigningWorld) -> Callable[[int], dict[str, Any]]:
    """Trust roots that differ: the nth has n logs of certificates more."""

    def make(number: int = 0) -> dict[str, Any]:
        found = copy.deepcopy(signing.trust_root)
        found["ctlogs"] = found["ctlogs"] * (number + 1)
        return found

    return make


@pytest.fixture
def world(tmp_path: Path, document: Callable[[int], dict[str, Any]]) -> RootWorld:
    made = RootWorld(tmp_path, json.dumps(document(0)).encode())
    made.add_pod("a")
    made.add_pod("b")
    return made
