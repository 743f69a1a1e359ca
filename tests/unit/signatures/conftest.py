"""A world in which images are signed, made once: keys are what takes time, and nothing changes them."""

import pytest

from tests.simulators.signing import SigningWorld
from tests.unit.signatures.world import SignatureWorld


@pytest.fixture(scope="session")
def world():
    return SigningWorld()


@pytest.fixture(scope="session")
def case(world):
    return SignatureWorld(world)
