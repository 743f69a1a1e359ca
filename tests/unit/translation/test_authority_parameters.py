import pytest

from gatekeeper.policy import policy_of
from gatekeeper.translation.authority_parameters import parameters
from provider.questions import proof_question
from tests.unit.policy.test_support import IDENTITY, KEY


def asked(authority):
    policy = policy_of(
        {
            "apiVersion": "policy.sigstore.dev/v1alpha1",
            "kind": "ClusterImagePolicy",
            "metadata": {"name": "p"},
            "spec": {"images": [{"glob": "**"}], "authorities": [authority]},
        }
    )
    return parameters(policy.spec.authorities[0])


def test_key_is_asked_for_with_its_hash_and_nothing_else():
    assert asked({"key": {"data": KEY, "hashAlgorithm": "sha512"}}) == {
        "verify": {"key": {"data": KEY, "hashAlgorithm": "sha512"}}
    }


@pytest.mark.parametrize("name", ["", " SHA256 ", "SHA512"])
def test_hash_that_upstream_does_not_know_as_written_is_its_default(name):
    key = {"data": KEY, "hashAlgorithm": name}
    assert asked({"key": key})["verify"]["key"]["hashAlgorithm"] == "sha256"


def test_first_of_several_keys_counts():
    assert asked({"key": {"data": KEY + KEY.replace("M", "N")}})["verify"]["key"]["data"] == KEY


def test_identities_are_no_part_of_the_question():
    found = asked({"keyless": {"identities": [IDENTITY], "trustRootRef": "own", "insecureIgnoreSCT": True}})
    assert found["identities"] == [IDENTITY]
    assert found["verify"] == {
        "keyless": {"trustRoot": "own", "trustRootDigest": "", "insecureIgnoreSCT": True},
    }


def test_log_is_left_out_where_a_timestamp_of_a_trust_root_is_asked_for():
    authority = {"key": {"data": KEY}, "ctlog": {"url": "https://rekor.example"}}
    assert asked(authority)["verify"]["ctlog"] == {"url": "https://rekor.example"}
    stamped = asked({**authority, "rfc3161timestamp": {"trustRootRef": "own"}})["stamped"]
    assert "ctlog" not in stamped
    assert stamped["timestamp"] == {"trustRoot": "own"}


@pytest.mark.parametrize("ctlog", [{}, {"url": ""}, {"trustRootRef": ""}])
def test_log_that_names_nothing_is_none_for_a_key_and_the_public_one_for_certificates(ctlog):
    assert "ctlog" not in asked({"key": {"data": KEY}, "ctlog": ctlog})["verify"]
    keyless = asked({"keyless": {"identities": [IDENTITY], "trustRootRef": "own"}, "ctlog": ctlog})["verify"]
    assert keyless["ctlog"] == {}
    named = asked({"key": {"data": KEY}, "ctlog": {"trustRootRef": "own"}})["verify"]
    assert named["ctlog"] == {"trustRoot": "own"}


@pytest.mark.parametrize(
    "authority",
    [
        {"key": {"data": KEY}, "source": [{"oci": "registry.test/signatures", "tagPrefix": "x-"}]},
        {"key": {"data": KEY}, "signatureFormat": "bundle"},
        {"keyless": {"identities": [IDENTITY]}, "ctlog": {"url": "https://rekor.example", "trustRootRef": "own"}},
    ],
)
def test_provider_can_read_what_is_asked(authority):
    verify = asked(authority)["verify"]
    assert proof_question.write(proof_question.read(verify)) == verify


def test_timestamp_stands_where_nobody_who_does_not_know_it_finds_a_signature_to_be_content_with():
    """An API server whose definition is older leaves `timestamp` out of `verify`, and `stamped` as a whole."""
    plain = {"name": "a", "key": {"data": KEY}}
    assert "stamped" not in asked(plain)
    found = asked({**plain, "rfc3161timestamp": {"trustRootRef": "own"}})
    assert "verify" not in found
    assert found["stamped"]["timestamp"] == {"trustRoot": "own"}
