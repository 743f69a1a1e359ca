import re
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gatekeeper.documents.problems import PolicyError
from gatekeeper.own.exemption import Exemption
from gatekeeper.own.signed_images import SignedImages, SigningRule
from gatekeeper.own.signer import MOST_SIGNERS, Signer
from gatekeeper.policy.model import Identity
from gatekeeper.translation import library
from provider.questions.proof_question import Key, Keyless, TrustRootName, Verify

_PRIVATE = ec.generate_private_key(ec.SECP256R1())
PEM = (
    _PRIVATE.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
PRIVATE = _PRIVATE.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
IDENTITY = Identity(issuer="https://issuer.example.test", subject_reg_exp="^ann@")
ANN = Signer("ann", Verify(key=Key(PEM)))
CI = Signer("ci", Verify(keyless=Keyless(TrustRootName("house"))), (IDENTITY,))
RULE = SigningRule(("registry.test/**",), (ANN, CI), 2)


def problems(*rules, **settings):
    with pytest.raises(PolicyError) as caught:
        SignedImages(rules, **settings).constraints()
    return [str(each) for each in caught.value.problems]


def problems_of(signer):
    return problems(SigningRule(("**",), (signer,)))


WORKLOADS = ["ReplicationController", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"]


def test_pair_denies_and_warns_and_each_reports_its_class():
    deny, warn = SignedImages((RULE,)).constraints()
    assert (deny["metadata"]["name"], deny["spec"]["enforcementAction"]) == ("signed-images", "deny")
    assert (warn["metadata"]["name"], warn["spec"]["enforcementAction"]) == ("signed-images-warn", "warn")
    assert deny["spec"]["parameters"].pop("reports") == "deny"
    assert warn["spec"]["parameters"].pop("reports") == "warn"
    assert deny["spec"]["parameters"] == warn["spec"]["parameters"]
    assert deny["spec"]["match"] == warn["spec"]["match"]


def test_signers_reach_the_parameters_as_the_question_and_the_library_read_them():
    exemption = Exemption("registry.test/vendor/*", "2026-03-01", "late", "team-shop")
    deny, _ = SignedImages((RULE,), unmatched="warn", exemptions=(exemption,)).constraints()
    assert deny["spec"]["parameters"] == {
        "rules": [
            {
                "images": [{"glob": "registry.test/**"}],
                "signers": [
                    {"name": "ann", "verify": {"key": {"data": PEM, "hashAlgorithm": "sha256"}}},
                    {
                        "name": "ci",
                        "verify": {
                            "keyless": {"trustRoot": "house", "trustRootDigest": "", "insecureIgnoreSCT": False}
                        },
                        "identities": [{"issuer": "https://issuer.example.test", "subjectRegExp": "^ann@"}],
                    },
                ],
                "quorum": 2,
            }
        ],
        "unmatched": "warn",
        "digest": "require",
        "exemptions": [
            {"image": "registry.test/vendor/*", "until": "2026-03-01", "reason": "late", "owner": "team-shop"}
        ],
        "name": "signed-images",
        "workloads": WORKLOADS,
        "reports": "deny",
    }


def test_namespaces_are_those_that_opted_in_unless_said_otherwise():
    deny, _ = SignedImages((RULE,)).constraints()
    assert deny["spec"]["match"]["namespaceSelector"] == {"matchLabels": {"policy.sigstore.dev/include": "true"}}
    deny, _ = SignedImages((RULE,), namespaces={}, excluded_namespaces=("kube-system",)).constraints()
    assert "namespaceSelector" not in deny["spec"]["match"]
    assert deny["spec"]["match"]["excludedNamespaces"] == ["kube-system"]


def test_policy_without_a_rule_is_refused():
    assert problems() == ["rules: expected a rule at least"]


def test_name_of_a_warning_twin_is_refused():
    assert problems(RULE, name="signed-warn")[0].startswith("name: ")


@pytest.mark.parametrize("quorum", [0, 3, -1])
def test_quorum_that_can_never_be_is_refused(quorum):
    assert problems(replace(RULE, quorum=quorum)) == [f"rules[0].quorum: {quorum} of 2 signers can never be"]


def test_rule_without_images_or_signers_is_refused():
    assert problems(SigningRule((), ())) == [
        "rules[0].images: expected a glob at least",
        f"rules[0].signers: expected 1 to {MOST_SIGNERS}, got 0",
    ]


def test_more_signers_than_can_be_told_apart_are_refused():
    many = tuple(replace(ANN, name=f"s{number}") for number in range(MOST_SIGNERS + 1))
    assert problems(replace(RULE, signers=many)) == ["rules[0].signers: expected 1 to 10, got 11"]


def test_glob_that_is_none_is_refused():
    assert problems(replace(RULE, images=("app[0",)))[0].startswith("rules[0].images[0].glob: 'app[0' is no glob")


def test_two_signers_of_one_name_are_refused():
    assert problems(replace(RULE, signers=(ANN, ANN))) == ["rules[0].signers: two are called ann"]


@pytest.mark.parametrize("identities", [(), (Identity(issuer="i"),), (replace(IDENTITY, issuer_reg_exp="i"),)])
def test_certificate_whose_holder_is_left_open_is_refused(identities):
    (problem,) = problems_of(replace(CI, identities=identities))
    assert problem.startswith("rules[0].signers[0].identities")


@pytest.mark.parametrize(
    ("signer", "field"),
    [
        (replace(ANN, name=""), "name"),
        (replace(ANN, verify=Verify()), "verify"),
        (replace(ANN, verify=Verify(key=Key("none"))), "verify.key.data"),
        (replace(ANN, identities=(IDENTITY,)), "identities"),
    ],
)
def test_fault_of_a_signer_is_told_with_its_path(signer, field):
    assert problems_of(signer)[0].startswith(f"rules[0].signers[0].{field}: ")


def test_private_key_is_refused_and_not_shown():
    (problem,) = problems_of(replace(ANN, verify=Verify(key=Key(PRIVATE))))
    assert PRIVATE.splitlines()[1] not in problem


def test_schema_knows_the_parameters_that_rego_knows():
    text = library.module("signing_parameters").text
    defaults = text.partition("_defaults := {")[2].partition("\n}")[0]
    assert set(re.findall(r'^\t"(\w+)":', defaults, re.MULTILINE)) == set(SignedImages.KIND.parameters)
    assert f"_most_signers := {MOST_SIGNERS}\n" in text
