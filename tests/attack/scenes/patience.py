"""Attacks that take half a minute and compute next to nothing: tried side by side."""

from __future__ import annotations

from typing import Final

from tests.attack.attack import Scene
from tests.attack.scenes import budgets, endless, faults

SCENE: Final = Scene(
    "patience",
    "what takes half a minute, side by side",
    (budgets.LATE, endless.DRIPS, faults.HOSTS, faults.REGISTRY_CA),
    together=True,
)
