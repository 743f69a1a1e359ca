import re

import pytest

from gatekeeper.own.kind import PolicyKind
from gatekeeper.own.maximum_image_age import KIND as AGE
from gatekeeper.own.signed_images import KIND as SIGNED
from gatekeeper.translation import library

KINDS = pytest.mark.parametrize("kind", [AGE, SIGNED], ids=lambda kind: kind.name)


def fields(schema):
    for name, field in schema.get("properties", {}).items():
        yield name, field
        yield from fields(field)
        yield from fields(field.get("items", {}))


def packages(source):
    return [re.search(r"^package (\S+)$", text, re.MULTILINE)[1] for text in (source["rego"], *source["libs"])]


@KINDS
def test_template_is_named_after_its_kind_and_its_package_too(kind):
    document = kind.template()
    (code,) = document["spec"]["targets"][0]["code"]
    assert document["metadata"]["name"] == kind.name.lower() == packages(code["source"])[0]
    assert document["spec"]["crd"]["spec"]["names"]["kind"] == kind.name


@KINDS
def test_template_carries_its_own_rule_and_no_other(kind):
    (code,) = kind.template()["spec"]["targets"][0]["code"]
    carried = {f"lib.bestbefore.{each.rule}" for each in (AGE, SIGNED)} & set(packages(code["source"]))
    assert carried == {f"lib.bestbefore.{kind.rule}"}
    assert f"import data.lib.bestbefore.{kind.rule} as rule\n" in code["source"]["rego"]


@KINDS
def test_rule_has_all_that_it_is_asked_for_and_the_name_of_its_kind(kind):
    text = library.module(kind.rule).text
    assert f'name := "{kind.name}"\n' in text
    for asked in ("complete", "problems", "images", "questions", "verdicts"):
        assert re.search(rf"^{asked}\(", text, re.MULTILINE), asked


@KINDS
def test_every_field_of_the_schema_has_a_description(kind):
    found = list(fields(kind.schema()))
    assert len(found) > 10
    assert [name for name, field in found if not field.get("description")] == []


@KINDS
def test_required_parameters_are_parameters(kind):
    assert {*kind.required, *kind.alternatives} <= set(kind.parameters)
    assert kind.required or kind.alternatives


def test_third_kind_is_its_rule_and_its_parameters():
    kind = PolicyKind("Third", "A third", "What it is for.", "signers", "may be so", {}, ())
    assert set(kind.schema()["properties"]) == {
        "exemptions",
        "name",
        "podCredentials",
        "reasonsUrl",
        "reports",
        "stale",
        "twin",
        "waivers",
        "workloads",
    }
    assert kind.schema()["properties"]["exemptions"]["description"] == "Images that may be so for a time."
    assert "package third\n" in kind.template()["spec"]["targets"][0]["code"][0]["source"]["rego"]
