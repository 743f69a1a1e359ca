"""Policies in CUE on their way into a template: compiled, or refused by path and line with what to write instead."""

from __future__ import annotations

import pytest

from gatekeeper.documents.problems import PolicyError
from gatekeeper.policy import policy_of
from gatekeeper.policy.model import Policy
from gatekeeper.translation import rule_input
from gatekeeper.translation.attestation_rules import name_of
from gatekeeper.translation.policy_text import library_of, rego_read
from gatekeeper.translation.translate import translate

PACKAGE = "lib.policies.cipx"


def attestation(text: str, language: str = "cue"):
    return {"name": "scan", "predicateType": "vuln", "policy": {"type": language, "data": text}}


def cip(rule=None, *attestations):
    authority = {"static": {"action": "pass"}}
    if attestations:
        identity = {"issuer": "https://issuer.example", "subject": "ann@example.org"}
        authority = {"keyless": {"identities": [identity]}, "attestations": list(attestations)}
    spec = {"images": [{"glob": "**"}], "authorities": [authority]}
    if rule is not None:
        spec["policy"] = rule
    return policy_of(
        {
            "apiVersion": "policy.sigstore.dev/v1beta1",
            "kind": "ClusterImagePolicy",
            "metadata": {"name": "policy"},
            "spec": spec,
        }
    )


def libraries(made) -> list[str]:
    return made.template["spec"]["targets"][0]["code"][0]["source"]["libs"]


def test_cue_becomes_a_library_of_the_template_with_what_it_leans_on():
    (made,) = translate([cip({"type": "cue", "data": 'config: [string]: config: User: "nonroot"'})])
    texts = libraries(made)
    assert any(
        text.startswith("package lib.policies.cip") and "import data.lib.bestbefore.cue" in text for text in texts
    )
    assert any("package lib.bestbefore.cue\n" in text for text in texts)


def test_template_without_cue_has_none_of_it():
    (made,) = translate([cip({"type": "rego", "data": "package sigstore\nisCompliant = true\n"})])
    assert not any("package lib.bestbefore.cue\n" in text for text in libraries(made))


def test_cue_of_an_attestation_is_one_more_library():
    (made,) = translate([cip(None, attestation("predicate: ok: true"))])
    assert any("import data.lib.bestbefore.cue" in text and "_attestation_" in text for text in libraries(made))


def test_same_text_in_another_language_is_another_rule():
    names = {
        name_of(each)
        for language in ("cue", "rego")
        for authority in cip(None, attestation("package sigstore", language)).spec.authorities
        for each in authority.attestations
    }
    assert len(names) == 2


def test_what_is_not_taken_is_refused_by_path_and_line_with_a_recipe():
    with pytest.raises(PolicyError) as caught:
        translate([cip({"type": "cue", "data": "a: 1\nb: [for x in a {x}]"})])
    (problem,) = caught.value.problems
    assert (problem.path, problem.text_line) == ("spec.policy.data", 2)
    assert "this CUE cannot be compiled to Rego" in problem.message
    assert "write the same rule in Rego" in problem.hint


def test_text_that_is_no_cue_is_refused_in_the_words_of_policy_controller():
    with pytest.raises(PolicyError) as caught:
        translate([cip(None, attestation("predicate: {"))])
    (problem,) = caught.value.problems
    assert problem.path == "spec.authorities[0].attestations[0].policy.data"
    assert "failed evaluating cue policy for scan: " in problem.message
    assert "failed to compile the cue policy with error: expected '}', found 'EOF'" in problem.message


def test_library_of_a_refused_text_is_empty():
    library = library_of(Policy(type="cue", data="a: {"), PACKAGE)
    assert (library.text, len(library.problems)) == ("", 1)


def test_cue_is_judged_again_when_a_field_that_it_names_changes():
    text = rego_read(Policy(type="cue", data="spec: replicas: <3"))
    assert '"replicas"' in text
    assert rego_read(Policy(type="rego", data="package sigstore")) == "package sigstore"


def test_nothing_is_said_of_what_cue_reads_as_if_it_were_rego():
    policy = cip({"type": "cue", "data": 'a: "input.config"'}, attestation('b: "input.spec"'))
    assert list(rule_input.warnings(policy)) == []
