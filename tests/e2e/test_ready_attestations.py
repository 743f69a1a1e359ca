"""The ready policies about attestations, by what cosign attests: of each what it admits and what it denies."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from gatekeeper.own.attesting_rule import AttestingRule, RequiredAttestation, StatementAge, StatementValue
from gatekeeper.own.signed_images import SignedImages
from gatekeeper.own.signer import Signer
from provider.questions.proof_question import Key, Verify
from tests.e2e.rig import objects
from tests.e2e.rig.kubernetes import KubernetesClient
from tests.e2e.rig.policies import until
from tests.e2e.rig.registry import PushedImage
from tests.e2e.rig.sigstore import Sigstore
from tests.e2e.signing import Judge

_POLICIES: Final = Path(__file__).parents[2] / "policies"

Predicate = dict[str, Any]


def enforce(judge: Judge, instance: Sigstore, folder: str, name: str = "") -> str:
    """Put the rules of a ready policy into force about the judge's images, by the instance's key."""
    documents = yaml.safe_load_all((_POLICIES / folder / "cip.yaml").read_text())
    (spec,) = (each["spec"] for each in documents if each["metadata"]["name"] == (name or folder))
    authorities = copy.deepcopy(spec["authorities"])
    for authority in authorities:
        authority["key"]["data"] = instance.key
    return judge.enforce(*authorities, rule=spec.get("policy"))


def days_ago(days: float) -> str:
    """A time as attestations write it, with the nine digits that Go's do."""
    return f"{dt.datetime.now(dt.UTC) - dt.timedelta(days=days):%Y-%m-%dT%H:%M:%S}.123456789Z"


def scan(days: float, result: Predicate) -> Predicate:
    """The predicate of a scan that was finished so many days ago."""
    return {
        "invocation": {"parameters": None, "uri": "", "event_id": "", "builder.id": ""},
        "scanner": {"uri": "pkg:scanner", "version": "1", "db": {"uri": "", "version": ""}, "result": result},
        "metadata": {"scanStartedOn": days_ago(days), "scanFinishedOn": days_ago(days)},
    }


def trivy(*severities: str) -> Predicate:
    """A report by Trivy on an image, with findings of these severities."""
    found = [{"VulnerabilityID": f"CVE-{place}", "Severity": severity} for place, severity in enumerate(severities)]
    packages = {"Target": "app (alpine 3.21)", "Class": "os-pkgs", "Type": "alpine"}
    return {
        "SchemaVersion": 2,
        "ArtifactName": "app",
        "ArtifactType": "container_image",
        "Results": [{**packages, "Vulnerabilities": found} if found else packages],
    }


def grype(*severities: str) -> Predicate:
    """The same by Grype."""
    found = [{"id": f"CVE-{place}", "severity": severity} for place, severity in enumerate(severities)]
    return {
        "matches": [{"vulnerability": each, "artifact": {"name": "musl"}} for each in found],
        "descriptor": {"name": "grype", "version": "0.87.0"},
    }


SARIF: Final = {"version": "2.1.0", "runs": [{"results": []}]}


@pytest.mark.parametrize("form", [trivy, grype], ids=["trivy", "grype"])
def test_recent_scan_without_criticals_is_admitted_and_a_critical_or_an_old_one_denied(
    judge: Judge, instance: Sigstore, form: Any
) -> None:
    clean, high, critical, old = (judge.image(name) for name in ("clean", "high", "critical", "old"))
    instance.attest_legacy_by_key(clean.pinned, "vuln", scan(1, form()))
    instance.attest_legacy_by_key(high.pinned, "vuln", scan(6.9, form("HIGH", "low")))
    instance.attest_legacy_by_key(critical.pinned, "vuln", scan(1, form("HIGH", "Critical")))
    instance.attest_legacy_by_key(old.pinned, "vuln", scan(7.1, form()))
    enforce(judge, instance, "vulnerability-scan")
    assert judge.verdict(clean.pinned).admitted
    assert judge.verdict(high.pinned).admitted
    assert judge.refusal(critical.pinned).startswith("The scan does not do: 1 critical (CVE-1). spec.containers[0].")
    assert judge.refusal(old.pinned).startswith("The scan does not do: it was finished more than 7 days ago. spec.")


def test_scan_by_a_stranger_by_an_unknown_scanner_or_none_at_all_is_denied(judge: Judge, instance: Sigstore) -> None:
    instance.new_key("stranger")
    foreign, unknown, none = (judge.image(name) for name in ("foreign", "unknown", "none"))
    instance.attest_legacy_by_key(foreign.pinned, "vuln", scan(1, trivy()), key="stranger")
    instance.attest_legacy_by_key(unknown.pinned, "vuln", scan(1, SARIF))
    enforce(judge, instance, "vulnerability-scan")
    assert "(AttestationRejected, ref " in judge.refusal(foreign.pinned)
    said = judge.refusal(unknown.pinned)
    assert said.startswith("The scan does not do: neither Trivy nor Grype made it of an image's packages. ")
    assert "(AttestationAbsent, ref " in judge.refusal(none.pinned)


@pytest.mark.parametrize(
    ("kind", "document", "other"),
    [
        ("spdxjson", {"spdxVersion": "SPDX-2.3", "name": "app", "packages": []}, {"packages": []}),
        ("cyclonedx", {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}, {"components": []}),
    ],
    ids=["spdx", "cyclonedx"],
)
def test_image_with_a_signed_sbom_is_admitted_and_one_with_another_document_or_none_denied(
    judge: Judge, instance: Sigstore, kind: str, document: Predicate, other: Predicate
) -> None:
    listed, unlike, signed = (judge.image(name) for name in ("listed", "unlike", "signed"))
    instance.attest_legacy_by_key(listed.pinned, kind, document)
    instance.attest_legacy_by_key(unlike.pinned, kind, other)
    instance.sign_legacy_by_key(signed.pinned)
    enforce(judge, instance, "sbom")
    assert judge.verdict(listed.pinned).admitted
    form = {"spdxjson": "SPDX", "cyclonedx": "CycloneDX"}[kind]
    assert any(f"The attested document is no {form} in JSON." in each for each in judge.verdict(unlike.pinned).errors)
    assert any("(AttestationAbsent, ref " in each for each in judge.verdict(signed.pinned).errors)


BUILDKIT: Final = "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md"
OURS: Final = "https://ci.example.com/builders/large"
SOURCE: Final = "https://git.example.com/shop/web.git#refs/tags/v1.4"


def provenance(builder: str = OURS, source: str = SOURCE, *dependencies: Predicate) -> Predicate:
    """SLSA provenance of version 1, as BuildKit writes it."""
    definition = {"buildType": BUILDKIT, "externalParameters": {"configSource": {"uri": source}}}
    return {
        "buildDefinition": {**definition, "resolvedDependencies": list(dependencies)},
        "runDetails": {"builder": {"id": builder}, "metadata": {"finishedOn": days_ago(1)}},
    }


def provenance_v0_2(builder: str = OURS, source: str = SOURCE, *materials: Predicate) -> Predicate:
    """The same of version 0.2."""
    return {
        "builder": {"id": builder},
        "buildType": "https://mobyproject.org/buildkit@v1",
        "invocation": {"configSource": {"uri": source}},
        "materials": list(materials),
    }


_FORMS: Final = [("slsaprovenance1", provenance), ("slsaprovenance02", provenance_v0_2)]


@pytest.mark.parametrize(("kind", "form"), _FORMS, ids=["v1", "v0.2"])
def test_our_builder_and_source_are_admitted_and_another_of_either_is_denied(
    judge: Judge, instance: Sigstore, kind: str, form: Callable[..., Predicate]
) -> None:
    good, laptop, fork, none = (judge.image(name) for name in ("good", "laptop", "fork", "none"))
    ours = {"uri": SOURCE, "digest": {"sha1": "4b220de5058abfd01ff619c9d2ff6b09a049bea0"}}
    instance.attest_legacy_by_key(good.pinned, kind, form(OURS, SOURCE, ours))
    instance.attest_legacy_by_key(laptop.pinned, kind, form("https://laptop.example.com/me", SOURCE, ours))
    instance.attest_legacy_by_key(fork.pinned, kind, form(OURS, "https://git.example.com/eve/web", ours))
    enforce(judge, instance, "slsa-provenance", "slsa-provenance-shop")
    assert judge.verdict(good.pinned).admitted
    builder = "The provenance does not do: builder https://laptop.example.com/me is none of ours."
    assert any(builder in each for each in judge.verdict(laptop.pinned).errors)
    source = "The provenance does not do: source https://git.example.com/eve/web is none of ours."
    assert any(source in each for each in judge.verdict(fork.pinned).errors)
    assert any("(AttestationAbsent, ref " in each for each in judge.verdict(none.pinned).errors)


@pytest.mark.parametrize(("kind", "form"), _FORMS, ids=["v1", "v0.2"])
def test_recent_base_is_admitted_and_an_old_an_undated_or_a_foreign_one_denied(
    judge: Judge, instance: Sigstore, kind: str, form: Callable[..., Predicate]
) -> None:
    base = {"uri": "pkg:docker/registry.example.com/base/alpine@3.21", "digest": {"sha256": "5f70bf18" * 8}}
    foreign = {"uri": "pkg:docker/eve/alpine@3.21", "digest": {"sha256": "5f70bf18" * 8}}

    def image(name: str, *history: str | None, of: Predicate = base) -> PushedImage:
        pushed = judge.registry.push(f"{judge.team}/{name}", days_ago(1), history=history)
        instance.attest_legacy_by_key(pushed.pinned, kind, form(OURS, SOURCE, of))
        return pushed

    recent = image("recent", days_ago(59), days_ago(1))
    old = image("old", days_ago(61), days_ago(1))
    undated = image("undated", None, days_ago(1))
    elsewhere = image("elsewhere", days_ago(1), of=foreign)
    unattested = judge.registry.push(f"{judge.team}/unattested", days_ago(1), history=[days_ago(1)])
    enforce(judge, instance, "base-image-age")
    assert judge.verdict(recent.pinned).admitted
    layer = "A layer is older than 60 days, or has no date (linux/amd64): rebuild it on a newer base image."
    assert judge.refusal(old.pinned).startswith(layer)
    assert judge.refusal(undated.pinned).startswith(layer)
    named = "it names no base image; pkg:docker/eve/alpine@3.21 is none of our base images, or has no digest."
    assert any(f"The provenance does not do: {named}" in each for each in judge.verdict(elsewhere.pinned).errors)
    assert any("(AttestationAbsent, ref " in each for each in judge.verdict(unattested.pinned).errors)


def require(judge: Judge, *wanted: RequiredAttestation) -> None:
    """Put SignedImages into force that requires attestations of the judge's images."""
    rules = (AttestingRule((judge.glob,), wanted),)
    control = objects.pod(judge.space, judge.image("control").pinned)
    made = SignedImages(rules, unmatched="allow", digest="off").constraints()
    judge.policies.enforce([SignedImages.KIND.template(), *made], control)


def scanned(instance: Sigstore) -> RequiredAttestation:
    """A scan of the last seven days, by the instance's key."""
    signer = Signer("scanner", Verify(key=Key(instance.key)))
    age = StatementAge(("predicate", "metadata", "scanFinishedOn"), "7d")
    return RequiredAttestation("scan", "https://cosign.sigstore.dev/attestation/vuln/v1", (signer,), age=age)


def built(instance: Sigstore, builder: str) -> RequiredAttestation:
    """A provenance of a builder, by the instance's key."""
    value = StatementValue(("predicate", "runDetails", "builder", "id"), (builder,))
    signer = Signer("builder", Verify(key=Key(instance.key)))
    return RequiredAttestation("build", "https://slsa.dev/provenance/v1", (signer,), values=(value,))


def said(client: KubernetesClient, judge: Judge, image: PushedImage) -> str:
    """What denies a Pod with the image; nothing where it is admitted."""
    answer = client.create(objects.pod(judge.space, image.pinned), dry_run=True)
    return "" if answer.ok else answer.message


def test_signed_images_requires_attestations_and_bounds_them(
    client: KubernetesClient, judge: Judge, instance: Sigstore
) -> None:
    good, old, elsewhere, half, none, signed = (
        judge.image(name) for name in ("good", "old", "elsewhere", "half", "none", "signed")
    )
    ours, theirs = (
        {"buildDefinition": {}, "runDetails": {"builder": {"id": f"https://{host}/builder/v1"}}}
        for host in ("ci.example.test", "laptop.example.test")
    )
    for image, days, provenance in ((good, 1, ours), (old, 8, ours), (elsewhere, 1, theirs)):
        instance.attest_legacy_by_key(image.pinned, "vuln", scan(days, trivy()))
        instance.attest_legacy_by_key(image.pinned, "https://slsa.dev/provenance/v1", provenance)
    instance.attest_legacy_by_key(half.pinned, "vuln", scan(1, trivy()))
    instance.sign_legacy_by_key(signed.pinned)
    require(judge, scanned(instance), built(instance, "https://ci.example.test/**"))
    assert said(client, judge, good) == ""
    denial = said(client, judge, old)
    sentence = "Image has no good attestation scan by scanner (AttestationRejected); 1 of 1 signers needed."
    assert f"[signed-images] {sentence} spec.containers[0].image {old.pinned} (AttestationRejected, ref " in denial
    kind = "scan is of type https://cosign.sigstore.dev/attestation/vuln/v1"
    fault = "scanner: predicate.metadata.scanFinishedOn is 8 days ago, and at most 7d are allowed"
    assert f"Note: {kind}; {fault}." in denial
    shown = "predicate.runDetails.builder.id is https://laptop.example.test/builder/v1, and no glob fits it"
    assert shown in said(client, judge, elsewhere)
    assert "has no good attestation build by builder (AttestationAbsent)" in said(client, judge, half)
    assert "has no good attestation scan by scanner (AttestationAbsent)" in said(client, judge, none)
    assert "(AttestationAbsent)" in said(client, judge, signed)


def test_definition_of_an_earlier_release_refuses_a_rule_about_attestations(
    client: KubernetesClient, judge: Judge, instance: Sigstore
) -> None:
    # A copy: others of this process need the schema as it is.
    earlier = copy.deepcopy(SignedImages.KIND.template())
    schema = earlier["spec"]["crd"]["spec"]["validation"]["openAPIV3Schema"]
    rule = schema["properties"]["rules"]["items"]
    del rule["oneOf"], rule["properties"]["attestations"]
    rule["required"] = ["images", "signers"]
    judge.policies.install([earlier])
    made, _ = SignedImages((AttestingRule((judge.glob,), (scanned(instance),)),)).constraints()
    # Not by server-side apply, which refuses every field that it does not know: this way it is left out without a word.
    answer = until(lambda: client.create(made, dry_run=True), lambda found: found.status == 422, "earlier schema")
    assert "spec.parameters.rules[0].signers: Required value" in answer.message
