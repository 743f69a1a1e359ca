"""`bestbefore explain`: every reason, in a person's words."""

from __future__ import annotations

import json

import pytest

from provider.reasons import EXPLANATIONS, Reason
from tests.unit.cli.conftest import Run


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained(run: Run, reason: Reason) -> None:
    done = run("explain", reason)
    assert done.exit_code == 0
    text = " ".join(done.stdout.split())
    assert text.startswith(reason)
    assert EXPLANATIONS[reason].cause in text
    assert EXPLANATIONS[reason].remedy in text


@pytest.mark.parametrize("spelling", ["ImageTooOld", "image-too-old", "imagetooold", "IMAGE_TOO_OLD"])
def test_spelling_does_not_matter(run: Run, spelling: str) -> None:
    assert run("explain", spelling).stdout.startswith("ImageTooOld\n")


def test_unknown_reason_ends_with_2(run: Run) -> None:
    done = run("explain", "Nonsense")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "there is no reason 'Nonsense'" in done.stderr


def test_list_has_every_reason_separated_by_tabs_off_a_terminal(run: Run) -> None:
    rows = [line.split("\t") for line in run("explain").stdout.splitlines()]
    assert [row[0] for row in rows[1:]] == list(Reason)
    assert {len(row) for row in rows} == {3}


def test_json_has_the_same(run: Run) -> None:
    assert [each["reason"] for each in json.loads(run("explain", "--output", "json").stdout)] == list(Reason)
    assert json.loads(run("explain", "Timeout", "--output", "json").stdout)["lifetime"] == "passing"
