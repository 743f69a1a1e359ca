"""`python -m tests.attack [--minutes=N] [--seed=N] [SCENE…]`: tries all attacks, or those of some scenes."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from typing import Final

from tests.attack import stage
from tests.attack.report import Report, say
from tests.attack.scenes import SCENES
from tests.attack.trial import trials
from tests.bench import machine
from tests.programs import ROOT

_SEED: Final = 20261129
# With the provider's logs, one folder an attack, until the next run.
_FOLDER: Final = ROOT / ".build" / "attack"


def main(arguments: Sequence[str]) -> int:
    """Try them, print and write what was measured; the page only where all of them were tried.

    Returns:
        The exit code: 0 when everything held, 1 when something did not.
    """
    options = _options(arguments)
    chosen = [scene for scene in SCENES if not options.scenes or scene.name in options.scenes]
    report = Report(_described(options.seed))
    say(f"{report.machine}\n")
    begun = time.monotonic()
    shutil.rmtree(_FOLDER, ignore_errors=True)
    _FOLDER.mkdir(parents=True)
    with stage.opened(_FOLDER, options.minutes, options.seed) as theatre:
        for scene in chosen:
            say(f"{scene.name}: {scene.title}\n")
            for trial in trials(scene, theatre):
                report.add(scene, trial)
                report.write_json()
    say(f"{report.summary()}; {time.monotonic() - begun:.0f} s")
    if not options.scenes:
        report.write_page(SCENES)
    return 1 if report.failed else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    names = ", ".join(scene.name for scene in SCENES)
    parser = argparse.ArgumentParser(prog="make attack", description=__doc__)
    parser.add_argument("scenes", nargs="*", metavar="SCENE", help=names)
    parser.add_argument("--minutes", type=float, help="how long random faults go on; fuzzing twice as long")
    parser.add_argument("--seed", type=int, default=_SEED, help="of what is random")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.scenes) - {scene.name for scene in SCENES})
    if unknown:
        parser.error(f"no scene {unknown[0]!r}; there are {names}")
    return options


def _described(seed: int) -> str:
    facts = machine.described()
    system = f"{facts['system']}, Python {facts['python']}"
    return f"{facts['processors']} processors ({facts['model']}), load {facts['load']} before, {system}, seed {seed}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
