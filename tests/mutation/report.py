"""What came out, for a person: a table, those that nobody noticed last, and the share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from tests.mutation.equivalents import PATH
from tests.mutation.trial import Trial, TrialVerdict

_SHARE: Final = 0.9
_COUNTED: Final = (TrialVerdict.KILLED, TrialVerdict.TIMEOUT, TrialVerdict.EQUIVALENT)


def lines(trials: Sequence[Trial]) -> list[str]:
    """The table, then how many there are of each outcome, and the share."""
    order = list(TrialVerdict)
    rows = sorted(trials, key=lambda trial: (order.index(trial.outcome), trial.mutant.file, trial.mutant.line))
    counts = Counter(trial.outcome for trial in trials)
    figures = ", ".join(f"{counts[verdict]} {verdict}" for verdict in TrialVerdict if counts[verdict])
    return [*(line for trial in rows for line in _row(trial)), f"{len(trials)} mutants: {figures}", _share(trials)]


def share(trials: Sequence[Trial]) -> float:
    """From 0 to 1, of those that are noticed, or listed as equivalent."""
    return sum(trial.outcome in _COUNTED for trial in trials) / len(trials)


def complaints(trials: Sequence[Trial]) -> list[str]:
    """What is not as it should be."""
    wrong = [trial.equivalent for trial in trials if trial.equivalent and trial.is_noticed]
    found = [f"is not equivalent, a test notices it: {one}" for one in wrong]
    if share(trials) < _SHARE:
        found.append(f"less than {_SHARE:.0%}: what survived needs a test, or an entry in {PATH.name}")
    return found


def _share(trials: Sequence[Trial]) -> str:
    return f"{share(trials):.1%} killed or equivalent"


def _row(trial: Trial) -> list[str]:
    mutant = trial.mutant
    reason = [f"    {trial.equivalent.reason}"] if trial.outcome is TrialVerdict.EQUIVALENT and trial.equivalent else []
    head = f"{trial.outcome:<10}  {mutant.file}:{mutant.line}  {mutant.operator}"
    went, came = mutant.change
    return [head, *(f"    - {line}" for line in went), *(f"    + {line}" for line in came), *reason]
