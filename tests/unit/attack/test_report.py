"""What a run of attacks leaves behind."""

from __future__ import annotations

import re

import pytest

from tests.attack.attack import Attack, Check, Outcome, Scene, outcome
from tests.attack.report import BEGIN, PAGE, lines, rows, tables
from tests.attack.scenes import SCENES
from tests.attack.trial import Trial

ATTACKS = [attack for scene in SCENES for attack in scene.attacks]


def attack(done: str = "a thing", expected: str = "nothing") -> Attack:
    return Attack(done, expected, lambda _: Outcome("", held=True))


def trial(tried: Attack, measured: str, *, held: bool | None) -> Trial:
    return Trial(tried, Outcome(measured, held), 1.0)


def test_outcome_holds_when_all_of_its_checks_do() -> None:
    assert outcome(Check("one"), Check("two")) == Outcome("one, two", held=True)
    assert outcome(Check("one"), Check("two", held=False)) == Outcome("one, two", held=False)


def test_surprise_makes_an_attack_that_held_one_that_did_not() -> None:
    assert Outcome("fine", held=True).beside([]) == Outcome("fine", held=True)
    assert Outcome("fine", held=True).beside(["the worker ended"]) == Outcome("fine; the worker ended", held=False)


def test_attack_is_told_with_what_was_expected_and_measured() -> None:
    told = "\n".join(lines(trial(attack("x" * 30, "y"), "**3** MiB", held=False)))
    assert told.startswith("NOT HELD")
    assert "expected: y" in told
    assert "measured: 3 MiB" in told


def test_table_says_of_each_attack_whether_it_held() -> None:
    scene = Scene("memory", "what it holds", (attack(),))
    table = tables([scene], {"memory": [trial(scene.attacks[0], "3 MiB", held=False)]})
    assert table.splitlines()[0] == "## `memory`: what it holds"
    assert table.splitlines()[-1] == "| a thing | nothing | 3 MiB | **no** |"


def test_bars_and_ends_of_lines_break_no_table() -> None:
    scene = Scene("memory", "", (attack("a | b", "c\nd"),))
    page = BEGIN + "\n" + tables([scene], {"memory": [trial(scene.attacks[0], "|", held=None)]})
    assert rows(page) == [("a | b", "c d")]


def test_page_has_every_attack_with_what_is_expected() -> None:
    assert rows(PAGE.read_text("utf-8")) == [(one.done, one.expected) for one in ATTACKS], "run `make attack`"


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_scene_can_be_chosen_by_a_word(scene: Scene) -> None:
    assert re.fullmatch(r"[a-z]+", scene.name)
    assert scene.attacks


def test_no_two_attacks_and_no_two_scenes_have_one_name() -> None:
    assert len({one.done for one in ATTACKS}) == len(ATTACKS)
    assert len({scene.name for scene in SCENES}) == len(SCENES)
