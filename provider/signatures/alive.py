"""Whether there is still time: asked within every loop over what a stranger may make long or dear."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Alive: TypeAlias = Callable[[], None]
"""Returns while there is time, and raises what its maker chose when there is none; nobody here catches that."""


def always() -> None:
    """There is time, for whoever has no deadline."""
