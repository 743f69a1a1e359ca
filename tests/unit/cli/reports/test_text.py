"""What a person reads: each thing once, under its own name."""

from __future__ import annotations

import pytest

from gatekeeper.cli.reports import text
from gatekeeper.evaluation.check_result import CheckResult, Judgement
from gatekeeper.evaluation.evaluator import Violation
from gatekeeper.evaluation.finding import Finding
from gatekeeper.evaluation.review import Review

POD = Review({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}})


def finding(action: str, said: str, policy: str = "age") -> Finding:
    details = {"reason": said, "said": said, "path": "spec.containers[0].image", "image": "app:1"}
    return Finding(policy, action, POD, Violation(said, details))


def shown(capsys: pytest.CaptureFixture[str], *findings: Finding) -> list[str]:
    judgement = Judgement(findings[0].policy, POD, frozenset({"app:1"}), findings)
    text.verdict(CheckResult((judgement,)))
    return capsys.readouterr().out.splitlines()


def test_warning_of_a_twin_that_repeats_the_denial_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, finding("deny", "Undated"), finding("warn", "Undated"), finding("warn", "Soon"))
    assert [line for line in lines if line.startswith(("denied Pod", "warning"))] == [
        "denied Pod web by age: Undated",
        "warning Pod web by age: Soon",
    ]


def test_object_of_a_dryrun_is_not_said_to_be_warned(capsys: pytest.CaptureFixture[str]) -> None:
    assert "1 object: 1 allowed" in shown(capsys, finding("dryrun", "Undated"))
    assert "1 object: 1 warned" in shown(capsys, finding("warn", "Undated"))


def test_denial_that_is_of_no_policy_names_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert "denied Pod web: No policy covers it" in shown(capsys, finding("deny", "No policy covers it", ""))


def test_what_a_denial_notes_is_said_for_it_tells_why(capsys: pytest.CaptureFixture[str]) -> None:
    said = "Image has no good attestation scan by scanner"
    old = "scanner: predicate.at is 29 days ago, and at most 7d are allowed"
    details = {
        "reason": "AttestationRejected",
        "said": said,
        "path": "p",
        "image": "app:1",
        "remedy": "Attach another.",
    }
    msg = (
        f"{said}. p app:1 (AttestationRejected, ref 0). Note: {old}. Attach another. attestation scan by scanner: {old}"
    )
    lines = shown(capsys, Finding("scans", "deny", POD, Violation(msg, details)))
    assert [line for line in lines if line.startswith("  note")] == [f"  note: {old}"]
    plain = msg.replace(f" Note: {old}.", "")
    assert not any(
        line.startswith("  note") for line in shown(capsys, Finding("scans", "deny", POD, Violation(plain, details)))
    )


def test_image_is_attested_by_who_attests_and_signed_by_who_signs(capsys: pytest.CaptureFixture[str]) -> None:
    proofs = [{"attestation": {}}, {}, {"subjects": ["ann"], "issuer": "x", "attestation": {}}]
    text.facts(CheckResult((), {"app:1": {"signatures": [{"proofs": proofs}]}}), 0)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  attested by the policy's key",
        "  signed by the policy's key",
        "  attested by ann (issuer x)",
    ]
