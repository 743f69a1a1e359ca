"""What tests of certificates share."""

from __future__ import annotations

import pytest

from tests.unit.certificates.world import CertificateWorld


@pytest.fixture
def world() -> CertificateWorld:
    """One that is as it should be, with two Pods that serve and two that ask."""
    world = CertificateWorld(("g-1", "g-2"))
    for name in ("p-1", "p-2"):
        world.start_pod(name)
    world.settle()
    assert world.refused() == []
    return world
