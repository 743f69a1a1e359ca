"""Verdicts and words of compiled policies against those of the real CUE (0.15.4, as policy-controller has it).

`verdicts.json` has for each pair of a policy and a document what CUE says (`error`, empty where the document complies)
and under `here` what differs: `refused`, or other words. Where the real CUE is there, the record itself is looked over.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cue_verdicts import FAILED, PASSED, REFUSED, Verdict, ours, theirs

pytestmark = pytest.mark.integration

RECORD = json.loads((Path(__file__).parent / "verdicts.json").read_text(encoding="utf-8"))
PAIRS = [(case["policy"], each["document"]) for case in RECORD for each in case["verdicts"]]
EXPECTED = [each for case in RECORD for each in case["verdicts"]]


def expected(each: dict[str, str]) -> Verdict:
    if each.get("here") == REFUSED:
        return Verdict(REFUSED)
    return Verdict(FAILED, each.get("here", each["error"])) if each["error"] else Verdict(PASSED)


def test_compiled_policies_say_what_cue_says():
    found = [Verdict(each.outcome, "" if each.outcome == REFUSED else each.text) for each in ours(PAIRS)]
    wrong = [
        (pair, one, other)
        for pair, one, other in zip(PAIRS, found, map(expected, EXPECTED), strict=True)
        if one != other
    ]
    assert wrong == []


def test_record_is_what_the_real_cue_says():
    said = theirs(PAIRS)
    assert [(pair, each.text) for pair, each in zip(PAIRS, said, strict=True)] == [
        (pair, each["error"]) for pair, each in zip(PAIRS, EXPECTED, strict=True)
    ]


def test_most_of_the_record_is_taken_in_the_words_of_cue():
    """So that nobody makes the tests pass by refusing everything."""
    same = [each for each in EXPECTED if "here" not in each]
    assert len(same) > 0.8 * len(EXPECTED)
