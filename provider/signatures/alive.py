"""Whether there is still time: asked within every loop over what a stranger may make long or dear."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.call import Call

Alive: TypeAlias = Callable[[], None]
"""Returns while there is time, and raises what its maker chose when there is none; nobody here catches that."""


def always() -> None:
    """There is time, for whoever has no deadline."""


def alive(call: Call) -> Alive:
    """Looks whether there is time left for a call."""

    def check() -> None:
        if call.deadline.passed():
            raise ImageError(Reason.TIMEOUT, "the time was over while signatures were verified")

    return check
