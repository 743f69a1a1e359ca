"""Predicates as policies see them that want them by a short name."""

from __future__ import annotations

import pytest

from provider.questions.attestation_question import PredicateForm
from provider.signatures.predicates import PredicateError, read

ZERO = "0001-01-01T00:00:00Z"


def test_generic_predicate_is_kept_as_it_is():
    assert read({"any": [1, "x"]}, PredicateForm.GENERIC) == {"any": [1, "x"]}


def test_scan_has_the_fields_of_cosigns_type_and_no_others():
    given = {
        "invocation": {"uri": "ci", "event_id": "7", "builder.id": "b", "parameters": [1]},
        "scanner": {"uri": "pkg:scanner", "result": {"matches": [{"severity": "LOW", "score": 9.5}]}, "extra": 1},
        "metadata": {"scanStartedOn": "2026-11-01T00:00:00Z", "scanFinishedOn": "2026-11-01T02:00:00.5+02:00"},
        "extra": {"dropped": True},
    }
    assert read(given, PredicateForm.VULN) == {
        "invocation": {"parameters": [1], "uri": "ci", "event_id": "7", "builder.id": "b"},
        "scanner": {
            "uri": "pkg:scanner",
            "version": "",
            "db": {"uri": "", "version": ""},
            "result": {"matches": [{"severity": "LOW", "score": 9.5}]},
        },
        "metadata": {"scanStartedOn": "2026-11-01T00:00:00Z", "scanFinishedOn": "2026-11-01T02:00:00.5+02:00"},
    }


@pytest.mark.parametrize("given", [None, {}, {"metadata": None}])
def test_scan_without_anything_has_zero_values(given):
    assert read(given, PredicateForm.VULN) == {
        "invocation": {"parameters": None, "uri": "", "event_id": "", "builder.id": ""},
        "scanner": {"uri": "", "version": "", "db": {"uri": "", "version": ""}, "result": None},
        "metadata": {"scanStartedOn": ZERO, "scanFinishedOn": ZERO},
    }


def test_provenance_leaves_out_what_is_empty_as_go_does():
    assert read({"builder": {"id": "b"}, "extra": 1}, PredicateForm.SLSA_PROVENANCE) == {
        "builder": {"id": "b"},
        "buildType": "",
        "invocation": {"configSource": {}},
    }
    given = {
        "invocation": {"parameters": {}, "environment": 0, "configSource": {"uri": "git", "digest": {"sha1": "a"}}},
        "metadata": {"buildFinishedOn": "2026-11-01T00:00:00Z", "reproducible": True},
        "materials": [{"uri": "x", "digest": {"sha256": "b"}}],
        "buildConfig": [],
    }
    assert read(given, PredicateForm.SLSA_PROVENANCE) == {
        "builder": {"id": ""},
        "buildType": "",
        "invocation": {
            "configSource": {"uri": "git", "digest": {"sha1": "a"}},
            "parameters": {},
            "environment": 0,
        },
        "buildConfig": [],
        "metadata": {
            "buildFinishedOn": "2026-11-01T00:00:00Z",
            "completeness": {"parameters": False, "environment": False, "materials": False},
            "reproducible": True,
        },
        "materials": [{"uri": "x", "digest": {"sha256": "b"}}],
    }


def test_link_has_seven_fields():
    found = read({"name": "build", "command": ["make"], "x": 1}, PredicateForm.LINK)
    assert found == {
        "_type": "",
        "name": "build",
        "materials": None,
        "products": None,
        "byproducts": None,
        "command": ["make"],
        "environment": None,
    }


@pytest.mark.parametrize(
    "given",
    [
        "text",
        [],
        {"scanner": []},
        {"scanner": {"uri": 1}},
        {"metadata": {"scanFinishedOn": "yesterday"}},
        {"metadata": {"scanFinishedOn": 1}},
        {"metadata": {}, "Metadata": {}},
        {"metadata": {"scanFinishedOn": ZERO, "scanfinishedon": "2026-11-01T00:00:00Z"}},
        {"scanner": {"db": {"uri": "", "URI": ""}}},
        {"SCANNER": {"uri": "", "URI": ""}},
        {"Scanner": {"DB": {"uri": "", "URI": ""}}},
    ],
)
def test_predicate_of_another_shape_is_refused_in_cosigns_words(given):
    with pytest.raises(PredicateError, match=r"^unmarshaling CosignVulnStatement: "):
        read(given, PredicateForm.VULN)


@pytest.mark.parametrize(
    "given",
    [
        {"metadata": {"buildStartedOn": "2026-11-01T00:00:00Z", "BuildStartedOn": "2020-11-01T00:00:00Z"}},
        {"metadata": {"completeness": {"materials": True, "MATERIALS": False}}},
        {"materials": [{"uri": "a"}, {"uri": "a", "URI": "b"}]},
    ],
)
def test_field_in_two_spellings_is_refused_behind_pointers_and_in_lists(given):
    with pytest.raises(PredicateError, match=r"a name stands in two spellings$"):
        read(given, PredicateForm.SLSA_PROVENANCE)


def test_names_of_maps_and_of_what_is_of_any_type_may_differ_in_case_alone():
    both = {"a": "1", "A": "2"}
    found = read({"materials": [{"digest": both}]}, PredicateForm.SLSA_PROVENANCE)
    assert found["materials"] == [{"digest": both}]
    assert read({"scanner": {"result": both}}, PredicateForm.VULN)["scanner"]["result"] == both
