"""How often a verification asks whether its caller still waits."""

from __future__ import annotations

import itertools
from collections.abc import Callable


class OutOfTimeError(Exception):
    """What the caller of a verification raises when it waits no longer."""


def out_of_time_at(turn: int) -> Callable[[], None]:
    """There is time until it has been asked for so often."""
    turns = itertools.count(1)

    def alive() -> None:
        if next(turns) == turn:
            raise OutOfTimeError

    return alive


def turns_of(verify: Callable[[Callable[[], None]], object]) -> int:
    """How often a verification asks whether there is time; each of them ends it."""
    for turn in itertools.count(1):
        try:
            verify(out_of_time_at(turn))
        except OutOfTimeError:
            continue
        return turn - 1
    raise AssertionError
