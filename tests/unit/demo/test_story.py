"""Telling a story: what is printed, and what counts as told."""

from __future__ import annotations

import io
from typing import Any, cast

import pytest

from demo.made_up import are_template_and_constraint
from demo.stage import DemoError, Stage
from demo.story import Outcome, Step, tell
from demo.teller import Teller


class Props:
    props = ("provider    here",)


def told(*outcomes: Outcome | Exception) -> tuple[bool, str]:
    def show(outcome: Outcome | Exception) -> Any:
        def run(_stage: Stage) -> Outcome:
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        return run

    stream = io.StringIO()
    good = tell([Step("a step", show(each)) for each in outcomes], cast("Stage", Props()), Teller(stream))
    return good, stream.getvalue()


def test_story_is_good_only_if_every_step_came_out_as_told() -> None:
    good, bad = Outcome("done", ["out"], "as expected", holds=True), Outcome("done", [], "as expected", holds=False)
    assert told(good, good)[0] is True
    assert told(good, bad, good)[0] is False


def test_step_says_what_was_done_what_came_out_and_whether_it_was_told() -> None:
    text = told(Outcome("Create Pod p.", ["created"], "admitted", holds=True, aside="By the way."))[1]
    assert [line.strip() for line in text.splitlines()[2:]] == [
        "1. a step",
        "Create Pod p.",
        "│ created",
        "By the way.",
        "✓ admitted",
        "",
        "✓ all 1 steps came out as told",
    ]


@pytest.mark.parametrize(
    ("failure", "wanted"), [("", "✗ not as told: admitted"), ("nobody answered", "✗ nobody answered")]
)
def test_step_that_fails_says_what_should_have_come(failure: str, wanted: str) -> None:
    text = told(Outcome("done", [], "admitted", holds=False, failure=failure))[1]
    assert wanted in text
    assert "1 of 1 steps did not come out as told" in text


def test_step_that_cannot_be_shown_does_not_end_the_story() -> None:
    good, text = told(DemoError("the provider ended:\nwith a sigh"), Outcome("done", [], "admitted", holds=True))
    assert not good
    assert "│ with a sigh" in text
    assert "✓ admitted" in text


def test_long_lines_are_folded_and_nothing_is_coloured_off_a_terminal() -> None:
    text = told(Outcome("word " * 60, ["word " * 60], "word " * 60, holds=True))[1]
    assert max(len(line) for line in text.splitlines()) <= 110
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("objects", "wanted"),
    [
        ([], False),
        ([{"kind": "ConstraintTemplate"}], False),
        ([{"kind": "ConstraintTemplate"}, {"apiVersion": "constraints.gatekeeper.sh/v1beta1"}], True),
        ([{"kind": "ConstraintTemplate"}, {"apiVersion": "templates.gatekeeper.sh/v1"}], False),
        ([{"kind": "Pod"}, {"apiVersion": "constraints.gatekeeper.sh/v1beta1"}], False),
    ],
)
def test_translation_is_told_only_of_a_template_with_its_constraint(objects: list[Any], wanted: bool) -> None:
    assert are_template_and_constraint(objects) is wanted
