"""Mutants of Rego before the real opa: which compile, and what its tests make of them."""

import pytest

from tests.mutation import rego_mutants, rego_suite, tree
from tests.mutation.suite import RedSuiteError
from tests.mutation.trial import TrialVerdict
from tests.programs import ROOT

pytestmark = pytest.mark.integration

FILE = "gatekeeper/rego/duration.rego"
TEST = """
package shop_test

import future.keywords

import data.shop

test_old_is_dear if {
	shop.price(3) == 3
	shop.price(1) == 1
}
"""


def of(text):
    return rego_mutants.of(FILE, text)


def test_what_does_not_compile_is_not_valid():
    text = (ROOT / FILE).read_text()
    assert any(mutant.is_valid for mutant in of(text)[:5])
    unsafe = text + "\nfor_mutants(x) := y if {\n\ty := x + 1\n}\n"
    assert [mutant.is_valid for mutant in of(unsafe) if mutant.before == "y := x + 1" and mutant.after == "true"] == [
        False
    ]


def test_tests_in_rego_kill_and_what_they_let_pass_survives(tmp_path, monkeypatch):
    monkeypatch.setattr(rego_suite, "_TESTS", ())
    # No tests in Python: pytest says that it collected none, so the run is left out.
    monkeypatch.setattr(rego_suite, "_PYTEST", ("-c", ""))
    text = "package shop\n\nimport future.keywords\n\nprice(age) := age if {\n\tage != 2\n\tage < 9\n}\n"
    folder = tmp_path / "gatekeeper" / "rego"
    folder.mkdir(parents=True)
    (folder / "shop.rego").write_text(text)
    (folder / "shop_test.rego").write_text(TEST.lstrip())
    copy = tree.Tree(tmp_path)
    rego_suite.check(copy)
    verdicts = {
        mutant.after: rego_suite.RegoTests().verdict(copy, mutant)
        for mutant in rego_mutants.of("gatekeeper/rego/shop.rego", text)
    }
    assert verdicts["age == 2"] is TrialVerdict.KILLED
    assert verdicts["age <= 9"] is TrialVerdict.SURVIVED
    assert (folder / "shop.rego").read_text() == text
    (folder / "shop.rego").write_text(text.replace("age !=", "age =="))
    with pytest.raises(RedSuiteError):
        rego_suite.check(copy)
