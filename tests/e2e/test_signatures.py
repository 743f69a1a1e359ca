"""Who signed an image, by public keys: what cosign signs is admitted, everything else is denied in upstream's words."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.e2e import seed
from tests.e2e.rig import objects
from tests.e2e.rig.audit import Audit, report
from tests.e2e.rig.kubernetes import KubernetesClient
from tests.e2e.rig.policies import until
from tests.e2e.rig.provider import RealProvider
from tests.e2e.rig.sigstore import Sigstore
from tests.e2e.rig.world import World
from tests.e2e.signing import ABSENT, INVALID, Judge, by_key, refused

_FORMATS = {"legacy": Sigstore.sign_legacy_by_key, "bundle": Sigstore.sign_by_key}
# For so long the provider may still say that there is no signature.
_REMEMBERED_SECONDS = 2.0
_UNPINNED = "The image is named by a tag, which may mean another image tomorrow. "

Sign = Callable[..., None]


@pytest.fixture(params=sorted(_FORMATS))
def form(request: pytest.FixtureRequest) -> str:
    """Where signatures are kept."""
    return str(request.param)


@pytest.fixture
def sign(instance: Sigstore, form: str) -> Sign:
    """Signs an image in that form."""
    return lambda image, **more: _FORMATS[form](instance, image.pinned, **more)


@pytest.fixture(scope="session")
def other_key(instance: Sigstore) -> str:
    """A second pair of keys; its name is `other`."""
    return instance.new_key("other")


def test_signed_image_is_admitted_and_others_are_denied_in_upstreams_words(
    judge: Judge, instance: Sigstore, other_key: str, form: str, sign: Sign
) -> None:
    signed, unsigned, foreign = (judge.image(name) for name in ("signed", "unsigned", "foreign"))
    sign(signed)
    sign(foreign, key="other")
    name = judge.enforce(by_key(instance.key, signatureFormat=form))
    assert judge.verdict(signed.pinned).admitted
    absent = judge.refusal(unsigned.pinned)
    assert absent.startswith("SignatureAbsent: authority release does not vouch for this image. ")
    assert f"spec.containers[0].image {unsigned.pinned} (SignatureAbsent, ref " in absent
    assert f"failed policy: {name}: " + refused("key", "release", unsigned, ABSENT) in absent
    rejected = judge.refusal(foreign.pinned)
    assert rejected.startswith("SignatureRejected: ")
    assert refused("key", "release", foreign, INVALID) in rejected


def test_signature_in_the_other_form_is_none(judge: Judge, instance: Sigstore, form: str, sign: Sign) -> None:
    image = judge.image()
    sign(image)
    (other,) = _FORMATS.keys() - {form}
    judge.enforce(by_key(instance.key, signatureFormat=other))
    assert refused("key", "release", image, ABSENT) in judge.refusal(image.pinned)


def test_signatures_may_lie_in_a_repository_of_their_own(judge: Judge, instance: Sigstore) -> None:
    image, beside = judge.image(), judge.image("beside")
    place = f"{judge.registry.host}/signatures/{judge.team}"
    instance.sign_legacy_by_key(image.pinned, COSIGN_REPOSITORY=place)
    instance.sign_legacy_by_key(beside.pinned)
    judge.enforce(by_key(instance.key, source=[{"oci": place}]))
    assert judge.verdict(image.pinned).admitted
    assert refused("key", "release", beside, ABSENT) in judge.refusal(beside.pinned)


def test_one_of_several_authorities_is_enough(judge: Judge, instance: Sigstore, other_key: str) -> None:
    release, night, unsigned = (judge.image(name) for name in ("release", "night", "unsigned"))
    instance.sign_legacy_by_key(release.pinned)
    instance.sign_legacy_by_key(night.pinned, key="other")
    judge.enforce(by_key(instance.key), by_key(other_key, "nightly"))
    assert judge.verdict(release.pinned).admitted
    assert judge.verdict(night.pinned).admitted
    denial = judge.refusal(unsigned.pinned)
    assert refused("key", "release", unsigned, ABSENT) in denial
    assert refused("key", "nightly", unsigned, ABSENT) in denial


def test_every_policy_has_to_be_content(judge: Judge, instance: Sigstore, other_key: str) -> None:
    both, one = judge.image("both"), judge.image("one")
    for image in (both, one):
        instance.sign_legacy_by_key(image.pinned)
    instance.sign_legacy_by_key(both.pinned, key="other")
    judge.enforce(by_key(instance.key, "build"))
    judge.enforce(by_key(other_key, "review"))
    assert judge.verdict(both.pinned).admitted
    assert refused("key", "review", one, INVALID) in judge.refusal(one.pinned)
    unsigned = judge.image("unsigned")
    assert len(judge.verdict(unsigned.pinned).errors) == 2


def test_policy_in_warn_mode_warns_and_admits(judge: Judge, instance: Sigstore) -> None:
    signed, unsigned = judge.image("signed"), judge.image("unsigned")
    instance.sign_legacy_by_key(signed.pinned)
    judge.enforce(by_key(instance.key), mode="warn")
    assert judge.verdict(signed.pinned).warnings == ()
    verdict = judge.verdict(unsigned.pinned)
    (warning,) = verdict.warnings
    assert verdict.admitted
    assert refused("key", "release", unsigned, ABSENT) in warning


def test_denied_image_is_admitted_as_soon_as_it_is_signed(
    judge: Judge, client: KubernetesClient, instance: Sigstore, form: str, sign: Sign
) -> None:
    judge.enforce(by_key(instance.key, signatureFormat=form))
    image = judge.image()
    pod = objects.pod(judge.space, image.pinned)
    assert client.create(pod).status == 403
    sign(image)
    until(lambda: client.create(pod), lambda answer: answer.status == 201, "admission", _REMEMBERED_SECONDS)


def test_gatekeeper_asks_anew_each_time_what_had_no_signature(
    judge: Judge, client: KubernetesClient, trusting: RealProvider, instance: Sigstore
) -> None:
    judge.enforce(by_key(instance.key))
    pod = objects.pod(judge.space, judge.image().pinned)
    before = _absences(trusting)
    for _ in range(5):
        assert client.create(pod, dry_run=True).status == 403
    assert _absences(trusting) == before + 5


def test_provider_that_is_down_admits_nothing(
    judge: Judge, client: KubernetesClient, trusting: RealProvider, instance: Sigstore
) -> None:
    image = judge.image()
    instance.sign_legacy_by_key(image.pinned)
    judge.enforce(by_key(instance.key))
    pod = objects.pod(judge.space, image.pinned)
    try:
        trusting.stop()
        answer = client.create(pod, dry_run=True)
    finally:
        trusting.start()
    assert answer.status == 403
    assert "ProviderUnavailable: authority release does not vouch for this image." in answer.message
    assert client.create(pod).status == 201


def test_key_and_age_are_asked_for_by_one_policy(judge: Judge, instance: Sigstore) -> None:
    young, old, unsigned = judge.image("young"), judge.image("old", days=31), judge.image("unsigned")
    for image in (young, old):
        instance.sign_legacy_by_key(image.pinned)
    judge.enforce(by_key(instance.key), rule=seed.rule())
    assert judge.verdict(young.pinned).admitted
    assert seed.SENTENCE in judge.refusal(old.pinned)
    denial = judge.refusal(unsigned.pinned)
    assert refused("key", "release", unsigned, ABSENT) in denial
    assert seed.OWN_SENTENCE not in denial


@pytest.mark.parametrize("kind", ["Deployment", "CronJob"])
def test_workload_is_judged_without_a_digest(
    judge: Judge, client: KubernetesClient, instance: Sigstore, kind: str
) -> None:
    signed, unsigned = judge.image("signed"), judge.image("unsigned")
    instance.sign_legacy_by_key(signed.pinned)
    judge.enforce(by_key(instance.key))
    assert client.create(objects.workload(kind, judge.space, signed.reference)).status == 201
    answer = client.create(objects.workload(kind, judge.space, unsigned.reference))
    assert answer.status == 403
    assert f"{objects.WORKLOAD_FIELDS[kind]} {unsigned.reference} (SignatureAbsent, ref " in answer.message
    assert "signature key validation failed" in answer.message


def test_new_pod_has_to_name_a_digest(judge: Judge, client: KubernetesClient, instance: Sigstore) -> None:
    """`check` takes it: it judges as where the chart's mutation has named the digest."""
    image = judge.image()
    instance.sign_legacy_by_key(image.pinned)
    name = judge.enforce(by_key(instance.key))
    pod = objects.pod(judge.space, image.reference)
    answer = client.create(pod)
    assert answer.status == 403
    assert f"[{name}] {_UNPINNED}spec.containers[0].image {image.reference} " in answer.message
    assert "(DigestMissing). Add its digest" in answer.message
    assert answer.message.endswith("must be an image digest")
    assert judge.check(pod).admitted


def test_ephemeral_container_without_a_digest_is_warned_of(
    judge: Judge, client: KubernetesClient, instance: Sigstore
) -> None:
    """`kubectl debug --image` names tags."""
    image, unsigned = judge.image(), judge.image("unsigned")
    instance.sign_legacy_by_key(image.pinned)
    judge.enforce(by_key(instance.key))
    pod = objects.pod(judge.space, image.pinned)
    client.create(pod).expect_ok()
    added = client.patch(pod, _debugger(image.reference), "ephemeralcontainers")
    assert added.status == 200
    (warning,) = added.warnings
    assert _UNPINNED in warning
    assert client.patch(pod, _debugger(unsigned.reference, "second"), "ephemeralcontainers").status == 403


def test_audit_finds_the_running_pod_that_nobody_signed(
    world: World, judge: Judge, client: KubernetesClient, instance: Sigstore
) -> None:
    signed, moved = judge.image("signed"), judge.image("moved")
    space = world.namespace(labels={})
    signed_pod, unsigned_pod = (objects.pod(space, image.reference) for image in (signed, moved))
    for pod, image in ((signed_pod, signed), (unsigned_pod, moved)):
        client.create(pod).expect_ok()
        report(client, pod, image.pinned)
    instance.sign_legacy_by_key(signed.pinned)
    # Its tag means a signed image now; what runs is still the other.
    instance.sign_legacy_by_key(judge.image("moved", days=2).pinned)
    judge.enforce(by_key(instance.key))
    audit = Audit(client, judge.documents)
    world.label(space, objects.INCLUDE)
    violation = audit.violation(unsigned_pod)
    assert violation["message"].startswith("SignatureAbsent: authority release does not vouch for this image. ")
    assert moved.reference in violation["message"]
    assert audit.violations(signed_pod) == []


def _absences(provider: RealProvider) -> float:
    counter = r'^bestbefore_keys_total\{endpoint="validate",[^}]*reason="SignatureAbsent"\} (\S+)$'
    return sum(float(count) for count in re.findall(counter, provider.metrics(), re.MULTILINE))


def _debugger(image: str, name: str = "debugger") -> dict[str, object]:
    return {"spec": {"ephemeralContainers": [{"name": name, "image": image}]}}
