"""A world for each test."""

import pytest

from tests.unit.images.world import World


@pytest.fixture
def world():
    world = World()
    yield world
    world.loop.finish()
