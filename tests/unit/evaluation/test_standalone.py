import json

import pytest

from gatekeeper.evaluation.standalone import Answers, variant

ANSWERS = Answers(
    1771200000000000000, {"registry.test/app:1": {"n": 1}}, {"registry.test/bad:1": "ContentInvalid: bad"}
)


def template(main, *libs):
    code = {"engine": "Rego", "source": {"version": "v0", "rego": main, "libs": list(libs)}}
    return {"metadata": {"name": "x"}, "spec": {"targets": [{"code": [code]}]}}


def source(document):
    return document["spec"]["targets"][0]["code"][0]["source"]


def test_call_and_clock_are_replaced_everywhere():
    made = source(
        variant(template("package a\n\nx := external_data(y)\n", "package lib.b\nz := time.now_ns() + 1\n"), ANSWERS)
    )
    assert made["rego"] == "package a\n\nimport data.lib.stub\n\nx := stub.external_data(y)\n"
    assert made["libs"][0] == "package lib.b\n\nimport data.lib.stub\nz := stub.now + 1\n"


def test_text_that_uses_neither_stays():
    made = source(variant(template("package a\n", "package lib.b\n"), ANSWERS))
    assert made["rego"] == "package a\n"
    assert made["libs"][0] == "package lib.b\n"


def test_answers_stand_in_a_library_of_their_own():
    text = source(variant(template("package a\n"), ANSWERS))["libs"][-1]
    assert text.startswith("package lib.stub\n")
    assert "now := 1771200000000000000\n" in text
    assert json.dumps(ANSWERS.errors, indent="\t") in text


def test_template_itself_is_left_alone():
    given = template("package a\nx := external_data(y)\n")
    variant(given, ANSWERS)
    assert source(given)["rego"] == "package a\nx := external_data(y)\n"


def test_text_without_a_package_line_is_refused():
    with pytest.raises(ValueError, match="no package line"):
        variant(template("x := external_data(y)\n"), ANSWERS)
