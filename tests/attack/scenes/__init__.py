"""All attacks, by kind."""

from __future__ import annotations

from typing import Final

from tests.attack.attack import Scene
from tests.attack.scenes import (
    addresses,
    answers,
    budgets,
    challenges,
    credentials,
    deadlines,
    descriptors,
    endless,
    fairness,
    faults,
    fuzzing,
    handshakes,
    helpers,
    inputs,
    lookups,
    memory,
    mirrors,
    moods,
    moving,
    patience,
    proofs,
    quotas,
    stores,
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
    credentials.SCENE,
    helpers.SCENE,
    answers.SCENE,
    moving.SCENE,
    quotas.SCENE,
    mirrors.SCENE,
    stores.SCENE,
    endless.SCENE,
    descriptors.SCENE,
    faults.SCENE,
    patience.SCENE,
    moods.SCENE,
    fuzzing.SCENE,
)
