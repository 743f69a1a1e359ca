"""Nothing of the API is dropped: each field is read, and then carried over or refused."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from gatekeeper.documents.problems import PolicyError, Problem
from gatekeeper.policy import policy_of
from gatekeeper.policy.decoding import Shape, shapes
from gatekeeper.policy.model import ApiObject, ClusterImagePolicy, ConfigMapReference, RemotePolicy
from gatekeeper.policy.support import REFUSED, TRANSLATED, WITHOUT_EFFECT, unsupported, with_text

CIPS = Path(__file__).parents[2] / "cips"
CRD_FIELDS = [
    line for line in (Path(__file__).parent / "crd_fields.txt").read_text().splitlines() if not line.startswith("#")
]
KEY = (CIPS / "valid" / "key.yaml").read_text().partition("data: |\n")[2].replace(" " * 8, "").strip() + "\n"
INCLUDES = ("includeSpec", "includeObjectMeta", "includeTypeMeta")
IDENTITY = {"issuer": "https://issuer.example", "subject": "ann@example.org"}


def attested(attestation=None, **rule):
    """An authority with an attestation, whose policy has its text elsewhere."""
    entry = attestation or {"name": "a", "predicateType": "vuln", "policy": {"type": "rego", **rule}}
    return {"key": {"data": KEY}, "attestations": [entry]}


EXAMPLES = {
    "spec.authorities[].key.secretRef": {"key": {"secretRef": {"name": "key"}}},
    "spec.authorities[].key.kms": {"key": {"kms": "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k"}},
    "spec.authorities[].keyless.ca-cert": {"keyless": {"ca-cert": {"data": KEY}, "identities": [IDENTITY]}},
    "spec.authorities[].attestations[].policy.configMapRef": attested(configMapRef={"name": "a", "key": "b"}),
    "spec.authorities[].attestations[].policy.remote": attested(
        remote={"url": "https://example.org/p", "sha256sum": "0"}
    ),
    "spec.policy.configMapRef": {"type": "rego", "configMapRef": {"name": "a", "key": "b"}},
    "spec.policy.remote": {"type": "rego", "remote": {"url": "https://example.org/p", "sha256sum": "0"}},
}


def policy(authority=None, rule=None):
    spec = {"images": [{"glob": "**"}], "authorities": [authority or {"static": {"action": "pass"}}]}
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


def covered(field: str, table) -> bool:
    return any(field == path or field.startswith((f"{path}.", f"{path}[")) for path in table)


def readable(struct: type[ApiObject], path: str = "") -> set[str]:
    """The leaves that the decoder reads, written as in crd_fields.txt."""
    found: set[str] = set()
    for name, (_, shape) in shapes(struct).items():
        found |= leaves(shape, f"{path}.{name}" if path else name)
    return found


def leaves(shape: Shape, path: str) -> set[str]:
    if shape.kind == "struct":
        return readable(shape.of, path)
    if shape.kind == "list" and shape.of.kind == "struct":
        return readable(shape.of.of, f"{path}[]")
    return {path}


@pytest.mark.parametrize("field", CRD_FIELDS)
def test_a_field_of_the_api_is_read(field):
    assert field in readable(ClusterImagePolicy)


@pytest.mark.parametrize("field", CRD_FIELDS)
def test_a_field_of_the_api_is_either_carried_over_or_refused_or_without_effect(field):
    assert [covered(field, table) for table in (TRANSLATED, REFUSED, WITHOUT_EFFECT)].count(True) == 1


def test_the_decoder_reads_nothing_that_the_api_does_not_have():
    ours = {path for path in readable(ClusterImagePolicy) if path.startswith("spec.")}
    assert ours == {field for field in CRD_FIELDS if field.startswith("spec.")}


@pytest.mark.parametrize("table", [TRANSLATED, REFUSED, WITHOUT_EFFECT])
def test_the_tables_name_only_fields_that_exist(table):
    fields = readable(ClusterImagePolicy)
    assert [path for path in table if not any(covered(field, [path]) for field in fields)] == []


def test_every_refused_field_has_an_example():
    # A policy with one of these is not valid in the first place.
    invalid = {path for path in REFUSED if path.rpartition(".")[2] in {"fetchConfigFile", *INCLUDES}}
    assert set(EXAMPLES) == set(REFUSED) - invalid


@pytest.mark.parametrize("path", EXAMPLES)
def test_a_refused_field_is_told_by_its_path_and_reason(path):
    example = copy.deepcopy(EXAMPLES[path])
    problems = unsupported(policy(rule=example) if path.startswith("spec.policy") else policy(example))
    assert (path.replace("[]", "[0]"), REFUSED[path]) in [(problem.path, problem.message) for problem in problems]


def test_texts_of_attestations_are_put_in_place_by_their_own_paths():
    class Texts:
        def config_map(self, reference):
            return f"package sigstore # {reference.name}"

        def remote(self, reference):
            raise PolicyError([Problem("spec.policy.remote.url", f"cannot get {reference.url}")])

    given = policy(attested(configMapRef={"name": "a", "key": "b"}))
    (found,) = with_text(given, Texts()).spec.authorities[0].attestations
    assert (found.policy.data, found.policy.config_map_ref) == ("package sigstore # a", None)
    bare = policy(attested(data="package sigstore"))
    assert with_text(bare, Texts()) is bare
    with pytest.raises(PolicyError) as refused:
        with_text(policy(attested(remote={"url": "https://example.org/p", "sha256sum": "0" * 64})), Texts())
    (problem,) = refused.value.problems
    assert problem.path == "spec.authorities[0].attestations[0].policy.remote.url"


def test_a_static_authority_with_a_rule_in_rego_is_carried_over_whole():
    rule = {"type": "rego", "data": "package sigstore", "fetchConfigFile": True, "includeSpec": True}
    assert unsupported(policy(rule=rule)) == []


@pytest.mark.parametrize(
    "authority",
    [
        {"key": {"data": KEY}},
        {"key": {"data": KEY}, "ctlog": {"url": "https://rekor.example", "trustRootRef": "own"}},
        {"key": {"data": KEY}, "rfc3161timestamp": {"trustRootRef": "own"}},
        {"key": {"data": KEY}, "source": [{"oci": "registry.test/signatures", "tagPrefix": "x"}]},
        {"key": {"data": KEY}, "signatureFormat": "bundle"},
        {"keyless": {"identities": [IDENTITY], "trustRootRef": "own", "insecureIgnoreSCT": True}},
    ],
)
def test_an_authority_that_looks_at_signatures_is_carried_over_whole(authority):
    assert unsupported(policy(authority)) == []


def test_a_signature_format_that_does_not_exist_is_refused():
    (problem,) = unsupported(policy({"key": {"data": KEY}, "signatureFormat": "Bundle"}))
    assert problem.path == "spec.authorities[0].signatureFormat"


def test_a_signature_format_beside_static_has_no_effect_and_is_not_refused():
    assert unsupported(policy({"static": {"action": "pass"}, "signatureFormat": "bundle"})) == []


def test_an_attestation_with_a_rule_in_rego_is_carried_over():
    assert unsupported(policy(attested(data="package sigstore"))) == []
    assert unsupported(policy(attested({"name": "a", "predicateType": "vuln"}))) == []


@pytest.mark.parametrize("more", [{}, {"key": None, "keyless": {"identities": [IDENTITY]}}])
@pytest.mark.parametrize("form", ["legacy", "bundle"])
def test_attestations_of_any_authority_in_either_form_are_carried_over(more, form):
    rest = {"signatureFormat": form, "rfc3161timestamp": {"trustRootRef": "own"}, "ctlog": {"trustRootRef": "own"}}
    authority = attested(data="package sigstore") | rest | more
    assert unsupported(policy({name: value for name, value in authority.items() if value})) == []


def test_cue_is_carried_over_as_rego_is():
    rule = {"type": "cue", "data": "predicate: {}"}
    assert unsupported(policy(attested({"name": "a", "predicateType": "vuln", "policy": rule}))) == []
    assert unsupported(policy(rule={"type": "cue", "data": "config: {}"})) == []


class Texts:
    def config_map(self, reference: ConfigMapReference) -> str:
        return f"text of {reference.name}/{reference.key}"

    def remote(self, reference: RemotePolicy) -> str:
        return f"text of {reference.url}"


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"type": "rego", "data": "package sigstore"}, "package sigstore"),
        ({"type": "rego", "configMapRef": {"name": "a", "key": "b"}}, "text of a/b"),
        (
            {"type": "rego", "remote": {"url": "https://example.org/p", "sha256sum": "0"}},
            "text of https://example.org/p",
        ),
    ],
)
def test_a_rule_that_stands_elsewhere_is_supported_once_its_text_is_fetched(rule, text):
    inline = with_text(policy(rule=rule), Texts())
    assert inline.spec.policy.data == text
    assert unsupported(inline) == []


def test_a_policy_without_a_rule_needs_no_text():
    bare = policy()
    assert with_text(bare, Texts()) is bare
