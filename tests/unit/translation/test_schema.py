"""The schemas of parameters: every field has a type and a description, and every list says what is in it."""

import pytest

from gatekeeper.translation import schema


def fields(known, path=""):
    """Every schema within a schema, by its path."""
    for name, inner in known.get("properties", {}).items():
        yield f"{path}.{name}", inner
        yield from fields(inner, f"{path}.{name}")
    if "items" in known:
        yield from fields(known["items"], f"{path}[]")


@pytest.mark.parametrize(
    "known",
    [schema.parameters_schema(), schema.rule_parameters_schema(), schema.coverage_schema()],
    ids=["policy", "rule", "coverage"],
)
def test_every_field_has_a_type_and_a_description(known):
    found = dict(fields(known))
    assert {path for path, inner in found.items() if "type" not in inner} == set()
    assert {path for path, inner in found.items() if not inner.get("description", "").endswith(".")} == set()
    lists = {path: inner for path, inner in found.items() if inner["type"] == "array"}
    assert {path for path, inner in lists.items() if "type" not in inner.get("items", {})} == set()


def test_policies_without_coverage_are_listed_with_what_they_cover():
    policy = schema.coverage_schema()["properties"]["policies"]["items"]["properties"]
    assert policy.keys() >= {"name", "images", "match"}
    assert policy["images"] == schema.parameters_schema()["properties"]["images"]


def test_what_would_silently_cover_nothing_is_refused_when_it_is_applied():
    properties = schema.parameters_schema()["properties"]
    assert properties["images"]["items"]["required"] == ["glob"]
    assert properties["images"]["items"]["properties"]["glob"]["pattern"] == schema.GLOB
    match = properties["match"]["items"]
    assert match["required"] == ["resource", "version"]
    expression = match["properties"]["selector"]["properties"]["matchExpressions"]["items"]
    assert expression["required"] == ["key", "operator"]
    assert expression["properties"]["operator"]["enum"] == ["In", "NotIn", "Exists", "DoesNotExist"]


def test_a_policy_with_a_rule_says_what_the_rule_is_given():
    known = schema.rule_parameters_schema()
    assert "rego" in known["required"]
    flags = ["fetchConfigFile", "includeSpec", "includeObjectMeta", "includeTypeMeta"]
    assert known["properties"]["rego"]["required"] == flags
    assert "rego" not in schema.parameters_schema()["required"]


def test_what_a_rule_reads_is_lists_of_words():
    reads = schema.parameters_schema()["properties"]["rego"]["properties"]["reads"]
    assert reads["items"] == {"type": "array", "items": {"type": "string"}}


def test_trust_roots_are_named_wherever_one_is_meant():
    authority = schema.parameters_schema()["properties"]["authorities"]["items"]["properties"]
    verify = authority["verify"]["properties"]
    for place in ("keyless", "ctlog", "timestamp"):
        assert verify[place]["properties"].keys() >= {"trustRoot", "trustRootDigest"}, place


def test_signer_has_what_a_certificate_may_have_to_name():
    properties = schema.signer_properties()
    assert set(properties) == {"verify", "stamped", "identities"}
    identity = properties["identities"]["items"]["properties"]
    assert set(identity) == {"issuer", "issuerRegExp", "subject", "subjectRegExp"}
