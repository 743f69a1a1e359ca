"""What a person is told."""

import pytest

from tests.mutation import mutants, report
from tests.mutation.__main__ import main
from tests.mutation.equivalents import Equivalent
from tests.mutation.trial import Trial, TrialVerdict

MUTANTS = mutants.of("provider/shop/door.py", "A = 1\nB = 2\nC = 3\nD = 4\n")
A, B, C, D = (next(one for one in MUTANTS if (one.line, one.operator) == (line, "number")) for line in (1, 2, 3, 4))
ENTRY = Equivalent("provider/shop/door.py", "number", "D = 4", "D = 5", "nobody reads it")


def test_every_mutant_has_its_place_its_operator_and_its_change_and_survivors_are_last():
    trials = [Trial(B, TrialVerdict.SURVIVED, None), Trial(A, TrialVerdict.KILLED, None)]
    assert report.lines(trials) == [
        "killed      provider/shop/door.py:1  number",
        "    - A = 1",
        "    + A = 2",
        "survived    provider/shop/door.py:2  number",
        "    - B = 2",
        "    + B = 3",
        "2 mutants: 1 killed, 1 survived",
        "50.0% killed or equivalent",
    ]


def test_what_does_not_end_is_noticed_and_what_no_test_meets_is_not():
    assert report.share([Trial(A, TrialVerdict.TIMEOUT, None)]) == 1
    assert report.share([Trial(A, TrialVerdict.NO_TEST, None)]) == 0


def test_equivalent_mutant_counts_with_its_reason():
    trials = [Trial(D, TrialVerdict.SURVIVED, ENTRY), Trial(C, TrialVerdict.NO_TEST, None)]
    assert report.lines(trials)[:4] == [
        "equivalent  provider/shop/door.py:4  number",
        "    - D = 4",
        "    + D = 5",
        "    nobody reads it",
    ]
    assert report.share(trials) == 0.5


def test_mutant_that_a_test_notices_is_killed_whatever_the_list_says():
    trial = Trial(D, TrialVerdict.KILLED, ENTRY)
    assert trial.outcome is TrialVerdict.KILLED
    assert report.complaints([trial]) == [
        "is not equivalent, a test notices it: provider/shop/door.py: 'D = 4' to 'D = 5' (number)"
    ]


def test_nine_of_ten_are_enough():
    killed, survived = Trial(A, TrialVerdict.KILLED, None), Trial(B, TrialVerdict.SURVIVED, None)
    assert report.complaints([*[killed] * 9, survived]) == []
    assert report.complaints([*[killed] * 8, survived])[0].startswith("less than 90%")


@pytest.mark.parametrize("folder", ["tests/unit", "provider/nowhere", "/provider/cache", "provider/../tests", "."])
def test_folder_that_holds_no_code_is_an_error(folder):
    assert "no folder or file of provider or gatekeeper" in main(folder)
