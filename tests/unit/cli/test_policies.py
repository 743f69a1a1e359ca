"""Policies as commands take them: texts that stand elsewhere are put in their place, in every command alike."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gatekeeper.cli import trust_roots
from gatekeeper.documents.document import Document
from gatekeeper.documents.problems import PolicyError, Problem
from tests import quick_yaml
from tests.simulators.signing import PEM, SigningWorld
from tests.unit.cli.conftest import POLICY, Run, ScriptedOpa

TEXT = "package sigstore\nisCompliant = true\n"
URL = "https://example.org/age.rego"


def pointing(folder: Path, rule: object, name: str = "age") -> Path:
    """A policy whose text stands elsewhere."""
    document = quick_yaml.load(POLICY)
    document["metadata"]["name"] = name
    document["spec"]["policy"] = rule
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(document))
    return file


@pytest.fixture
def config_map(tmp_path: Path) -> Path:
    file = tmp_path / "maps.yaml"
    value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "rules"}, "data": {"age": TEXT}}
    file.write_text(yaml.safe_dump(value))
    return file


def test_text_of_a_config_map_is_carried_over_as_if_it_stood_in_the_policy(
    run: Run, tmp_path: Path, config_map: Path, opa: ScriptedOpa
) -> None:
    policy = pointing(tmp_path, {"type": "rego", "configMapRef": {"name": "rules", "key": "age"}})
    done = run("translate", policy, "--config-map", config_map)
    inline = run("translate", pointing(tmp_path, {"type": "rego", "data": TEXT}))
    assert (done.exit_code, inline.exit_code) == (0, 0)
    assert done.stdout == inline.stdout


def test_text_at_a_url_is_fetched_and_its_sum_is_checked(
    run: Run, tmp_path: Path, opa: ScriptedOpa, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr("gatekeeper.resolution.remote_text.fetch", lambda url: asked.append(url) or TEXT.encode())
    good = hashlib.sha256(TEXT.encode()).hexdigest()
    policy = pointing(tmp_path, {"type": "rego", "remote": {"url": URL, "sha256sum": good}})
    assert run("translate", policy).exit_code == 0
    assert asked == [URL]
    policy = pointing(tmp_path, {"type": "rego", "remote": {"url": URL, "sha256sum": "0" * 64}})
    done = run("translate", policy)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"error: {policy}: spec.policy.remote: the text at {URL} has SHA-256 {good}" in done.stderr


def test_every_text_that_cannot_be_had_is_told_with_its_file(
    run: Run, tmp_path: Path, opa: ScriptedOpa, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(url: str) -> bytes:
        raise PolicyError([Problem("spec.policy.remote.url", f"cannot get {url}: away")])

    monkeypatch.setattr("gatekeeper.resolution.remote_text.fetch", fetch)
    one = pointing(tmp_path, {"type": "rego", "remote": {"url": URL, "sha256sum": "0" * 64}}, "one")
    two = pointing(tmp_path, {"type": "rego", "configMapRef": {"name": "rules", "key": "age"}}, "two")
    done = run("translate", one, two)
    assert done.exit_code == 2
    assert [line.split(": ")[1:3] for line in done.stderr.splitlines()] == [
        [str(one), "spec.policy.remote.url"],
        [str(two), "spec.policy.configMapRef"],
    ]


def test_check_takes_config_maps_too(run: Run, tmp_path: Path, config_map: Path, facts: Path, opa: ScriptedOpa) -> None:
    policy = pointing(tmp_path, {"type": "rego", "configMapRef": {"name": "rules", "key": "age"}})
    words = ["check", "--policy", policy, "--facts", facts, "--image", "app/web:1", "--no-match", "allow"]
    assert run(*words, "--config-map", config_map).exit_code == 0
    assert run(*words).exit_code == 2


def test_what_is_no_config_map_ends_with_2(run: Run, policy: Path, opa: ScriptedOpa) -> None:
    done = run("translate", policy, "--config-map", policy)
    assert done.exit_code == 2
    assert f"{policy}: kind: expected a ConfigMap, got ClusterImagePolicy" in done.stderr


def test_secret_and_trust_root_beside_a_policy_are_used(run: Run, tmp_path: Path, opa: ScriptedOpa) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).public_key()
    text = pem.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    policy = quick_yaml.load(POLICY)
    policy["spec"] = {"images": [{"glob": "**"}], "authorities": [{"key": {"secretRef": {"name": "release"}}}]}
    place = {"namespace": "cosign-system"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "release", **place}}
    other = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "other", **place}, "data": {"x": "%%%"}}
    root = {"apiVersion": "policy.sigstore.dev/v1alpha1", "kind": "TrustRoot", "metadata": {"name": "ours"}, "spec": {}}
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump_all([policy, {**secret, "stringData": {"cosign.pub": text.decode()}}, other, root]))
    done = run("translate", file, "--no-match", "allow")
    assert done.exit_code == 0, done.stderr
    made = list(quick_yaml.load_all(done.stdout))
    assert made[1]["spec"]["parameters"]["authorities"][0]["verify"]["key"]["data"] == text.decode()
    one_of = "spec.remote, spec.repository, spec.sigstoreKeys, spec.trustedRootJSON"
    by_command = "`bestbefore trust --output-dir` writes the file for its setting `trust_root`"
    assert done.stderr.splitlines() == [
        f"note: {file}: passed over: no policy refers to the Secret other",
        f"warning: {file}: TrustRoot ours: spec: expected exactly one, got neither: {one_of}",
        f"note: {file}: the TrustRoot ours is for the provider: {by_command}",
    ]


def trust_root_object(name: str, spec: dict[str, Any]) -> Document:
    value = {"apiVersion": "policy.sigstore.dev/v1alpha1", "kind": "TrustRoot", "metadata": {"name": name}}
    return Document("policy.yaml", {**value, "spec": spec})


def test_trust_root_beside_a_policy_goes_by_its_name_unless_one_is_given(tmp_path: Path) -> None:
    world = SigningWorld()
    chain = world.ca.certificate.public_bytes(PEM) + world.ca.root.public_bytes(PEM)
    subject = {"organization": "rig", "commonName": "rig"}
    authority = {"subject": subject, "uri": "https://ca.example.test", "certChain": base64.b64encode(chain).decode()}
    spec = {"sigstoreKeys": {"certificateAuthorities": [authority]}}
    beside = [trust_root_object(name, spec) for name in ("ours", "theirs")]
    given = tmp_path / "root.json"
    given.write_text("{}")
    found = trust_roots.named([f"theirs={given}"], beside)
    assert found["theirs"] == given
    assert quick_yaml.load(found["ours"].read_text())["metadata"]["name"] == "ours"


def test_trust_root_beside_a_policy_that_cannot_be_used_is_passed_over_with_its_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert trust_roots.named([], [trust_root_object("tuf", {"repository": {"root": "AAAA"}})]) == {}
    said = capsys.readouterr().err
    assert "passed over: policy.yaml: TrustRoot tuf: spec.repository.root: invalid value: failed to unmarshal" in said


def test_file_of_a_trust_root_that_is_empty_has_no_name_of_its_own(tmp_path: Path) -> None:
    empty = tmp_path / "root.yaml"
    empty.write_text("")
    assert trust_roots.named([str(empty)]) == {"": empty}


def test_part_of_the_input_that_nobody_asked_for_is_told_with_its_line(
    run: Run, policy: Path, facts: Path, opa: ScriptedOpa
) -> None:
    policy.write_text(policy.read_text().replace("isCompliant = true", "isCompliant { not input.spec.hostNetwork }"))
    done = run("check", "--policy", policy, "--facts", facts, "--image", "app/web:1")
    assert "`input.spec`, which is not there without `includeSpec: true`" in done.stderr
    assert f"warning: {policy}: spec.policy.data: the rule reads" in done.stderr


def test_key_of_a_service_that_is_away_is_warned_of_by_its_path_and_nothing_else_is_lost(
    run: Run, tmp_path: Path, opa: ScriptedOpa, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VAULT_ADDR", raising=False)
    document = quick_yaml.load(POLICY)
    document["metadata"]["name"] = "signed"
    document["spec"] = {"images": [{"glob": "**"}], "authorities": [{"key": {"kms": "hashivault://release"}}]}
    (tmp_path / "signed.yaml").write_text(yaml.safe_dump(document))
    done = run("translate", tmp_path / "signed.yaml", pointing(tmp_path, {"type": "rego", "data": TEXT}))
    assert done.exit_code == 0
    assert (
        "spec.authorities[0].key.kms: the key hashivault://release cannot be had: Vault: VAULT_ADDR is" in done.stderr
    )
    assert "absent:" in done.stdout
    assert "isCompliant" in done.stdout
