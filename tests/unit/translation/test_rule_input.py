"""What a rule reads and is never given."""

import pytest

from gatekeeper.policy.model import Attestation, Authority, ClusterImagePolicy, ClusterImagePolicySpec, Policy
from gatekeeper.translation.rule_input import warnings


def said(text: str, **flags: bool) -> list[str]:
    spec = ClusterImagePolicySpec(policy=Policy(type="rego", data=text, **flags))
    return [f"{each.text_line}: {each.message}" for each in warnings(ClusterImagePolicy(spec=spec))]


@pytest.mark.parametrize(
    ("field", "flag"),
    [
        ("config", "fetch_config_file"),
        ("spec", "include_spec"),
        ("metadata", "include_object_meta"),
        ("typemeta", "include_type_meta"),
    ],
)
@pytest.mark.parametrize("place", ["input.{}.x", 'input["{}"].x', "input[`{}`]"])
def test_field_that_nobody_asked_for_is_told_once_with_its_line(field: str, flag: str, place: str) -> None:
    text = f"package sigstore\np {{ not {place.format(field)} }}\nq {{ {place.format(field)} }}\n"
    (found,) = said(text)
    assert found.startswith(f"2: the rule reads `input.{field}`, which is not there without `")
    assert said(text, **{flag: True}) == []


def test_field_that_there_is_never_is_told() -> None:
    (found,) = said("package sigstore\np { input.review.object.spec }")
    assert found.startswith(
        "2: the rule reads `input.review`, which is never there; there are `input.authorityMatches`"
    )


@pytest.mark.parametrize(
    "text", ["p { input.authorityMatches }", '# input.spec\np { "input.spec" }', "p { x.input.spec }"]
)
def test_what_is_given_or_is_no_input_is_not_told(text: str) -> None:
    assert said(f"package sigstore\n{text}") == []


def said_of_attestation(text: str) -> list[str]:
    rule = Policy(type="rego", data=f"package sigstore\n{text}")
    attestation = Attestation(name="scan", predicate_type="https://example.test/scan", policy=rule)
    spec = ClusterImagePolicySpec(authorities=(Authority(name="a"), Authority(name="b", attestations=(attestation,))))
    return [f"{each.path}:{each.text_line}: {each.message}" for each in warnings(ClusterImagePolicy(spec=spec))]


@pytest.mark.parametrize("field", ["config", "spec", "metadata", "typemeta", "authorityMatches"])
def test_rule_of_an_attestation_is_never_given_what_spec_policy_is(field: str) -> None:
    (found,) = said_of_attestation(f"p {{ not input.{field}.x }}")
    assert found == (
        f"spec.authorities[1].attestations[0].policy.data:2: the rule of an attestation reads `input.{field}`, "
        "which is never there; of a statement there are `input._type`, `input.predicateType`, `input.subject`, "
        "`input.predicate`; a rule of `spec.policy` can read it"
    )


def test_rule_of_an_attestation_is_told_of_a_field_that_there_is_nowhere() -> None:
    (found,) = said_of_attestation('p { input.Predicate.x; input["Predicate"] }')
    assert "reads `input.Predicate`, which is never there" in found
    assert "spec.policy" not in found


@pytest.mark.parametrize("field", ["_type", "predicateType", "subject[0].name", "predicate.Data"])
def test_rule_of_an_attestation_may_read_its_statement(field: str) -> None:
    assert said_of_attestation(f"p {{ input.{field} }}") == []
