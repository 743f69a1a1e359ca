"""Random pairs: what is compiled has the verdicts of the real CUE. `make cue` compares 20,000 of them."""

from __future__ import annotations

import pytest

from gatekeeper.translation.reading.statement import cue_paths
from tests.cue_verdicts import FAILED, PASSED, Pair, ours
from tests.integration.cue.differential import Comparison, drawn

pytestmark = pytest.mark.integration


def test_random_pairs_have_the_verdicts_of_cue():
    comparison = Comparison()
    comparison.add(drawn(200, 1))
    assert comparison.wrong == []
    # So that the strategies do not come to be about nothing.
    assert comparison.counts[PASSED, PASSED] > 20
    assert comparison.counts[FAILED, FAILED] > 10


def test_what_a_policy_does_not_read_changes_neither_verdict_nor_words():
    whole: list[Pair] = []
    cut: list[Pair] = []
    for policy, document in drawn(600, 2):
        if (paths := cue_paths(policy)) is not None:
            whole.append((policy, document))
            cut.append((policy, paths.cut(document)))
    assert ours(whole) == ours(cut)
    assert sum(one != other for one, other in zip(whole, cut, strict=True)) > 20
