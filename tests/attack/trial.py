"""Trying attacks: one after the other or side by side, each on a stage of its own and with an end."""

from __future__ import annotations

import contextlib
import itertools
import signal
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from tests.attack import bounds
from tests.attack.attack import Attack, Outcome, Scene
from tests.attack.stage import Stage, Theatre

_SHOWN_CHARACTERS: Final = 300


class OverdueError(Exception):
    """An attack takes too long."""


@dataclass(frozen=True)
class Trial:
    """An attack that was tried.

    Attributes:
        attack: which.
        outcome: what became of it.
        seconds: that it took.
    """

    attack: Attack
    outcome: Outcome
    seconds: float


def trials(scene: Scene, theatre: Theatre) -> Iterator[Trial]:
    """All attacks of a scene, in their order."""
    if scene.together:
        with ThreadPoolExecutor(len(scene.attacks), thread_name_prefix="attack") as pool:
            yield from pool.map(lambda attack: _trial(attack, theatre), scene.attacks)
        return
    for attack in scene.attacks:
        # Those side by side have ends of their own, for a signal reaches the first thread only.
        with _time_limit(bounds.OVERDUE_SECONDS + 60 * (theatre.minutes or 0)):
            yield _trial(attack, theatre)


def _trial(attack: Attack, theatre: Theatre) -> Trial:
    if attack.namespace and not theatre.inside:
        return Trial(attack, Outcome("no namespace of our own is permitted here", held=None), 0.0)
    begun = time.monotonic()
    stage = Stage(theatre, next(_NUMBERS))
    try:
        outcome = attack.run(stage)
    except OverdueError as error:
        outcome = Outcome(str(error), held=False)
    except Exception as error:  # noqa: BLE001 - the others are tried all the same
        traceback.print_exc()
        outcome = Outcome(f"the attack itself failed: {type(error).__name__}: {error}"[:_SHOWN_CHARACTERS], held=False)
    finally:
        surprises = stage.close()
    return Trial(attack, outcome.beside(surprises), time.monotonic() - begun)


_NUMBERS: Final = itertools.count(1)


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """End what takes longer, by an error in the first thread."""

    def ring(_number: int, _frame: object) -> None:
        raise OverdueError(f"broken off after {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
