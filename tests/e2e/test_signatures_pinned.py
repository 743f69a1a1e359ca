"""Signatures where the chart's mutation objects name the digest that a tag means."""

from __future__ import annotations

import pytest

from tests.e2e.rig import objects
from tests.e2e.rig.kubernetes import KubernetesClient
from tests.e2e.rig.policies import until
from tests.e2e.rig.sigstore import Sigstore
from tests.e2e.signing import ABSENT, Judge, by_key, refused

pytestmark = pytest.mark.usefixtures("pinning")


def test_signed_image_named_by_its_tag_is_pinned_and_admitted(
    judge: Judge, client: KubernetesClient, instance: Sigstore
) -> None:
    image = judge.image()
    instance.sign_legacy_by_key(image.pinned)
    judge.enforce(by_key(instance.key))
    pod = objects.pod(judge.space, image.reference)
    until(lambda: client.create(pod, dry_run=True), lambda said: said.ok, "pinned image")
    assert judge.verdict(image.reference).admitted
    stored = client.create(objects.pod(judge.space, image.reference)).expect_ok()
    assert stored["spec"]["containers"][0]["image"] == f"{image.reference}@{image.digest}"


def test_unsigned_image_named_by_its_tag_is_denied_by_its_digest(
    judge: Judge, client: KubernetesClient, instance: Sigstore
) -> None:
    image = judge.image()
    judge.enforce(by_key(instance.key))
    pod = objects.pod(judge.space, image.reference)
    # One that the provider cannot look up in time is not pinned, and denied for that.
    until(lambda: client.create(pod, dry_run=True), lambda said: "DigestMissing" not in said.message, "pinned image")
    answer = client.create(pod)
    assert answer.status == 403
    assert refused("key", "release", image, ABSENT) in answer.message
    assert "DigestMissing" not in answer.message
    assert not judge.check(pod).admitted
