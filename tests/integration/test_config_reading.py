"""The syntax trees that proofs stand on are those of the real opa, one by one and in batches."""

from __future__ import annotations

import pytest

from gatekeeper.translation.reading.batch import syntax_trees
from gatekeeper.translation.reading.proof import config_paths
from tests.engine import engine
from tests.rego_rules import CASES, FILE, parsed, recorded

pytestmark = pytest.mark.integration


def test_recorded_trees_are_those_of_opa():
    assert recorded() == parsed(), f"write {FILE.name} anew: python -m tests.rego_rules"


def test_batch_proves_what_each_text_by_itself_proves():
    trees = syntax_trees(list(CASES), engine())
    found = {text: config_paths(trees[text]) for text in CASES}
    assert {text: each and each.to_json() for text, each in found.items() if each is None or each.paths} == {
        text: paths for text, paths in CASES.items() if paths != []
    }
    assert all(found[text].to_json() == [] for text, paths in CASES.items() if paths == [])
