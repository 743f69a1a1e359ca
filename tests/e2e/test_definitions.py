"""The chart's definitions on the real API server: what policy-controller's webhook refuses, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import quick_yaml
from tests.e2e.rig import definitions
from tests.e2e.rig.kubernetes import Answer, Object
from tests.e2e.rig.world import World

_ROOT = Path(__file__).parents[2]
_POLICIES = _ROOT / "tests" / "cips"
# What a schema cannot see: the content of keys, URLs, ...
_UNSEEN = {
    "key-damaged",
    "key-ed448",
    "key-indented",
    "key-secp256k1",
    "keyless-url-malformed",
    "keyless-url-with-password",
    # ... and what policy-controller's webhook accepts, so that the schema does, and we refuse afterwards.
    "kms-azure-without-key",
    "kms-gcp-short",
    "kms-hashivault-path",
    "match-exists-with-values",
    "match-in-without-values",
    "match-label-malformed",
    "match-operator-unknown",
    "secret-without-name",
    "source-with-scheme",
}
_ROOT_JSON = "eyJzaWduYXR1cmVzIjogW119"
_AUTHORITY = {
    "subject": {"organization": "o", "commonName": "c"},
    "uri": "https://ca.example.test",
    "certChain": "eA==",
}
_LOG = {"baseURL": "https://log.example.test", "hashAlgorithm": "sha256", "publicKey": "eA=="}
_TRUST_ROOTS: dict[str, dict[str, Any]] = {
    "remote": {"remote": {"root": _ROOT_JSON, "mirror": "https://tuf.example.test"}},
    "repository": {"repository": {"root": _ROOT_JSON, "mirrorFS": "eA==", "targets": "targets"}},
    "authorities": {"sigstoreKeys": {"certificateAuthorities": [_AUTHORITY], "tLogs": [_LOG], "ctLogs": [_LOG]}},
    "time stamps only": {"sigstoreKeys": {"timestampAuthorities": [_AUTHORITY]}},
    "document": {"trustedRootJSON": "e30="},
}
_NO_TRUST_ROOTS: dict[str, tuple[dict[str, Any], str]] = {
    "none": ({}, "expected exactly one of remote"),
    "two": (_TRUST_ROOTS["remote"] | _TRUST_ROOTS["repository"], "expected exactly one of remote"),
    "no root": ({"remote": {"mirror": "https://tuf.example.test"}}, "spec.remote.root: Required"),
    "no mirror": ({"remote": {"root": _ROOT_JSON}}, "spec.remote.mirror: Required"),
    "no archive": ({"repository": {"root": _ROOT_JSON, "targets": "targets"}}, "spec.repository.mirrorFS: Required"),
    "logs only": ({"sigstoreKeys": {"tLogs": [_LOG]}}, "expected certificateAuthorities or timestampAuthorities"),
    "no address": (
        {"sigstoreKeys": {"certificateAuthorities": [_AUTHORITY | {"uri": ""}]}},
        "certificateAuthorities[0].uri",
    ),
}


@pytest.fixture(scope="module", autouse=True)
def _defined(world: World) -> Iterator[None]:
    """The cluster has the chart's definitions."""
    with definitions.of_chart(world):
        yield


def test_policies_that_are_valid_are_accepted(world: World) -> None:
    files = [*(_POLICIES / "valid").glob("*.yaml"), *(_ROOT / "policies").glob("*/cip.yaml")]
    answers = {file: _create(world, policy) for file in files for policy in _policies(file)}
    assert len(answers) > 50
    assert {file.stem: answer.message for file, answer in answers.items() if not answer.ok} == {}
    pruned = {file.stem for file, answer in answers.items() if any("unknown field" in each for each in answer.warnings)}
    assert pruned == set()


def test_policies_that_are_not_are_refused_when_they_are_applied(world: World) -> None:
    files = (_POLICIES / "invalid").glob("*.yaml")
    answers = {file.stem: _create(world, policy) for file in files for policy in _policies(file)}
    assert len(answers) > 130
    assert {name for name, answer in answers.items() if answer.ok} == _UNSEEN


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("authority-key-and-static", "expected exactly one of key, keyless and static"),
        ("key-empty", "expected exactly one of data, kms and secretRef"),
        ("regexp-back-reference", "invalid escape sequence: `\\1`"),
        ("static-with-source", "beside static there is no source"),
        ("keyless-url-and-ca", "expected exactly one of url and ca-cert"),
        ("policy-data-and-remote", "expected exactly one of data, configMapRef and remote"),
        ("match-selector-alone", "selector requires a resource type"),
        ("unknown-field-in-authority", "unknown field"),
    ],
)
def test_refusal_says_where_and_why(world: World, file: str, words: str) -> None:
    (policy,) = _policies(_POLICIES / "invalid" / f"{file}.yaml")
    message = _create(world, policy).message
    assert words in message
    assert "spec." in message


def test_each_version_of_a_policy_can_be_read_without_a_webhook(world: World) -> None:
    (policy,) = _policies(_ROOT / "policies" / "digest-only" / "cip.yaml")
    world.client.apply(policy)
    try:
        for version in ("v1alpha1", "v1beta1"):
            wanted = policy | {"apiVersion": f"policy.sigstore.dev/{version}"}
            found = world.client.get(wanted).expect_ok()
            assert (found["apiVersion"], found["spec"]["images"]) == (wanted["apiVersion"], policy["spec"]["images"])
    finally:
        world.client.delete(policy).expect_ok()


@pytest.mark.parametrize("name", _TRUST_ROOTS)
def test_trust_root_is_accepted(world: World, name: str) -> None:
    answer = _create(world, _trust_root(_TRUST_ROOTS[name]))
    assert (answer.status, answer.message, answer.warnings) == (201, "", ())


@pytest.mark.parametrize("name", _NO_TRUST_ROOTS)
def test_trust_root_that_cannot_be_used_is_refused(world: World, name: str) -> None:
    spec, words = _NO_TRUST_ROOTS[name]
    answer = _create(world, _trust_root(spec))
    assert answer.status == 422
    assert words in answer.message


def _trust_root(spec: Object) -> Object:
    return {
        "apiVersion": "policy.sigstore.dev/v1alpha1",
        "kind": "TrustRoot",
        "metadata": {"name": "probe"},
        "spec": spec,
    }


def _create(world: World, policy: Object) -> Answer:
    """As kubectl does it: unknown fields are refused."""
    version, plural = policy.get("apiVersion", "policy.sigstore.dev/v1alpha1"), definitions.PLURALS.get(policy["kind"])
    query = {"dryRun": "All", "fieldValidation": "Strict"}
    return world.client.request("POST", f"/apis/{version}/{plural}", policy, query=query)


def _policies(file: Path) -> list[Object]:
    documents = quick_yaml.load_all(file.read_text(encoding="utf-8"))
    return [each for each in documents if isinstance(each, dict) and each.get("kind") in definitions.PLURALS]
