"""Suites about attestations: facts say what is attested, and the policy's own template judges it by the real OPA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from gatekeeper.cli.main import cli
from gatekeeper.evaluation import opa, suite
from tests.engine import engine
from tests.simulators.signing import Signer, new_key

pytestmark = pytest.mark.integration

IMAGE = "registry.test/app:1"
RECENT = """package sigstore

isCompliant[r] {
	age := time.now_ns() - time.parse_rfc3339_ns(input.predicate.metadata.scanFinishedOn)
	r := {"result": age < 7 * 24 * 3600 * 1000000000, "error": "the scan is older than a week"}
}
"""


def policy() -> dict[str, Any]:
    entry = {"name": "scanned", "predicateType": "vuln", "policy": {"type": "rego", "data": RECENT}}
    identities = [{"issuer": "https://issuer.test", "subject": "scanner@example.test"}]
    return {
        "apiVersion": "policy.sigstore.dev/v1beta1",
        "kind": "ClusterImagePolicy",
        "metadata": {"name": "scans"},
        "spec": {
            "images": [{"glob": "**"}],
            "authorities": [
                {"name": "key", "key": {"data": Signer(new_key()).public_pem}, "attestations": [entry]},
                {"name": "ci", "keyless": {"url": "https://f.test", "identities": identities}, "attestations": [entry]},
            ],
        },
    }


def scan(at: str, **more: Any) -> dict[str, Any]:
    return {"by": "key", "type": "vuln", "predicate": {"metadata": {"scanFinishedOn": at}}, **more}


def case(name: str, verdict: str, *messages: str, attested: list[dict[str, Any]]) -> dict[str, Any]:
    fact = {"created": None, "attested": attested}
    return {"name": name, "image": IMAGE, "facts": {IMAGE: fact}, "verdict": verdict, "messages": list(messages)}


def test_suite_says_what_is_attested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = engine()
    monkeypatch.setattr(opa, "find", lambda *_: found)
    (tmp_path / "cip.yaml").write_text(yaml.safe_dump(policy()))
    fresh, old = "2026-01-09T00:00:00Z", "2025-12-01T00:00:00Z"
    ci = {"by": "ci", "issuer": "https://issuer.test"}
    cases = [
        case("fresh", "allowed", attested=[scan(fresh)]),
        case("old beside fresh", "allowed", attested=[scan(old), scan(fresh)]),
        case("old", "denied", "the scan is older than a week", attested=[scan(old)]),
        case("nothing", "denied", "no matching attestations", attested=[]),
        case("of another type", "denied", "checked the following predicateTypes", attested=[scan(fresh, type="link")]),
        case("by the scanner", "allowed", attested=[scan(fresh, subjects=["scanner@example.test"], **ci)]),
        case(
            "by a stranger", "denied", "none of the expected identities", attested=[scan(fresh, subjects=["eve"], **ci)]
        ),
    ]
    document = {"policies": ["cip.yaml"], "now": "2026-01-10T00:00:00Z", "cases": cases}
    (tmp_path / suite.FILE_NAME).write_text(yaml.safe_dump(document))
    done = CliRunner().invoke(cli, ["test", str(tmp_path)])
    assert done.exit_code == 0, done.output
