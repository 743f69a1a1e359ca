"""The page about registries says no more than what tests show."""

import re
from pathlib import Path

from tests.unit.docs.pages import ROOT
from tests.unit.registry.test_habits import HABITS

PAGE = (ROOT / "docs" / "reference" / "registries.md").read_text("utf-8")


def test_every_simulated_habit_stands_in_a_row_and_no_other() -> None:
    cases = [case for row in re.findall(r"\| simulated \| ([^|]*) \|", PAGE) for case in re.findall(r"`([^`]+)`", row)]
    assert sorted(cases) == sorted(HABITS)


def test_every_test_that_is_named_exists() -> None:
    names = re.findall(r"`(tests/[^`:]+\.py)(?:::([^`]+))?`", PAGE)
    assert names
    for path, name in names:
        text = (ROOT / Path(path)).read_text("utf-8")
        assert not name or re.search(rf"(def|class) {re.escape(name)}\b", text), (path, name)


def test_others_that_are_named_exist() -> None:
    text = (ROOT / "tests/unit/registry/test_habits.py").read_text("utf-8")
    for name in re.findall(r"TestOthers::(\w+)", PAGE):
        assert f"def {name}(" in text
