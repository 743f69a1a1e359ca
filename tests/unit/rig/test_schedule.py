"""Which process runs which tests: what shares a rig is together, and what needs minutes begins first."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.processes import CLUSTER, DOCS, LONG, SIGNATURES, Schedule
from tests.programs import ROOT

# Fixtures that lead to the world's rig, or to the sigstore instance.
_OF_THE_WORLD = {
    *("world", "client", "namespace", "provider", "referrers", "trusting", "judge", "fresh", "old", "new_image"),
    *("pinning", "policies", "seed_policy", "instance"),
}
# Those that lead to the sigstore instance.
_OF_THE_INSTANCE = {"instance", "trusting", "judge"}


class _Worker:
    """A process that takes what it is given."""

    def __init__(self) -> None:
        self.given: list[int] = []

    def send_runtest_some(self, numbers: list[int]) -> None:
        self.given += numbers


@pytest.fixture
def schedule(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> Schedule:
    monkeypatch.setattr(pytestconfig.option, "tx", ["4*popen"])
    return Schedule(pytestconfig)


@pytest.mark.parametrize(
    ("test", "piece"),
    [
        ("tests/e2e/test_story.py::test_one", "world"),
        (f"{SIGNATURES[0]}::test_one", "signatures"),
        ("tests/integration/signatures/test_keyless.py::test_one[a::b]", "signatures"),
        (f"{CLUSTER[0]}::test_one", "cluster"),
        (f"{DOCS}::test_one[README.md]", DOCS),
        ("tests/unit/test_foreign_text.py::test_one", "tests/unit/test_foreign_text.py"),
    ],
    ids=["world", "signatures", "cosign", "cluster", "docs", "other"],
)
def test_tests_of_one_rig_are_one_piece(schedule: Schedule, test: str, piece: str) -> None:
    assert schedule._split_scope(test) == piece


def test_rigs_begin_first_and_what_is_long_after_them_however_few_their_tests_are(schedule: Schedule) -> None:
    rigs = ["tests/e2e/test_story.py::a", f"{DOCS}::a", f"{SIGNATURES[0]}::a", f"{CLUSTER[0]}::a"]
    wanted = [*rigs, *(f"{each}::a" for each in LONG), "tests/unit/a.py::a"]
    tests = wanted[::-1]
    for test in tests:
        schedule.workqueue[schedule._split_scope(test)] = {test: False}
    workers = [_Worker() for _ in tests]
    for worker in workers:
        schedule.registered_collections[worker] = tests  # type: ignore[index]
        schedule._assign_work_unit(worker)  # type: ignore[arg-type]
    assert [tests[worker.given[0]] for worker in workers] == wanted


def test_what_is_long_is_there() -> None:
    assert [each for each in (*LONG, *SIGNATURES, *CLUSTER, DOCS) if not (ROOT / each).exists()] == []


def _asked(module: Path) -> tuple[set[str], set[str]]:
    """What tests and fixtures of a module ask for, and the fixtures that it has itself."""
    functions = [each for each in ast.walk(ast.parse(module.read_text("utf-8"))) if isinstance(each, ast.FunctionDef)]
    fixtures = [each for each in functions if any("fixture" in ast.unparse(word) for word in each.decorator_list)]
    asking = [*fixtures, *(each for each in functions if each.name.startswith("test_"))]
    return {argument.arg for each in asking for argument in each.args.args}, {each.name for each in fixtures}


@pytest.mark.parametrize("module", [*CLUSTER, DOCS])
def test_what_runs_beside_the_world_asks_for_nothing_of_it(module: str) -> None:
    asked, own = _asked(ROOT / module)
    assert "cluster" in asked
    assert asked & (_OF_THE_WORLD - own) == set()


def test_only_one_process_asks_for_the_sigstore_instance() -> None:
    modules = (ROOT / "tests" / "e2e").glob("test_*.py")
    asking = {str(each.relative_to(ROOT)) for each in modules if _OF_THE_INSTANCE & _asked(each)[0]}
    assert asking == set(SIGNATURES)
