"""The unit tests, run in a copy of the tree: once to see which runs which line, then some of them for each mutant."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import coverage
import pytest

from tests.mutation.covering import Coverage, Tests
from tests.mutation.tree import Tree

_TESTS: Final = "tests/unit"
# What needs real sockets has no unit tests; what a compiled text says, only the real opa knows.
_MORE_TESTS: Final = {
    "provider/registry": ["tests/integration/registry"],
    "gatekeeper/cue": ["tests/integration/cue/test_verdicts.py", "tests/integration/cue/test_forms.py"],
}
_PYTEST: Final = (
    *("pytest", "-p", "tests.mutation.plugin", "-p", "no:cacheprovider"),
    *("-q", "--tb=line", "--randomly-dont-reorganize", "--randomly-seed=1"),
)
_RECORD: Final = ".build/mutation-seconds.json"
_LINES: Final = ".build/mutation-lines"
_CHOICE: Final = ".build/mutation-choice.json"
# Of address space: a mutant that collects without end must not take the machine with it.
_BYTES: Final = 8 << 30
_RECORD_SECONDS: Final = 900
# Python and pytest start, and import all that is tested; then each test has several times what it needs.
_START_SECONDS: Final = 60
_TEST_SECONDS: Final = 10
_PATIENCE: Final = 4
# What is compiled stays that of the right code.
_NO_BYTECODE: Final = {"PYTHONDONTWRITEBYTECODE": "1"}


class RedSuiteError(Exception):
    """Tests fail although nothing is wrong; what pytest printed."""


def record(tree: Tree, folder: str) -> Coverage:
    """Run all tests that a folder has.

    Raises:
        RedSuiteError: one of them fails.
    """
    (tree.root / ".build").mkdir(exist_ok=True)
    command = ("coverage", "run", f"--data-file={_LINES}", f"--source={folder}", "-m", *_PYTEST)
    tests = (f"--record={_RECORD}", _TESTS, *_more_tests(folder))
    code, output = _run(tree, (*command, *tests), _RECORD_SECONDS, {"COVERAGE_CORE": "ctrace"})
    if code != pytest.ExitCode.OK:
        raise RedSuiteError(output)
    data = coverage.CoverageData(str(tree.root / _LINES))
    data.read()
    lines = {
        Path(file).relative_to(tree.root).as_posix(): data.contexts_by_lineno(file) for file in data.measured_files()
    }
    covering = Coverage(lines, json.loads((tree.root / _RECORD).read_text(encoding="utf-8")))
    # Whatever fails in the way that mutants are tried would kill them all.
    if covering.tests and not passes(tree, covering.tests, covering.longest):
        raise RedSuiteError("some fail only when they are chosen")
    return covering


def _more_tests(folder: str) -> list[str]:
    """The tests beside the unit tests, of a folder or of a file in it."""
    return [each for place, tests in _MORE_TESTS.items() if Path(folder).is_relative_to(place) for each in tests]


def passes(tree: Tree, tests: Tests, longest: float) -> bool:
    """Run some tests up to the first that fails.

    Args:
        tree: where they run.
        tests: their names, in order, and the seconds that each takes.
        longest: seconds that any test takes: the first one has to make what all share.

    Returns:
        Whether all pass.

    Raises:
        TimeoutError: one of them, or all together, took many times what they need.
    """
    (tree.root / _CHOICE).write_text(json.dumps(list(tests)), encoding="utf-8")
    files = dict.fromkeys(name.partition("::")[0] for name in tests)
    limit = _TEST_SECONDS + _PATIENCE * longest
    command = (*_PYTEST, "-x", f"--choice={_CHOICE}", f"--limit={limit}", *files)
    code, output = _run(tree, command, _START_SECONDS + _PATIENCE * sum(tests.values()), _NO_BYTECODE)
    if code == -signal.SIGALRM:
        raise TimeoutError
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        raise RuntimeError(output)
    return code == pytest.ExitCode.OK


def _run(tree: Tree, module: Sequence[str], seconds: float, variables: Mapping[str, str]) -> tuple[int, str]:
    environment = {**os.environ, **variables, "PYTHONPATH": str(tree.root)}
    with subprocess.Popen(
        [sys.executable, "-m", *module],
        cwd=tree.root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        resource.prlimit(process.pid, resource.RLIMIT_AS, (_BYTES, _BYTES))
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError from error
        finally:
            # What a test started and did not end, too.
            _end(process.pid)
    return process.returncode, output


def _end(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
