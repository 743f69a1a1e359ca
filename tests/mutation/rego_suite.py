"""The tests of Rego, run in a copy of the tree: those written in Rego, then those in Python that evaluate it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gatekeeper.evaluation import capabilities
from tests.engine import engine
from tests.mutation.mutant import Mutant
from tests.mutation.suite import RedSuiteError
from tests.mutation.tree import Tree
from tests.mutation.trial import TrialVerdict

REGO: Final = "gatekeeper/rego"
# Those that build templates of the Rego and evaluate them; most of the others compare texts.
_TESTS: Final = tuple(
    f"tests/integration/test_{name}.py"
    for name in ("matching", "docs_signatures", "docs", "signed_images", "maximum_image_age")
)
_PYTEST: Final = ("-m", "pytest", "-p", "no:cacheprovider", "-q", "-x", "--tb=line", "--randomly-dont-reorganize")
_REGO_SECONDS: Final = 60
_PYTHON_SECONDS: Final = 300


@dataclass(frozen=True)
class RegoTests:
    """What judges a mutant of Rego; implements `tests.mutation.trial.Judge`."""

    def verdict(self, tree: Tree, mutant: Mutant) -> TrialVerdict:
        """The tests of the file first, which take a fifth of a second."""
        with tree.wrong(mutant):
            try:
                passed = all(not output for output in _runs(tree, Path(mutant.file).stem))
            except subprocess.TimeoutExpired:
                return TrialVerdict.TIMEOUT
        return TrialVerdict.SURVIVED if passed else TrialVerdict.KILLED


def check(tree: Tree) -> None:
    """See that the tests pass with nothing wrong.

    Raises:
        RedSuiteError: one of them fails.
    """
    for output in _runs(tree):
        if output:
            raise RedSuiteError(output)


def _runs(tree: Tree, first: str = "") -> Iterator[str]:
    """What each run printed, if it failed: the tests of a file, then all that are written in Rego, then Python's."""
    folder = tree.root / REGO
    opa = (engine().path, "test", "--v0-compatible", "--timeout", "60s", "--capabilities", str(capabilities.PATH))
    own = folder / f"{first}_test.rego"
    if own.is_file():
        yield _run(
            tree, (*opa, own, *(file for file in folder.glob("*.rego") if "_test" not in file.stem)), _REGO_SECONDS
        )
    yield _run(tree, (*opa, folder), _REGO_SECONDS)
    yield _run(tree, (sys.executable, *_PYTEST, *_TESTS), _PYTHON_SECONDS)


def _run(tree: Tree, command: tuple[str | Path, ...], seconds: float) -> str:
    environment = {**os.environ, "PYTHONPATH": str(tree.root), "PYTHONDONTWRITEBYTECODE": "1", "CI": "true"}
    done = subprocess.run(
        command,
        cwd=tree.root,
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
    )
    return (done.stdout + done.stderr or "it failed without a word") if done.returncode else ""
