"""Mappings to the model, in Go's words."""

from __future__ import annotations

import pytest

from gatekeeper.policy.decoding import decode
from gatekeeper.policy.model import Identity, LabelSelector, Url


def spec(value, version="v1beta1"):
    return decode({"apiVersion": f"policy.sigstore.dev/{version}", "kind": "ClusterImagePolicy", "spec": value})


def messages(decoded) -> list[str]:
    return [problem.message.removeprefix("decode: json: ") for problem in decoded.problems]


def test_every_field_lands_where_it_belongs():
    decoded = spec(
        {
            "images": [{"glob": "a"}, {"glob": "b"}],
            "authorities": [
                {
                    "name": "x",
                    "keyless": {
                        "url": "https://fulcio.example",
                        "ca-cert": {"secretRef": {"name": "k"}},
                        "identities": [{"issuer": "i", "subjectRegExp": "s"}],
                        "insecureIgnoreSCT": True,
                    },
                    "source": [{"oci": "o", "tagPrefix": "", "signaturePullSecrets": [{"name": "p"}]}],
                }
            ],
            "match": [{"resource": "pods", "selector": {"matchLabels": {"a": "b"}}}],
            "policy": {"type": "rego", "fetchConfigFile": False},
        }
    )
    assert decoded.problems == ()
    result = decoded.policy.spec
    (authority,) = result.authorities
    assert [image.glob for image in result.images] == ["a", "b"]
    assert authority.keyless.url == Url("https://fulcio.example")
    assert authority.keyless.ca_cert.secret_ref.name == "k"
    assert authority.keyless.identities == (Identity(issuer="i", subject_reg_exp="s"),)
    assert authority.keyless.insecure_ignore_sct is True
    assert authority.source[0].tag_prefix == ""
    assert authority.source[0].signature_pull_secrets[0].name == "p"
    assert result.match[0].selector == LabelSelector({"a": "b"})
    assert result.policy.fetch_config_file is False
    assert result.policy.include_spec is None


def test_null_is_as_good_as_absent():
    assert spec({"images": None, "policy": None, "mode": None}).policy == spec({}).policy


def test_a_null_member_is_an_empty_object():
    decoded = spec({"images": [None], "match": [{"selector": {"matchExpressions": [{"values": [None]}]}}]})
    assert decoded.problems == ()
    assert decoded.policy.spec.images[0].glob == ""
    assert decoded.policy.spec.match[0].selector.match_expressions[0].values == ("",)


@pytest.mark.parametrize(
    ("value", "found", "field", "kind"),
    [
        ([], "array", "ClusterImagePolicy.spec", "v1beta1.ClusterImagePolicySpec"),
        ({"images": ""}, "string", "ClusterImagePolicySpec.spec.images", "[]v1beta1.ImagePattern"),
        ({"images": [1]}, "number", "ClusterImagePolicySpec.spec.images", "v1beta1.ImagePattern"),
        ({"images": [{"glob": {}}]}, "object", "ImagePattern.spec.images.glob", "string"),
        ({"mode": False}, "bool", "ClusterImagePolicySpec.spec.mode", "string"),
        ({"policy": {"includeSpec": 1}}, "number", "Policy.spec.policy.includeSpec", "bool"),
        ({"policy": {"remote": {"url": 1.5}}}, "number", "RemotePolicy.spec.policy.remote.url", "string"),
        (
            {"authorities": [{"key": {"secretRef": []}}]},
            "array",
            "KeyRef.spec.authorities.key.secretRef",
            "v1.SecretReference",
        ),
        ({"match": [{"group": 1}]}, "number", "MatchResource.spec.match.GroupVersionResource.group", "string"),
        (
            {"match": [{"selector": {"matchLabels": []}}]},
            "array",
            "LabelSelector.spec.match.selector.matchLabels",
            "map[string]string",
        ),
        (
            {"match": [{"selector": {"matchLabels": {"a": True}}}]},
            "bool",
            "LabelSelector.spec.match.selector.matchLabels",
            "string",
        ),
        (
            {"match": [{"selector": {"matchExpressions": [{"operator": 1}]}}]},
            "number",
            "LabelSelectorRequirement.spec.match.selector.matchExpressions.operator",
            "v1.LabelSelectorOperator",
        ),
    ],
)
def test_a_wrong_type_has_gos_words(value, found, field, kind):
    assert messages(spec(value)) == [f"cannot unmarshal {found} into Go struct field {field} of type {kind}"]


def test_an_unknown_field_has_gos_words():
    assert messages(spec({"policies": {}})) == ['unknown field "policies"']


def test_a_number_that_is_no_integer_is_shown():
    decoded = decode({"metadata": {"generation": 1.5}, "status": {"observedGeneration": 2**63}})
    assert messages(decoded) == [
        "cannot unmarshal number 1.5 into Go struct field ObjectMeta.metadata.generation of type int64",
        "cannot unmarshal number 9223372036854775808 into Go struct field "  # noqa: ISC004 (one sentence)
        "ClusterImagePolicyStatus.status.Status.observedGeneration of type int64",
    ]


def test_the_version_stands_in_the_type():
    assert messages(spec({"policy": []}, "v1alpha1")) == [
        "cannot unmarshal array into Go struct field ClusterImagePolicySpec.spec.policy of type v1alpha1.Policy"
    ]


def test_every_fault_is_found_and_what_could_not_be_read_is_named():
    decoded = spec({"imags": [], "images": [{"glob": 7}, {"glob": "ok"}], "mode": []})
    assert decoded.failed == {"spec.imags", "spec.images[0].glob", "spec.mode"}
    assert [image.glob for image in decoded.policy.spec.images] == ["", "ok"]


@pytest.mark.parametrize(
    ("name", "hint"), [("Images", "did you mean images?"), ("imgaes", "did you mean images?"), ("zzz", "")]
)
def test_a_misspelt_field_gets_a_suggestion(name, hint):
    (problem,) = spec({name: []}).problems
    assert problem.hint == hint


def test_the_name_of_an_unknown_field_is_shown_in_part():
    (problem,) = spec({"x" * 10_000: 1}).problems
    assert len(str(problem)) < 300
