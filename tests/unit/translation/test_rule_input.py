"""What a rule reads and is never given."""

import pytest

from gatekeeper.policy.model import ClusterImagePolicy, ClusterImagePolicySpec, Policy
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
