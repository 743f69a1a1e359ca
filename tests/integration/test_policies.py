"""The ready policies do what their suites and their samples say, by the real OPA."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from gatekeeper.cli.main import cli
from gatekeeper.evaluation import opa, suite
from scripts.policies import POLICIES
from tests.engine import engine

pytestmark = pytest.mark.integration

# What those who attest say of an image that every policy admits.
SOURCE = "https://git.example.com/shop/web.git#refs/tags/v1.4"
BASE = {"uri": "pkg:docker/registry.example.com/base/alpine@3.21", "digest": {"sha256": "770e6076" * 8}}
SCAN = {
    "scanner": {"result": {"descriptor": {"name": "grype"}, "matches": []}},
    "metadata": {"scanFinishedOn": "2026-02-15T00:00:00Z"},
}
BUILD = {
    "buildDefinition": {
        "buildType": "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
        "externalParameters": {"configSource": {"uri": SOURCE}},
        "resolvedDependencies": [BASE],
    },
    "runDetails": {"builder": {"id": "https://ci.example.com/builders/large"}},
}
TEKTON = {
    "builder": {"id": "https://tekton.dev/chains/v2"},
    "metadata": {"buildStartedOn": "2026-02-04T23:55:00Z"},
}
BOM = {"bomFormat": "CycloneDX", "specVersion": "1.6"}
ATTESTED = [
    {"by": "scanner", "type": "https://cosign.sigstore.dev/attestation/vuln/v1", "predicate": SCAN},
    {
        "by": "cyclonedx",
        "type": "https://cyclonedx.org/bom",
        "predicate": {"bomFormat": "CycloneDX", "specVersion": "1.6"},
    },
    {"by": "builder-v1", "type": "https://slsa.dev/provenance/v1", "predicate": BUILD},
    {"by": "build-v1", "type": "https://slsa.dev/provenance/v1", "predicate": BUILD},
    {"by": "chains", "type": "https://slsa.dev/provenance/v0.2", "predicate": TEKTON},
]

FOLDERS = sorted(path.parent for path in POLICIES.glob("*/README.md"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_suite_of_a_policy_holds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = engine()
    monkeypatch.setattr(opa, "find", lambda *_: found)
    done = CliRunner().invoke(cli, ["test", str(folder)])
    assert done.exit_code == 0, done.output


def test_suite_fails_where_the_policy_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the suites are known to see what they look at."""
    found = engine()
    monkeypatch.setattr(opa, "find", lambda *_: found)
    source = POLICIES / "digest-only"
    rule = (source / "cip.yaml").read_text().replace("not regex.match", "regex.match")
    (tmp_path / "cip.yaml").write_text(rule)
    (tmp_path / "samples").symlink_to(source / "samples")
    (tmp_path / suite.FILE_NAME).write_text((source / suite.FILE_NAME).read_text())
    done = CliRunner().invoke(cli, ["test", str(tmp_path)])
    assert done.exit_code == 1, done.output


def test_policies_are_in_force_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What each of them admits, all of them do: old enough for one, young enough for others; each denies for itself."""
    found = engine()
    monkeypatch.setattr(opa, "find", lambda *_: found)
    good = "registry.example.com/shop/web:1.4@sha256:" + "5f70bf18" * 8
    labels = {"org.opencontainers.image.source": "git", "org.opencontainers.image.revision": "4c9a"}
    built = "2026-02-05T00:00:00Z"
    layers = {"type": "layers", "diff_ids": ["sha256:" + "5f70bf18" * 8]}
    document = {"created": built, "history": [{"created": built}], "config": {"User": "app", "Labels": labels}}
    config = {"linux/amd64": {**document, "rootfs": layers}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}}
    cases = [
        {"name": "good", "resource": {**pod, "spec": {"containers": [{"image": good}]}}, "verdict": "allowed"},
        {
            "name": "bad in every way",
            "resource": {**pod, "spec": {"containers": [{"image": "quay.io/a/b"}]}},
            "verdict": "denied",
            "messages": [f"failed policy: {name}" for name in ("digest-only", "allowed-registries", "not-root")],
        },
    ]
    document = {
        "policies": [str(folder / "cip.yaml") for folder in FOLDERS if folder.name != "maximum-image-age"],
        "now": "2026-02-16T00:00:00Z",
        "facts": {
            good: {"config": config, "attested": ATTESTED},
            "quay.io/a/b": {"created": None, "config": {"linux/amd64": {}}},
        },
        "cases": cases,
    }
    (tmp_path / suite.FILE_NAME).write_text(yaml.safe_dump(document))
    done = CliRunner().invoke(cli, ["test", str(tmp_path)])
    assert done.exit_code == 0, done.output
