"""Which process runs which tests: what shares a rig is together, and what needs minutes begins first."""

from __future__ import annotations

import ast

import pytest

from tests.processes import CLUSTER, DOCS, Schedule
from tests.programs import ROOT

# Fixtures that lead to the world's rig, or to the sigstore instance.
_OF_THE_WORLD = {
    *("world", "client", "namespace", "provider", "referrers", "trusting", "judge", "fresh", "old", "new_image"),
    *("pinning", "policies", "seed_policy", "instance"),
}


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
        ("tests/integration/signatures/test_keyless.py::test_one[a::b]", "world"),
        (f"{CLUSTER[0]}::test_one", "cluster"),
        (f"{DOCS}::test_one[README.md]", DOCS),
        ("tests/unit/test_foreign_text.py::test_one", "tests/unit/test_foreign_text.py"),
    ],
    ids=["world", "signatures", "cluster", "docs", "other"],
)
def test_tests_of_one_rig_are_one_piece(schedule: Schedule, test: str, piece: str) -> None:
    assert schedule._split_scope(test) == piece


def test_rigs_begin_first_however_few_their_tests_are(schedule: Schedule) -> None:
    tests = ["tests/unit/a.py::a", f"{CLUSTER[0]}::a", f"{DOCS}::a", "tests/e2e/test_story.py::a"]
    for test in tests:
        schedule.workqueue[schedule._split_scope(test)] = {test: False}
    workers = [_Worker() for _ in tests]
    for worker in workers:
        schedule.registered_collections[worker] = tests  # type: ignore[index]
        schedule._assign_work_unit(worker)  # type: ignore[arg-type]
    assert [tests[worker.given[0]] for worker in workers] == [tests[3], tests[2], tests[1], tests[0]]


@pytest.mark.parametrize("module", [*CLUSTER, DOCS])
def test_what_runs_beside_the_world_asks_for_nothing_of_it(module: str) -> None:
    text = (ROOT / module).read_text("utf-8")
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    fixtures = [each for each in functions if any("fixture" in ast.unparse(word) for word in each.decorator_list)]
    asking = [*fixtures, *(each for each in functions if each.name.startswith("test_"))]
    asked = {argument.arg for each in asking for argument in each.args.args}
    assert "cluster" in asked
    assert asked & (_OF_THE_WORLD - {each.name for each in fixtures}) == set()
