"""What is attested of an image, by keys and certificates: all but what cosign attests is denied in upstream's words."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.e2e.rig.registry import PushedImage
from tests.e2e.rig.sigstore import ANN, Sigstore
from tests.e2e.signing import Authority, Judge, by_key, keyless

RECENT = """package sigstore

isCompliant[r] {
	age := time.now_ns() - time.parse_rfc3339_ns(input.predicate.metadata.scanFinishedOn)
	r := {"result": age < 7 * 24 * 3600 * 1000000000, "error": "the scan is older than a week"}
}
"""
MILD = """package sigstore

isCompliant { count([m | m := input.predicate.scanner.result.matches[_]; m.severity == "CRITICAL"]) == 0 }
"""
REVIEW = "https://example.test/review/v1"
NOT_COMPLIANT = "policy is not compliant for query 'isCompliant = data.sigstore.isCompliant'"


def scan(days: float = 1, *severities: str) -> dict[str, Any]:
    """The predicate of a scan that was finished so many days ago."""
    finished = f"{dt.datetime.now(dt.UTC) - dt.timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
    matches = [{"id": f"CVE-{number}", "severity": severity} for number, severity in enumerate(severities)]
    return {
        "invocation": {"parameters": None, "uri": "https://ci.example.test", "event_id": "1", "builder.id": "b"},
        "scanner": {
            "uri": "pkg:scanner",
            "version": "1",
            "db": {"uri": "", "version": ""},
            "result": {"matches": matches},
        },
        "metadata": {"scanStartedOn": finished, "scanFinishedOn": finished},
    }


def entry(name: str = "scanned", kind: str = "vuln", rule: str = "") -> dict[str, Any]:
    """An entry of `attestations`."""
    return {"name": name, "predicateType": kind, **({"policy": {"type": "rego", "data": rule}} if rule else {})}


@pytest.fixture(scope="session")
def other_key(instance: Sigstore) -> str:
    """A second pair of keys; its name is `attester`."""
    return instance.new_key("attester")


def wants(instance: Sigstore, *entries: dict[str, Any], **more: Any) -> Authority:
    """An authority that wants attestations by the instance's key."""
    return by_key(instance.key, attestations=list(entries), **more)


def unproved(image: PushedImage, why: str = "") -> str:
    """What policy-controller says where nothing is proved."""
    head = f"attestation key validation failed for authority release for {image.pinned}"
    return f"{head}: no matching attestations: {why}".rstrip()


def test_fresh_scan_is_admitted_and_others_are_denied_in_upstreams_words(
    judge: Judge, instance: Sigstore, other_key: str
) -> None:
    fresh, old, foreign, none = (judge.image(name) for name in ("fresh", "old", "foreign", "none"))
    instance.attest_legacy_by_key(fresh.pinned, "vuln", scan())
    instance.attest_legacy_by_key(old.pinned, "vuln", scan(30))
    instance.attest_legacy_by_key(foreign.pinned, "vuln", scan(), key="attester")
    name = judge.enforce(wants(instance, entry(rule=RECENT)))
    assert judge.verdict(fresh.pinned).admitted
    denial = judge.refusal(old.pinned)
    assert denial.startswith("the scan is older than a week. spec.containers[0].image ")
    line = f"failed policy: {name}: failed evaluating rego policy for type scanned: {NOT_COMPLIANT}"
    assert f"{line} with errors: the scan is older than a week" in denial
    assert "(AttestationRejected, ref " in denial
    why = "accepted signatures do not match threshold, Found: 0, Expected 1"
    assert unproved(foreign, why) in judge.refusal(foreign.pinned)
    absent = judge.refusal(none.pinned)
    assert absent.startswith("AttestationAbsent: authority release does not vouch for this image. ")
    assert unproved(none) in absent


def test_one_fresh_scan_beside_an_old_one_is_enough(judge: Judge, instance: Sigstore) -> None:
    image = judge.image()
    judge.enforce(wants(instance, entry(rule=RECENT)))
    instance.attest_legacy_by_key(image.pinned, "vuln", scan(30))
    instance.attest_legacy_by_key(image.pinned, "vuln", scan())
    assert judge.verdict(image.pinned).admitted


def test_every_entry_has_to_be_satisfied(judge: Judge, instance: Sigstore) -> None:
    both, critical, unseen = (judge.image(name) for name in ("both", "critical", "unseen"))
    instance.attest_legacy_by_key(both.pinned, "vuln", scan(1, "LOW"))
    instance.attest_legacy_by_key(both.pinned, REVIEW, {"approved": True})
    instance.attest_legacy_by_key(critical.pinned, "vuln", scan(1, "LOW", "CRITICAL"))
    instance.attest_legacy_by_key(unseen.pinned, "vuln", scan(1))
    judge.enforce(wants(instance, entry("recent", rule=RECENT), entry("mild", rule=MILD), entry("reviewed", REVIEW)))
    assert judge.verdict(both.pinned).admitted
    assert f"rego policy for type mild: {NOT_COMPLIANT}" in judge.refusal(critical.pinned)
    types = '"https://cosign.sigstore.dev/attestation/vuln/v1"'
    sentence = f"no matching attestations with type {REVIEW}, checked the following predicateTypes: {types}"
    assert sentence in judge.refusal(unseen.pinned)


def test_signature_is_none_and_one_authority_of_several_is_enough(judge: Judge, instance: Sigstore) -> None:
    signed, attested = judge.image("signed"), judge.image("attested")
    instance.sign_legacy_by_key(signed.pinned)
    instance.attest_legacy_by_key(attested.pinned, REVIEW, {"approved": True})
    judge.enforce(wants(instance, entry(kind=REVIEW)))
    assert unproved(signed) in judge.refusal(signed.pinned)
    assert judge.verdict(attested.pinned).admitted
    judge.team = f"{judge.team}-either"
    either, neither = judge.image("either"), judge.image("neither")
    instance.sign_legacy_by_key(either.pinned)
    judge.enforce(wants(instance, entry(kind=REVIEW)), by_key(instance.key, "signed"))
    assert judge.verdict(either.pinned).admitted
    assert unproved(neither) in judge.refusal(neither.pinned)


def test_rule_of_the_policy_sees_the_attestations_that_matched(judge: Judge, instance: Sigstore) -> None:
    image = judge.image()
    instance.attest_legacy_by_key(image.pinned, "vuln", scan())
    seen = 'm := input.authorityMatches.release.attestations.scanned[_]; m.predicateType == "vuln"; m.digest'
    rule = {"type": "rego", "data": f"package sigstore\nisCompliant {{ {seen} }}\n"}
    judge.enforce(wants(instance, entry(rule=RECENT)), rule=rule)
    assert judge.verdict(image.pinned).admitted


def test_bundle_by_a_certificate_is_admitted_and_by_somebody_else_denied(judge: Judge, instance: Sigstore) -> None:
    ann, bob, none = (judge.image(name) for name in ("ann", "bob", "none"))
    instance.attest(ann.pinned)
    instance.attest(bob.pinned, email="bob@example.test")
    approved = "package sigstore\nisCompliant { input.predicate.approved == true }\n"
    identity = {"subject": ANN, "issuer": instance.issuer.url}
    wanted = [entry("reviewed", REVIEW, approved)]
    judge.enforce(keyless("own", identity=identity, signatureFormat="bundle", attestations=wanted))
    assert judge.verdict(ann.pinned).admitted
    denial = judge.refusal(bob.pinned)
    assert denial.startswith("IdentityMismatch: authority release does not vouch for this image. ")
    head = f"attestation keyless validation failed for authority release for {bob.pinned}: no matching attestations: "
    assert f"{head}none of the expected identities matched what was in the certificate, got subjects [bob@" in denial
    assert "(AttestationAbsent, ref " in judge.refusal(none.pinned)


def test_what_a_stranger_attests_reaches_no_rule_and_hides_nothing(judge: Judge, instance: Sigstore) -> None:
    beside, alone = judge.image("beside"), judge.image("alone")
    both = {"approved": True, "withdrawn": True}
    for predicate in (both, {"approved": True, "more": "x" * 300_000}):
        instance.attest(beside.pinned, email="eve@example.test", predicate=predicate)
    instance.attest(beside.pinned)
    instance.attest(alone.pinned, email="eve@example.test", predicate=both)
    rule = """package sigstore
state = "good" { input.predicate.approved }
state = "bad" { input.predicate.withdrawn }
isCompliant { state == "good"; count(input.predicate) > 0 }
"""
    identity = {"subject": ANN, "issuer": instance.issuer.url}
    wanted = [entry("reviewed", REVIEW, rule)]
    judge.enforce(keyless("own", identity=identity, signatureFormat="bundle", attestations=wanted))
    assert judge.verdict(beside.pinned).admitted
    assert judge.refusal(alone.pinned).startswith("IdentityMismatch: ")


@pytest.mark.parametrize("logged", [True, False], ids=["logged", "stamped"])
def test_legacy_attestation_by_a_certificate_is_admitted_and_by_somebody_else_denied(
    judge: Judge, instance: Sigstore, logged: bool
) -> None:
    ann, bob = judge.image("ann"), judge.image("bob")
    instance.attest_legacy(ann.pinned, "vuln", scan(), logged=logged)
    instance.attest_legacy(bob.pinned, "vuln", scan(), "bob@example.test", logged=logged)
    identity = {"subject": ANN, "issuer": instance.issuer.url}
    more: dict[str, Any] = {
        "attestations": [entry(rule=RECENT)],
        "ctlog" if logged else "rfc3161timestamp": {"trustRootRef": "own"},
    }
    judge.enforce(keyless("own", identity=identity, **more))
    assert judge.verdict(ann.pinned).admitted
    assert judge.refusal(bob.pinned).startswith("IdentityMismatch: authority release does not vouch for this image. ")


def test_bundle_by_a_key_is_admitted_and_a_signature_in_one_is_not(judge: Judge, instance: Sigstore) -> None:
    attested, signed = judge.image("attested"), judge.image("signed")
    instance.attest_by_key(attested.pinned, "vuln", scan())
    instance.sign_by_key(signed.pinned)
    judge.enforce(wants(instance, entry(rule=RECENT), signatureFormat="bundle"))
    assert judge.verdict(attested.pinned).admitted
    assert unproved(signed) in judge.refusal(signed.pinned)


def test_policy_in_warn_mode_warns_of_what_is_not_attested(judge: Judge, instance: Sigstore) -> None:
    image = judge.image("bare")
    judge.enforce(wants(instance, entry(rule=RECENT)), mode="warn")
    verdict = judge.verdict(image.pinned)
    assert verdict.admitted
    assert unproved(image) in verdict.warnings[0]
