"""The page about compatibility: a row for each field of the API, and no test named that does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from gatekeeper.policy.support import REFUSED, TRANSLATED
from tests import quick_yaml
from tests.unit.docs.pages import ROOT

_PAGE = ROOT / "docs" / "reference" / "compatibility.md"
_FIELDS = [
    line
    for line in (ROOT / "tests" / "unit" / "policy" / "crd_fields.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
_WORDS = {"same", "stricter", "refused", "other"}
# Refused where nobody resolved them before; commands do.
_RULE = "spec.authorities[].attestations[].policy"
_RESOLVED = (
    "spec.policy.configMapRef",
    "spec.policy.remote",
    "spec.authorities[].key.secretRef",
    "spec.authorities[].key.kms",
    f"{_RULE}.configMapRef",
    f"{_RULE}.remote",
)


@dataclass(frozen=True)
class Row:
    """A row of the page.

    Attributes:
        what: field or behaviour.
        here: `same`, `stricter`, `refused` or `other`.
        note: what is to know.
        proof: the name of a test.
    """

    what: str
    here: str
    note: str
    proof: str


def rows() -> Iterator[Row]:
    for line in _PAGE.read_text("utf-8").splitlines():
        if line.startswith("| ") and not line.startswith(("| Field", "| Behaviour")):
            yield Row(*(cell.strip() for cell in line.strip("|").split("|")))


ROWS = list(rows())


def names(text: str) -> set[str]:
    """The tests that a text names."""
    return set(re.findall(r"`((?:tests|gatekeeper)/[^`]+::[^`]+)`", text))


def exists(test: str) -> bool:
    path, _, name = test.partition("::")
    text = (ROOT / path).read_text("utf-8") if (ROOT / path).exists() else ""
    if path.endswith(".yaml"):
        return name in {case["name"] for case in quick_yaml.load(text) or ()}
    return re.search(rf"^ *(def )?{re.escape(name)}\b", text, re.MULTILINE) is not None


def test_every_field_of_the_api_has_a_row_and_no_other_has_one() -> None:
    written = [row.what.strip("`") for row in ROWS if row.what.startswith(("`spec.", "`status."))]
    assert sorted(written) == sorted(_FIELDS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_row_says_what_becomes_of_it_and_names_its_proof(row: Row) -> None:
    assert row.here in _WORDS
    assert row.note or row.here == "same", "only what is the same needs no word"
    assert len(names(row.proof)) == 1


def test_every_test_that_is_named_exists() -> None:
    named = names(_PAGE.read_text("utf-8"))
    assert len(named) > 50
    assert {test for test in named if not exists(test)} == set()


def test_name_of_a_test_that_does_not_exist_is_noticed() -> None:
    assert exists("tests/unit/docs/test_compatibility.py::test_name_of_a_test_that_does_not_exist_is_noticed")
    assert not exists("tests/unit/docs/test_compatibility.py::test_name")
    assert not exists("tests/nowhere.py::test_name")
    assert not exists("tests/e2e/parity/globs.yaml::glob")


@pytest.mark.parametrize("row", [row for row in ROWS if row.what.startswith("`spec.")], ids=lambda row: row.what)
def test_page_and_translator_agree_on_what_is_refused(row: Row) -> None:
    field = row.what.strip("`")
    if field in TRANSLATED:
        # Of this one field some values are refused, others not.
        assert row.here != "refused" or field == "spec.policy.type"
    elif not field.startswith(_RESOLVED):
        assert any(field == path or field.startswith((f"{path}.", f"{path}[")) for path in REFUSED)
        assert row.here == "refused"
