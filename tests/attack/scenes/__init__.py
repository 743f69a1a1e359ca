"""All attacks, by kind."""

from __future__ import annotations

from typing import Final

from tests.attack.attack import Scene
from tests.attack.scenes import (
    addresses,
    answers,
    budgets,
    challenges,
    deadlines,
    descriptors,
    endless,
    fairness,
    faults,
    fuzzing,
    handshakes,
    inputs,
    lookups,
    memory,
    moods,
    proofs,
)

SCENES: Final[tuple[Scene, ...]] = (
    handshakes.SCENE,
    challenges.SCENE,
    memory.SCENE,
    deadlines.SCENE,
    fairness.SCENE,
    budgets.SCENE,
    lookups.SCENE,
    proofs.SCENE,
    inputs.SCENE,
    addresses.SCENE,
    answers.SCENE,
    endless.SCENE,
    descriptors.SCENE,
    faults.SCENE,
    moods.SCENE,
    fuzzing.SCENE,
)
