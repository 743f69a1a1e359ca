"""Mutants before real tests, in a tree that is small enough to know what becomes of each."""

import shutil
import textwrap

import pytest

from tests.mutation import mutants, suite, tree
from tests.mutation.trial import Court, TrialVerdict, UnitTests
from tests.programs import ROOT

pytestmark = pytest.mark.integration

FILES = {
    "provider/__init__.py": "",
    "provider/shop/__init__.py": "",
    "provider/shop/door.py": """
        import functools

        LAST = 3


        @functools.cache
        def is_open(hour):
            return hour > 1 and hour < LAST


        def close(doors):
            while doors:
                doors.pop()
            return 5


        def lock():
            return 7
    """,
    "tests/__init__.py": "",
    "tests/unit/shop/test_door.py": """
        import pytest

        from provider.shop.door import close, is_open, lock


        def test_open_at_two():
            is_open(2)


        def test_shut_at_three():
            assert is_open(2) and not is_open(3)


        def test_doors_close():
            assert close([1, 2]) == 5


        @pytest.mark.skip
        def test_lock():
            lock()
    """,
}


@pytest.fixture
def copy(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip())
    shutil.copytree(ROOT / "tests" / "mutation", tmp_path / "tests" / "mutation")
    return tree.Tree(tmp_path)


def of(copy):
    return mutants.of("provider/shop/door.py", (copy.root / "provider" / "shop" / "door.py").read_text())


def test_each_mutant_gets_its_verdict(copy, monkeypatch):
    monkeypatch.setattr(suite, "_TEST_SECONDS", 5)
    chosen = {
        "LAST = 4": TrialVerdict.KILLED,
        "return hour > 1 and hour <= LAST": TrialVerdict.KILLED,
        "return hour >= 1 and hour < LAST": TrialVerdict.SURVIVED,
        "pass": TrialVerdict.TIMEOUT,
        "return 6": TrialVerdict.KILLED,
        "return 8": TrialVerdict.NO_TEST,
    }
    tried = {mutant.after: mutant for mutant in of(copy) if mutant.after in chosen}
    court = Court([copy], UnitTests(suite.record(copy, "provider/shop")), [])
    assert {trial.mutant.after: trial.verdict for trial in court.trials(list(tried.values()))} == chosen


def test_tests_that_fail_with_nothing_wrong_are_no_measure(copy):
    (copy.root / "tests" / "unit" / "shop" / "test_window.py").write_text("def test_glass():\n    assert False\n")
    with pytest.raises(suite.RedSuiteError, match="test_glass"):
        suite.record(copy, "provider/shop")
