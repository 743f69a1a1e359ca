"""How many requests the API server has."""

from __future__ import annotations

import time
from typing import Final

from tests.e2e.rig.world import World

_SECONDS: Final = 60


def in_a_minute(world: World) -> int:
    """How many it has in the next minute, whoever makes them."""
    before = _total(world)
    time.sleep(_SECONDS)
    return _total(world) - before


def _total(world: World) -> int:
    text = world.client.request("GET", "/metrics").text
    lines = [line for line in text.splitlines() if line.startswith("apiserver_request_total{")]
    return sum(int(float(line.rpartition(" ")[2])) for line in lines)
