"""How long to wait before something is tried again, so that not all who wait come at once.

Full jitter: any time up to a bound that doubles with each try ("Exponential Backoff And Jitter", AWS Architecture
Blog).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import SystemRandom
from typing import Final

Chance = Callable[[], float]
"""A number from 0 to 1, another one each time."""

CHANCE: Final[Chance] = SystemRandom().random
_DOUBLINGS: Final = 16


@dataclass(frozen=True)
class Backoff:
    """Waits that grow.

    Attributes:
        first: bound of the first wait, seconds.
        longest: bound of any wait, seconds.
        chance: where in it.
    """

    first: float
    longest: float
    chance: Chance = CHANCE

    def seconds(self, tries: int) -> float:
        """The wait after so many tries that failed, the first of them being 0."""
        return self.chance() * min(self.longest, self.first * 2.0 ** min(tries, _DOUBLINGS))
