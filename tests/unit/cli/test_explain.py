"""`bestbefore explain`: every reason, in a person's words."""

from __future__ import annotations

import json
import re

import pytest

from provider.reasons import EXPLANATIONS, Reason
from tests.unit.cli.conftest import Run

# Verdicts, which `facts` never has.
_FROM_ELSEWHERE = {Reason.DIGEST_MISSING, Reason.POLICY_FAILED}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained(run: Run, reason: Reason) -> None:
    done = run("explain", reason)
    assert done.exit_code == 0
    text = " ".join(done.stdout.split())
    assert text.startswith(reason)
    assert EXPLANATIONS[reason].meaning in text
    assert f"Cause `{EXPLANATIONS[reason].cause}`: " in text
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
    assert rows[0] == ["REASON", "LASTS", "WHO CAN FIX IT", "WHAT TO DO"]
    assert [row[3] for row in rows[1:]] == [EXPLANATIONS[reason].brief for reason in Reason]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("ImageToOld", "'ImageTooOld'"),
        ("timeuot", "'Timeout'"),
        ("SignatureMissing", "'SignatureAbsent'"),
        ("notfund", "'NotFound'"),
    ],
)
def test_misspelt_reason_is_told_what_it_may_mean(run: Run, word: str, meant: str) -> None:
    done = run("explain", word)
    assert done.exit_code == 2
    assert f"there is no reason {word!r}; did you mean {meant}" in done.stderr


@pytest.mark.parametrize("reason", Reason)
def test_nobody_is_told_to_run_what_they_have_just_run(reason: Reason) -> None:
    """A reason comes from a cluster, or from one of these; a remedy says in which case it helps to run one."""
    for sentence in EXPLANATIONS[reason].remedy.split(". "):
        if re.search("`bestbefore (check|facts|verify|explain)", sentence):
            assert reason in _FROM_ELSEWHERE or re.search("denial in a cluster|--docker-config", sentence)


def test_json_has_the_same(run: Run) -> None:
    assert [each["reason"] for each in json.loads(run("explain", "--output", "json").stdout)] == list(Reason)
    assert json.loads(run("explain", "Timeout", "--output", "json").stdout)["lifetime"] == "passing"
