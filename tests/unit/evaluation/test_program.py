import json

import pytest

from gatekeeper.evaluation.program import NOTHING, StubAnswers, Template, package_of, write
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
    write(tmp_path, [Template.of(template())], [], [NOTHING])
    assert (tmp_path / "main.rego").read_text() == MAIN
    assert (tmp_path / "lib.policies.x" / "sigstore.rego").read_text() == "package lib.policies.x\n"


def test_answers_and_cases_are_data(tmp_path):
    cases = [{"template": "main", "input": {"review": {}}, "now": 1}]
    write(tmp_path, [Template.of(template())], cases, [StubAnswers({"k": {"n": 1}}, {"e": "Timeout: x"}, "{}")])
    assert json.loads((tmp_path / "data.json").read_text()) == {
        "books": [{"values": {"k": {"n": 1}}, "errors": {"e": "Timeout: x"}, "system_error": "{}"}],
        "images": [],
        "providers": ["bestbefore", "bestbefore-audit", "bestbefore-mutate"],
        "cases": cases,
    }


def test_images_are_replaced_only_where_they_are_named(tmp_path):
    write(tmp_path, [Template.of(template())], [], [NOTHING])
    assert "workload.judged as" not in (tmp_path / "bestbefore_driver.rego").read_text()
    (tmp_path / "named").mkdir()
    write(tmp_path / "named", [Template.of(template())], [], [NOTHING], images=[])
    assert "workload.judged as judged" in (tmp_path / "named" / "bestbefore_driver.rego").read_text()


def test_template_of_the_older_form_is_read_too():
    source = {"rego": "package main\n", "libs": ["package lib.x\n"]}
    document = {"spec": {"crd": {"spec": {"names": {"kind": "X"}}}, "targets": [source]}}
    assert Template.of(document) == Template("X", "package main\n", ("package lib.x\n",))
    del source["libs"]
    assert Template.of(document).libs == ()


def test_rego_is_found_beside_another_engine_and_may_be_v1():
    code = [
        {"engine": "K8sNativeValidation", "source": {}},
        {"engine": "Rego", "source": {"rego": MAIN, "version": "v1"}},
    ]
    document = {"spec": {"crd": {"spec": {"names": {"kind": "X"}}}, "targets": [{"code": code}]}}
    assert Template.of(document).v1


@pytest.mark.parametrize("gap", ["\n", "", "\n\n"])
def test_text_in_v1_says_so_and_keeps_its_lines_where_there_is_room(gap):
    text = f"package main # it\n{gap}violation contains x if x := 1\n"
    (found,) = Template("X", text, (), v1=True).modules.values()
    assert found.splitlines()[:2] == ["package main # it", "import rego.v1"]
    assert len(found.splitlines()) - len(text.splitlines()) == (0 if gap else 1)


def test_more_answers_stand_beside_those_there_were():
    late, gone = (
        {ref(key): {"reason": reason, "message": ""}} for key, reason in (("l", "Timeout"), ("g", "NotFound"))
    )
    found = StubAnswers({"a": 1}, {}, json.dumps(late)).with_more(
        StubAnswers({"b": 2}, {"e": "X: y"}, json.dumps(gone))
    )
    assert found == StubAnswers({"a": 1, "b": 2}, {"e": "X: y"}, json.dumps(late | gone))
    assert NOTHING.with_more(NOTHING) == NOTHING


def test_passing_failures_are_found_by_ref():
    said = json.dumps({ref("k"): {"reason": "Timeout", "message": "late"}})
    assert StubAnswers({}, {}, said).passing()[ref("k")]["reason"] == "Timeout"
    assert NOTHING.passing() == {}


@pytest.mark.parametrize(
    ("line", "reads"),
    [
        ("x := data.inventory.cluster", True),
        ('x := data["inventory"].cluster', True),
        ("x := data[`inventory`].cluster", True),
        ("import data.inventory as objects", True),
        ('x := concat("#", data.inventory.names)', True),
        ("# data.inventory", False),
        ('x := "data.inventory"', False),
        ("x := data.lib.inventories", False),
    ],
)
def test_template_that_reads_other_objects_is_known_by_any_of_its_texts(line, reads):
    assert Template("Mine", MAIN, (f"package lib.mine\n{line}\n",)).reads_inventory is reads
