"""`python -m tests.mutation FOLDER`: tries a sample of the mutants of a folder or file; fails below 90 %."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.mutation import equivalents, mutants, rego_mutants, rego_suite, report, suite, tree
from tests.mutation.mutant import Mutant
from tests.mutation.sample import sample
from tests.mutation.trial import Court, Judge, Trial, TrialVerdict, UnitTests
from tests.programs import ROOT

_AT_A_TIME: Final = 2
_STEP: Final = 20


def main(folder: str) -> str | None:
    """Try a folder.

    Returns:
        What is wrong, for the end of the process.
    """
    found = _mutants(folder)
    if not found:
        return f"no mutants: {folder!r} is no folder or file of provider or gatekeeper with code in it"
    listed = equivalents.load()
    here = [one for one in listed if Path(one.file).is_relative_to(folder)]
    if outdated := equivalents.outdated(here, found):
        return "\n".join(f"matches no mutant any more, take it off the list: {one}" for one in outdated)
    chosen = sample(found)
    _say(f"{len(found)} mutants, {len(chosen)} are tried; first the tests, with nothing wrong")
    with tempfile.TemporaryDirectory(prefix="bestbefore-mutation-") as scratch:
        try:
            trials = _trials(folder, chosen, here, Path(scratch))
        except suite.RedSuiteError as error:
            return f"{error}\nthe unit tests fail with nothing wrong in the code"
    _say("\n".join(report.lines(trials)))
    return "\n".join(report.complaints(trials)) or None


def _mutants(folder: str) -> list[Mutant]:
    parts = Path(folder).parts
    if parts[:1] not in {("provider",), ("gatekeeper",)} or ".." in parts:
        return []
    path = ROOT / folder
    of, suffix = (rego_mutants.of, ".rego") if _is_rego(folder) else (mutants.of, ".py")
    files = [each for each in ([path] if path.is_file() else sorted(path.rglob("*"))) if each.suffix == suffix]
    return [one for each in files for one in of(each.relative_to(ROOT).as_posix(), each.read_text(encoding="utf-8"))]


def _is_rego(folder: str) -> bool:
    return Path(folder).is_relative_to(rego_suite.REGO)


def _trials(folder: str, chosen: list[Mutant], listed: list[equivalents.Equivalent], scratch: Path) -> list[Trial]:
    first = tree.of_repository(ROOT, scratch / "1")
    judge = _judge(first, folder)
    trees = [first, *(tree.of_tree(first, scratch / str(number)) for number in range(2, _AT_A_TIME + 1))]
    trials: list[Trial] = []
    for trial in Court(trees, judge, listed).trials(chosen):
        trials.append(trial)
        if len(trials) % _STEP == 0:
            survived = sum(one.verdict is TrialVerdict.SURVIVED for one in trials)
            _say(f"{len(trials)} of {len(chosen)}, {survived} survived")
    return trials


def _judge(first: tree.Tree, folder: str) -> Judge:
    if _is_rego(folder):
        rego_suite.check(first)
        return rego_suite.RegoTests()
    path = Path(folder)
    return UnitTests(suite.record(first, str(path.parent if path.suffix else path)))


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - that is what it is for


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: make mutate P=folder, such as P=provider/registry")
    sys.exit(main(sys.argv[1].rstrip("/")))
