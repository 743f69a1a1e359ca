"""Policies as commands take them: texts that stand elsewhere are put in their place, in every command alike."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml

from gatekeeper.policy.problems import PolicyError, Problem
from tests.unit.cli.conftest import POLICY, Run, ToldOpa

TEXT = "package sigstore\nisCompliant = true\n"
URL = "https://example.org/age.rego"


def pointing(folder: Path, rule: object, name: str = "age") -> Path:
    """A policy whose text stands elsewhere."""
    document = yaml.safe_load(POLICY)
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
    run: Run, tmp_path: Path, config_map: Path, opa: ToldOpa
) -> None:
    policy = pointing(tmp_path, {"type": "rego", "configMapRef": {"name": "rules", "key": "age"}})
    done = run("translate", policy, "--config-map", config_map)
    inline = run("translate", pointing(tmp_path, {"type": "rego", "data": TEXT}))
    assert (done.exit_code, inline.exit_code) == (0, 0)
    assert done.stdout == inline.stdout


def test_text_at_a_url_is_fetched_and_its_sum_is_checked(
    run: Run, tmp_path: Path, opa: ToldOpa, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr("gatekeeper.policy.remote_text.fetch", lambda url: asked.append(url) or TEXT.encode())
    good = hashlib.sha256(TEXT.encode()).hexdigest()
    policy = pointing(tmp_path, {"type": "rego", "remote": {"url": URL, "sha256sum": good}})
    assert run("translate", policy).exit_code == 0
    assert asked == [URL]
    policy = pointing(tmp_path, {"type": "rego", "remote": {"url": URL, "sha256sum": "0" * 64}})
    done = run("translate", policy)
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"error: {policy}: spec.policy.remote: the text at {URL} has SHA-256 {good}" in done.stderr


def test_every_text_that_cannot_be_had_is_told_with_its_file(
    run: Run, tmp_path: Path, opa: ToldOpa, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(url: str) -> bytes:
        raise PolicyError([Problem("spec.policy.remote.url", f"cannot get {url}: away")])

    monkeypatch.setattr("gatekeeper.policy.remote_text.fetch", fetch)
    one = pointing(tmp_path, {"type": "rego", "remote": {"url": URL, "sha256sum": "0" * 64}}, "one")
    two = pointing(tmp_path, {"type": "rego", "configMapRef": {"name": "rules", "key": "age"}}, "two")
    done = run("translate", one, two)
    assert done.exit_code == 2
    assert [line.split(": ")[1:3] for line in done.stderr.splitlines()] == [
        [str(one), "spec.policy.remote.url"],
        [str(two), "spec.policy.configMapRef"],
    ]


def test_check_takes_config_maps_too(run: Run, tmp_path: Path, config_map: Path, facts: Path, opa: ToldOpa) -> None:
    policy = pointing(tmp_path, {"type": "rego", "configMapRef": {"name": "rules", "key": "age"}})
    words = ["check", "--policy", policy, "--facts", facts, "--image", "app/web:1", "--no-match", "allow"]
    assert run(*words, "--config-map", config_map).exit_code == 0
    assert run(*words).exit_code == 2


def test_what_is_no_config_map_ends_with_2(run: Run, policy: Path, opa: ToldOpa) -> None:
    done = run("translate", policy, "--config-map", policy)
    assert done.exit_code == 2
    assert f"{policy}: kind: expected a ConfigMap, got ClusterImagePolicy" in done.stderr
