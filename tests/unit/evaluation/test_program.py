import json

import pytest

from gatekeeper.evaluation.program import NOTHING, Recorded, Template, package_of, write
from provider.questions.question import ref

MAIN = "package main\nviolation { false }\n"


def template(rule="package lib.policies.x\n"):
    source = {"rego": MAIN, "libs": ["package lib.bestbefore.glob\n", rule]}
    return {
        "spec": {
            "crd": {"spec": {"names": {"kind": "CipX"}}},
            "targets": [{"code": [{"engine": "Rego", "source": source}]}],
        }
    }


def test_template_is_read_from_its_object():
    found = Template.of(template())
    assert (found.kind, found.package) == ("CipX", "main")
    assert found.libs == ("package lib.bestbefore.glob\n", "package lib.policies.x\n")


@pytest.mark.parametrize(
    "text",
    ["package a.b\n", "# package x\npackage a.b # c\n", "\n  package \t a.b\r\n", "package a.b;x = 1"],
)
def test_package_is_found_in_every_spelling(text):
    assert package_of(text) == "a.b"


def test_text_without_a_package_is_refused():
    with pytest.raises(ValueError, match="no package line"):
        package_of("# package a\nx := 1\n")


def test_texts_are_written_as_they_are_and_a_rule_under_its_known_name(tmp_path):
    write(tmp_path, [Template.of(template())], [], NOTHING)
    assert (tmp_path / "main.rego").read_text() == MAIN
    assert (tmp_path / "lib.policies.x" / "sigstore.rego").read_text() == "package lib.policies.x\n"


def test_answers_and_cases_are_data(tmp_path):
    cases = [{"template": "main", "input": {"review": {}}, "now": 1}]
    write(tmp_path, [Template.of(template())], cases, Recorded({"k": {"n": 1}}, {"e": "Timeout: x"}, "{}"))
    assert json.loads((tmp_path / "data.json").read_text()) == {
        "recorded": {"values": {"k": {"n": 1}}, "errors": {"e": "Timeout: x"}, "system_error": "{}", "images": []},
        "cases": cases,
    }


def test_images_are_replaced_only_where_they_are_named(tmp_path):
    write(tmp_path, [Template.of(template())], [], NOTHING)
    assert "workload.judged as" not in (tmp_path / "driver.rego").read_text()
    (tmp_path / "named").mkdir()
    write(tmp_path / "named", [Template.of(template())], [], NOTHING, images=[])
    assert "workload.judged as judged" in (tmp_path / "named" / "driver.rego").read_text()


def test_passing_failures_are_found_by_ref():
    said = json.dumps({ref("k"): {"reason": "Timeout", "message": "late"}})
    assert Recorded({}, {}, said).passing()[ref("k")]["reason"] == "Timeout"
    assert NOTHING.passing() == {}
