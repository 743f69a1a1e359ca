"""All attacks, by kind."""

from __future__ import annotations

from typing import Final

from tests.attack.attack import Scene
from tests.attack.scenes import budgets, challenges, deadlines, fairness, handshakes, lookups, memory

SCENES: Final[tuple[Scene, ...]] = (
    handshakes.SCENE,
    challenges.SCENE,
    memory.SCENE,
    deadlines.SCENE,
    fairness.SCENE,
    budgets.SCENE,
    lookups.SCENE,
)
