"""`python -m tests.attack [--minutes=N] [--seed=N] [SCENE…]`: tries all attacks, or those of some scenes."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.attack import bounds, stage
from tests.attack.attack import Attack, Outcome
from tests.attack.report import Report, say
from tests.attack.scenes import SCENES
from tests.attack.stage import Stage, Theatre
from tests.bench import machine

_SEED = 20261129


class OverdueError(Exception):
    """An attack takes too long."""


def main(arguments: Sequence[str]) -> int:
    """Try them.

    Returns:
        The exit code: 0 when everything held, 1 when something did not.
    """
    options = _options(arguments)
    chosen = [scene for scene in SCENES if not options.scenes or scene.name in options.scenes]
    report = Report(_described(options.seed))
    say(f"{report.machine}\n")
    begun = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="bestbefore-attack-") as folder,
        stage.opened(Path(folder), options.minutes, options.seed) as theatre,
    ):
        number = 0
        for scene in chosen:
            say(f"{scene.name}: {scene.title}\n")
            for attack in scene.attacks:
                number += 1
                started = time.monotonic()
                tried = _tried(attack, theatre, number)
                report.add(scene, attack, tried, time.monotonic() - started)
                report.write_json()
    say(f"{report.summary()}; {time.monotonic() - begun:.0f} s")
    if not options.scenes:
        report.write_page(SCENES)
    return 1 if report.failed else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make attack", description=__doc__)
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=", ".join(scene.name for scene in SCENES))
    parser.add_argument("--minutes", type=float, help="how long random faults and fuzzing go on, each")
    parser.add_argument("--seed", type=int, default=_SEED, help="of what is random")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.scenes) - {scene.name for scene in SCENES})
    if unknown:
        parser.error(f"no scene {unknown[0]!r}; there are {', '.join(scene.name for scene in SCENES)}")
    return options


def _described(seed: int) -> str:
    facts = machine.described()
    return (
        f"{facts['processors']} processors ({facts['model']}), {facts['system']}, Python {facts['python']}, seed {seed}"
    )


def _tried(attack: Attack, theatre: Theatre, number: int) -> Outcome:
    if attack.namespace and not theatre.inside:
        return Outcome("no namespace of our own is permitted here", held=None)
    scene = Stage(theatre, number)
    try:
        with _time_limit(bounds.OVERDUE_SECONDS + 60 * (theatre.minutes or 0)):
            outcome = attack.run(scene)
    except OverdueError as error:
        outcome = Outcome(str(error), held=False)
    except Exception as error:  # noqa: BLE001 - the others are tried all the same
        traceback.print_exc()
        outcome = Outcome(f"the attack itself failed: {type(error).__name__}: {error}"[:300], held=False)
    finally:
        surprises = scene.close()
    return outcome.beside(surprises)


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """End what takes longer."""

    def ring(_number: int, _frame: object) -> None:
        raise OverdueError(f"broken off after {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
