"""The forms of policies that people publish, by policies of our own: each passes and denies what the real CUE does."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.cue_verdicts import FAILED, PASSED, Verdict, ours, theirs

pytestmark = pytest.mark.integration

FORMS = yaml.safe_load((Path(__file__).parent / "forms.yaml").read_text(encoding="utf-8"))
# As many policies of `type: cue` are published by policy-controller, its catalogue, its documentation and an operator.
PUBLISHED = 45
PAIRS = [(each["policy"], each[name]) for each in FORMS for name in ("passes", "fails")]
IDS = [each["form"] for each in FORMS]


@pytest.fixture(scope="module")
def here():
    return ours(PAIRS)


@pytest.fixture(scope="module")
def there():
    return theirs(PAIRS)


@pytest.mark.parametrize("number", range(len(FORMS)), ids=IDS)
def test_form_passes_and_denies(number, here):
    text = FORMS[number].get("here", FORMS[number]["error"])
    assert here[2 * number : 2 * number + 2] == [Verdict(PASSED), Verdict(FAILED, text)]


@pytest.mark.parametrize("number", range(len(FORMS)), ids=IDS)
def test_form_passes_and_denies_with_the_real_cue(number, there):
    assert there[2 * number : 2 * number + 2] == [Verdict(PASSED), Verdict(FAILED, FORMS[number]["error"])]


def test_there_is_a_form_for_each_published_policy():
    assert len(set(IDS)) == len(FORMS) >= PUBLISHED
