"""MaximumImageAge by what is proved, on the real Gatekeeper: what cosign attests, and what a log had long ago."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from gatekeeper.own.cooldown import Cooldown
from gatekeeper.own.maximum_image_age import MaximumImageAge
from gatekeeper.own.proven_time import LogSource, ProvenanceSource
from gatekeeper.own.signer import Signer
from gatekeeper.policy.model import Identity
from provider.questions.proof_question import Format, Key, Keyless, LogName, TrustRootName, Verify
from tests.e2e.rig import objects, verdicts
from tests.e2e.rig.policies import Policies
from tests.e2e.rig.provider import RealProvider
from tests.e2e.rig.registry import PushedImage, days_ago
from tests.e2e.rig.sigstore import ANN, Sigstore
from tests.e2e.rig.verdicts import Verdict
from tests.e2e.rig.world import World

EPOCH: Final = "1970-01-01T00:00:00Z"
BUILDER: Final = "https://builder.example.com/release@v1"
DAY: Final = 24 * 60 * 60
OWN: Final = TrustRootName("own")


def policies_of(host: str, instance: Sigstore) -> list[MaximumImageAge]:
    """One for each folder of the registry: `by-provenance`, `by-log`, `cooled`."""
    identity = Identity(issuer=instance.issuer.url, subject=ANN)
    builder = Signer("builder", Verify(keyless=Keyless(OWN), format=Format.BUNDLE), (identity,))
    logged = LogSource((Signer("release", Verify(key=Key(instance.key), log=LogName(trust_root=OWN))),))
    provenance = ProvenanceSource((builder,), ("https://builder.example.com/*",))
    return [
        MaximumImageAge(
            images=(f"{host}/by-provenance/**",), dates=("provenance",), provenance=provenance, name="by-provenance"
        ),
        MaximumImageAge(images=(f"{host}/by-log/**",), dates=("config", "log"), log=logged, name="by-log"),
        MaximumImageAge("", images=(f"{host}/cooled/**",), cooldown=Cooldown("7d", "log"), log=logged, name="cooled"),
    ]


@dataclass
class Cluster:
    """The policies in force, and what says something about an image."""

    world: World
    instance: Sigstore
    trusting: RealProvider
    folder: Path
    space: str

    def image(self, folder: str, created: str) -> PushedImage:
        return self.world.registry.push(f"{folder}/{objects.unique('image')}", created)

    def attest(self, image: PushedImage, days: float, builder: str = BUILDER, **more: Any) -> None:
        """Attest, as cosign does, a provenance of a build that began so many days ago."""
        metadata = {"startedOn": moment(days), "finishedOn": moment(days - 0.01)}
        predicate = {
            "buildDefinition": {"buildType": "https://example.test/build/v1", "externalParameters": {}},
            "runDetails": {"builder": {"id": builder}, "metadata": metadata},
        }
        words = ("--type", "slsaprovenance1")
        self.instance.attest(image.pinned, *words, predicate=predicate, **more)

    def sign(self, image: PushedImage, days: float) -> None:
        """Sign by the key, in the log, as its clock was so many days ago."""
        self.instance.rekor_v1.clock = lambda: time.time() - days * DAY
        self.instance.sign_logged_by_key(image.pinned)

    def verdict(self, image: PushedImage) -> Verdict:
        """What both the cluster and `check` say of a new Pod; they never differ."""
        pod = objects.pod(self.space, image.pinned)
        found = verdicts.of_cluster(self.world.client.create(pod, dry_run=True))
        path = self.folder / "constraints.yaml"
        made = [
            each
            for policy in policies_of(self.world.registry.host, self.instance)
            for each in policy.constraints()
            if f"/{policy.name}/" in image.pinned
        ]
        path.write_text(yaml.safe_dump_all(made))
        assert verdicts.of_check([path], pod, self.folder, self.trusting.trust_roots) == found
        return found

    def refusal(self, image: PushedImage) -> str:
        (sentence,) = self.verdict(image).errors
        return sentence


def moment(days: float) -> str:
    """So many days ago, with the nine digits that Go's programs write."""
    return f"{dt.datetime.now(dt.UTC) - dt.timedelta(days=days):%Y-%m-%dT%H:%M:%S}.123456789Z"


def day(days: float) -> str:
    return moment(days)[:10]


@pytest.fixture(scope="module", autouse=True)
def in_force(world: World, trusting: RealProvider, instance: Sigstore) -> Iterator[None]:
    wanted = policies_of(world.registry.host, instance)
    policies = Policies(world.client)
    control = objects.pod(
        world.namespace(), world.registry.push(f"by-log/{objects.unique('old')}", days_ago(90)).pinned
    )
    documents = [each for policy in wanted for each in policy.constraints()]
    policies.enforce([MaximumImageAge.KIND.template(), *documents], control)
    yield
    policies.remove(control)


@pytest.fixture
def cluster(
    world: World, trusting: RealProvider, instance: Sigstore, namespace: str, tmp_path: Path
) -> Iterator[Cluster]:
    yield Cluster(world, instance, trusting, tmp_path, namespace)
    instance.rekor_v1.clock = time.time


Make = Callable[[str], PushedImage]


def test_epoch_image_is_judged_by_the_provenance_of_a_trusted_builder(cluster: Cluster) -> None:
    young, old, foreign, bare = (cluster.image("by-provenance", EPOCH) for _ in range(4))
    cluster.attest(young, 3)
    cluster.attest(old, 40)
    cluster.attest(foreign, 3, "https://other.example.com/release@v1")
    assert cluster.verdict(young).admitted
    said = cluster.refusal(old)
    assert "Image is 40 days old, 30 days are allowed (by provenance " in said
    assert "(ImageTooOld, ref " in said
    said = cluster.refusal(foreign)
    assert "(ImageUndated, ref " in said
    assert "provenance by another builder (https://other.example.com/release@v1)" in said
    assert "no provenance by builder (AttestationAbsent)" in cluster.refusal(bare)


def test_provenance_by_a_stranger_or_that_cannot_be_true_is_no_date(cluster: Cluster) -> None:
    foreign, future = (cluster.image("by-provenance", EPOCH) for _ in range(2))
    cluster.attest(foreign, 3, email="eve@example.test")
    cluster.attest(future, -1)
    assert "provenance by a stranger (eve@example.test)" in cluster.refusal(foreign)
    assert "provenance by builder says that the image was built in the future" in cluster.refusal(future)


def test_of_two_provenances_the_older_one_counts(cluster: Cluster) -> None:
    image = cluster.image("by-provenance", EPOCH)
    cluster.attest(image, 3)
    assert cluster.verdict(image).admitted
    again = cluster.image("by-provenance", EPOCH)
    cluster.attest(again, 3)
    cluster.attest(again, 40)
    assert "Image is 40 days old" in cluster.refusal(again)


def test_image_that_lies_about_its_age_is_found_out_by_the_log(cluster: Cluster) -> None:
    built = days_ago(1)
    lying, young, honest = (cluster.image("by-log", built) for _ in range(3))
    logged = {day(60)}
    cluster.sign(lying, 60)
    # Midnight may come between.
    logged.add(day(60))
    cluster.sign(young, 0.5)
    said = cluster.refusal(lying)
    sentences = [
        f"Image says it was built {built[:10]}, but was in a log on {each}, 60 days ago; 30 days are allowed."
        for each in logged
    ]
    assert any(sentence in said for sentence in sentences)
    assert "(ImageTooOld, ref " in said
    assert cluster.verdict(young).admitted
    assert cluster.verdict(honest).admitted


def test_image_that_is_signed_again_is_no_younger(cluster: Cluster) -> None:
    image = cluster.image("by-log", EPOCH)
    cluster.sign(image, 60)
    cluster.sign(image, 0)
    assert "Image is 60 days old, 30 days are allowed (known since " in cluster.refusal(image)
    young = cluster.image("by-log", EPOCH)
    cluster.sign(young, 2)
    assert "(ImageUndated, ref " in cluster.refusal(young)


def test_cooldown_counts_from_the_first_entry_in_the_log(cluster: Cluster) -> None:
    old, young, bare = (cluster.image("cooled", created) for created in (EPOCH, days_ago(300), days_ago(300)))
    cluster.sign(old, 8)
    cluster.sign(young, 2)
    assert cluster.verdict(old).admitted
    said = cluster.refusal(young)
    assert "Image is 2 days old, 7 days are required (known since " in said
    assert "(ImageTooYoung, ref " in said
    said = cluster.refusal(bare)
    assert "Image is in no log, and has no timestamp, that shows since when it is there." in said
    assert "no time of a log or a timestamp by release (SignatureAbsent)" in said
