"""Policies with attestations on their way into templates."""

from __future__ import annotations

import pytest

from gatekeeper.documents.problems import PolicyError
from gatekeeper.policy import policy_of
from gatekeeper.translation import attestation_rules, constraint, names
from gatekeeper.translation.translate import translate
from tests.unit.policy.test_support import KEY

TYPE = "https://example.test/scan/v1"
RULE = "package sigstore\nisCompliant { input.predicate.ok }\n"
OTHER = "package sigstore\nisCompliant { input.predicate.other }\n"


def entry(name="scan", rule=RULE, predicate_type=TYPE):
    found = {"name": name, "predicateType": predicate_type}
    return found | ({"policy": {"type": "rego", "data": rule}} if rule else {})


def policy(*entries, rule=None, name="scanned"):
    authority = {"name": "ci", "key": {"data": KEY}, "attestations": list(entries)}
    spec = {"images": [{"glob": "**"}], "authorities": [authority]}
    if rule:
        spec["policy"] = {"type": "rego", "data": rule}
    kind = {"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy"}
    return policy_of({**kind, "metadata": {"name": name}, "spec": spec})


def source(made):
    return made.template["spec"]["targets"][0]["code"][0]["source"]


def entries_of(made):
    return made.constraints[0]["spec"]["parameters"]["authorities"][0]["attestations"]


def test_attestations_without_a_rule_share_the_template_of_policies_without_one():
    (made,) = translate([policy(entry(rule=None))])
    assert made.constraints[0]["kind"] == names.SHARED_KIND
    assert entries_of(made) == [{"name": "scan", "type": TYPE, "wish": {"predicateType": TYPE}}]


def test_who_knows_no_attestations_is_asked_for_no_signature_in_their_place():
    (made,) = translate([policy(entry(rule=None))])
    (authority,) = made.constraints[0]["spec"]["parameters"]["authorities"]
    assert "verify" not in authority
    assert authority["attestor"]["key"]["hashAlgorithm"] == "sha256"


def test_name_of_a_rule_is_too_long_to_find_another_text_for_it():
    (made,) = translate([policy(entry())])
    (found,) = entries_of(made)
    assert len(found["rule"].removeprefix("attestation_")) * 4 >= 128


def test_rule_is_a_library_of_the_template_word_for_word_but_for_its_package():
    (made,) = translate([policy(entry())])
    kind = names.kind_of("scanned")
    assert made.constraints[0]["kind"] == kind
    (rule,) = [each["rule"] for each in entries_of(made)]
    package = attestation_rules.package_of(kind, rule)
    assert source(made)["libs"][-1] == RULE.replace("sigstore", package)
    assert f"import data.{package} as {rule}\n" in source(made)["rego"]
    assert f"value := {rule}.isCompliant with input as statement" in source(made)["rego"]
    assert f'_statements := {{"{rule}": true}}' in source(made)["rego"]


def test_rule_of_its_own_stands_beside_those_of_attestations():
    (made,) = translate([policy(entry(), rule="package sigstore\nisCompliant = true\n")])
    assert source(made)["libs"][-1].endswith("isCompliant = true\n")
    assert source(made)["libs"][-2].endswith(RULE.partition("\n")[2])
    assert (
        "attestations.images(input.parameters, cip.images(input.parameters, input.review, _config), _statements)"
        in (source(made)["rego"])
    )


def test_one_text_is_one_library_and_another_text_another_rule():
    (made,) = translate([policy(entry("a"), entry("b"), entry("c", OTHER))])
    rules = [each["rule"] for each in entries_of(made)]
    assert rules[0] == rules[1] != rules[2]
    assert sum("isCompliant" in text and "lib.policies" in text for text in source(made)["libs"]) == 2


@pytest.mark.parametrize(
    ("written", "wish"),
    [
        ("vuln", {"predicateType": "https://cosign.sigstore.dev/attestation/vuln/v1", "form": "vuln"}),
        (
            "https://cosign.sigstore.dev/attestation/vuln/v1",
            {"predicateType": "https://cosign.sigstore.dev/attestation/vuln/v1"},
        ),
        ("custom", {"predicateType": "https://cosign.sigstore.dev/attestation/v1"}),
        ("slsaprovenance", {"predicateType": "https://slsa.dev/provenance/v0.2", "form": "slsaprovenance"}),
        ("slsaprovenance02", {"predicateType": "https://slsa.dev/provenance/v0.2"}),
        ("slsaprovenance1", {"predicateType": "https://slsa.dev/provenance/v1"}),
        ("link", {"predicateType": "https://in-toto.io/Link/v1", "form": "link"}),
        ("spdx", {"predicateType": "https://spdx.dev/Document"}),
        ("spdxjson", {"predicateType": "https://spdx.dev/Document"}),
        ("cyclonedx", {"predicateType": "https://cyclonedx.org/bom"}),
        ("openvex", {"predicateType": "https://openvex.dev/ns"}),
        ("Vuln", {"predicateType": "Vuln"}),
        ("https://openvex.dev/ns/", {"predicateType": "https://openvex.dev/ns/"}),
    ],
)
def test_short_name_means_a_type_and_anything_else_itself(written, wish):
    (made,) = translate([policy(entry(rule=None, predicate_type=written))])
    assert entries_of(made) == [{"name": "scan", "type": written, "wish": wish}]


def test_what_is_wrong_with_a_rule_is_told_by_its_own_path():
    with pytest.raises(PolicyError) as refused:
        translate([policy(entry(), entry("other", "package other\n"))])
    (problem,) = refused.value.problems
    assert problem.path == "spec.authorities[0].attestations[1].policy.data"
    assert problem.message.startswith(
        "failed evaluating rego policy for type other: 1 error occurred: sigstore.rego:1: "
    )


def test_another_rule_is_a_change_of_the_policy():
    one, other = (translate([policy(entry(rule=text))])[0] for text in (RULE, OTHER))
    assert one.template["metadata"]["annotations"] != other.template["metadata"]["annotations"]
    assert constraint.parameters(policy(entry())) == constraint.parameters(policy(entry()))


def test_template_that_this_was_not_made_for_is_refused():
    rules = attestation_rules.rules_of(policy(entry()), "Kind")
    with pytest.raises(attestation_rules.TemplateError):
        attestation_rules.with_rules("package x\n", "Kind", rules)
