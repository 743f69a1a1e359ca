"""Parameters against the schema of their template, as the API server reads them."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.evaluation.constraint_parameters import problems, schema_problems, with_defaults
from gatekeeper.own.maximum_image_age import KIND
from gatekeeper.own.signed_images import KIND as SIGNED

SCHEMA = {
    "type": "object",
    "required": ["verify"],
    "properties": {
        "verify": {"type": "object", "properties": {"key": {"type": "string"}}},
        "days": {"type": "integer", "minimum": 1, "exclusiveMinimum": True, "nullable": True},
        "images": {"type": "array", "items": {"type": "object", "properties": {"glob": {"type": "string"}}}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "mode": {"type": "string", "enum": ["a", "b"], "default": "a"},
    },
}


def template(schema: Any = SCHEMA, version: str = "v1", **validation: Any) -> dict[str, Any]:
    schemas = {} if schema is None else {"openAPIV3Schema": schema}
    crd = {"spec": {"names": {"kind": "X"}, "validation": {**schemas, **validation}}}
    return {"apiVersion": f"templates.gatekeeper.sh/{version}", "spec": {"crd": crd}}


def told(parameters: Any, **options: Any) -> list[str]:
    return [str(each) for each in problems(template(**options), parameters)]


@pytest.mark.parametrize(
    "parameters",
    [
        {"verify": {}},
        {"verify": {"key": "k"}, "days": 2, "images": [{"glob": "**"}], "labels": {"any": "text"}, "mode": "b"},
        {"verify": {}, "days": None, "free": {"any": {"thing": 1}}},
    ],
)
def test_what_the_schema_has_is_good(parameters: Any) -> None:
    assert told(parameters) == []


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, "spec.parameters: 'verify' is a required property"),
        (
            {"verify": {"kye": 1}},
            "spec.parameters.verify.kye: the template's schema has no such field: the cluster drops it",
        ),
        ({"verify": {}, "images": [{}, {"globs": 1}]}, "spec.parameters.images[1].globs: the template's schema has no"),
        ({"verify": {}, "day": 1}, "did you mean days?"),
        ({"verify": {}, "zzz": 1}, "(there are days, free, images, labels, mode, verify)"),
        ({"verify": {}, "days": 1}, "spec.parameters.days: 1 is less than or equal to the minimum of 1"),
        ({"verify": {}, "days": "30"}, "spec.parameters.days: '30' is not of type 'integer', 'null'"),
        ({"verify": None}, "spec.parameters.verify: None is not of type 'object'"),
        ({"verify": {}, "labels": {"a": 1}}, "spec.parameters.labels.a: 1 is not of type 'string'"),
        ({"verify": {}, "mode": "c"}, "spec.parameters.mode: 'c' is not one of ['a', 'b']"),
        ({"verify": {}, "images": [{"glob": 1}]}, "spec.parameters.images[0].glob: 1 is not of type 'string'"),
    ],
)
def test_what_it_does_not_have_is_told_with_its_path(parameters: Any, said: str) -> None:
    (found,) = told(parameters)
    assert said in found


def test_alternatives_are_told_by_their_names() -> None:
    (found,) = [str(each) for each in problems(KIND.template(), {"reports": "all"})]
    assert found == "spec.parameters: expected one of maxAge, minAge"


def test_alternatives_that_exclude_each_other_are_told_by_their_names() -> None:
    rules = [{"images": [{"glob": "**"}]}]
    (found,) = [str(each) for each in problems(SIGNED.template(), {"rules": rules})]
    assert found == "spec.parameters.rules[0]: expected exactly one of signers, attestations"


def test_without_a_schema_the_cluster_drops_every_parameter() -> None:
    (found,) = told({"a": 1}, schema=None)
    assert found == "spec.parameters: the template has no schema for parameters, so the cluster drops them all"
    assert told({}, schema=None) == []


def test_legacy_schemas_keep_what_they_do_not_have() -> None:
    assert told({"verify": {}, "other": 1}, legacySchema=True) == []
    assert told({"verify": {}, "other": 1}, version="v1beta1") == []
    assert told({"a": 1}, version="v1beta1", schema=None) == []
    assert len(told({"verify": {}, "other": 1}, version="v1beta1", legacySchema=False)) == 1


def test_defaults_are_filled_in_as_by_the_api_server() -> None:
    assert with_defaults(template(), {"verify": {}}) == {"verify": {}, "mode": "a"}
    assert with_defaults(template(), {"mode": "b"}) == {"mode": "b"}
    nested = {"properties": {"list": {"type": "array", "items": {"properties": {"n": {"default": 1}}}}}}
    assert with_defaults(template(nested), {"list": [{}, {"n": 2}]}) == {"list": [{"n": 1}, {"n": 2}]}


def test_schema_that_is_none_is_told() -> None:
    (found,) = schema_problems(template({"properties": {"a": {"type": "strings"}}}))
    assert str(found).startswith("spec.crd.spec.validation.openAPIV3Schema.properties.a.type: 'strings' is not valid")
    assert list(schema_problems(template())) == []


@pytest.mark.parametrize("name", ["default", "enum", "example"])
def test_parameter_may_be_called_as_a_keyword_is(name: str) -> None:
    schema = {"type": "object", "properties": {name: {"type": "string", "nullable": True}}}
    assert told({name: None}, schema=schema) == []
    assert told({name: 1}, schema=schema) != []
