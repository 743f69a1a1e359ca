"""Random pairs: what is compiled has the verdicts of the real CUE. `make cue` compares 20,000 of them."""

from __future__ import annotations

import pytest

from tests.cue_verdicts import FAILED, PASSED
from tests.integration.cue.differential import Comparison, drawn

pytestmark = pytest.mark.integration


def test_random_pairs_have_the_verdicts_of_cue():
    comparison = Comparison()
    comparison.add(drawn(200, 1))
    assert comparison.wrong == []
    # So that the strategies do not come to be about nothing.
    assert comparison.counts[PASSED, PASSED] > 20
    assert comparison.counts[FAILED, FAILED] > 10
