"""`bestbefore suggest` with a registry that answers and the engine that Gatekeeper has."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gatekeeper.alternatives.search import MOST_IMAGES
from gatekeeper.cli.main import cli
from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, NAMESPACES, WAIVERS, constraints
from gatekeeper.own.cooldown import Cooldown
from gatekeeper.own.maximum_image_age import MaximumImageAge
from gatekeeper.translation.rendering import render
from gatekeeper.waivers.terms import WaiverTerms
from tests.engine import engine
from tests.simulators.cluster import ClusterSimulator
from tests.simulators.registry import RegistrySimulator
from tests.unit.waivers.texts import document as waiver_document
from tests.unit.waivers.texts import synced

pytestmark = pytest.mark.integration

NOW = "2026-02-16T00:00:00Z"
AGE = MaximumImageAge()
WEEK = MaximumImageAge("", cooldown=Cooldown("7d", "created"), name="image-cooldown")
LONG = MaximumImageAge("", cooldown=Cooldown("45d", "created"), name="long-cooldown")


class World:
    """A registry, policies in files, and the command."""

    def __init__(self, folder: Path, registry: RegistrySimulator, host: str) -> None:
        self.registry = registry
        self.image = f"{host}/shop/web"
        self._folder = folder

    def file(self, name: str, value: Any) -> str:
        """A file with an object, by its path."""
        path = self._folder / name
        path.write_text(json.dumps(value))
        return str(path)

    def push(self, **days: float) -> None:
        """Images by their tags (`_` for a dot), each built so many days before."""
        for tag, age in days.items():
            created = dt.datetime.fromisoformat(NOW) - dt.timedelta(days=age)
            self.registry.push_image(
                "shop/web", tag.strip("_").replace("_", "."), created=f"{created:%Y-%m-%dT%H:%M:%SZ}"
            )

    def suggest(self, tag: str, *policies: MaximumImageAge, words: tuple[str, ...] = ()) -> Result:
        """The command as a person runs it."""
        files = []
        for policy in policies:
            path = self._folder / f"{policy.name}.yaml"
            path.write_text(render(policy.constraints()))
            files += ["--policy", str(path)]
        named = f"{self.image}{tag if tag.startswith('@') else f':{tag}'}"
        return CliRunner().invoke(cli, ["suggest", named, *files, "--now", NOW, *words])

    def document(self, tag: str, *policies: MaximumImageAge, words: tuple[str, ...] = ()) -> Any:
        """The same for machines."""
        return json.loads(self.suggest(tag, *policies, words=("--output", "json", *words)).stdout)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    engine()
    registry = RegistrySimulator()
    with registry.serve() as host:
        yield World(tmp_path, registry, host)


def test_image_that_is_admitted_is_suggested_itself_with_its_end(world: World) -> None:
    world.push(_1_4=12)
    result = world.suggest("1.4", AGE, WEEK)
    assert result.exit_code == 0
    assert f"admitted as it is: {world.image}:1.4@sha256:" in result.stdout
    assert "until 2026-03-06T00:00:00Z (18 days), then maximum-image-age denies it" in result.stdout


def test_the_end_is_known_to_the_second(world: World) -> None:
    # Built 23 s after a minute began.
    world.push(_1_4=12 - 23 / 86400)
    assert world.document("1.4", AGE)["suggestion"]["admittedUntil"] == "2026-03-06T00:00:23Z"


def test_digest_that_is_gone_is_not_admitted_as_it_is(world: World) -> None:
    """What the tag names now is another image than the one that was asked about."""
    world.push(_1_4=12)
    gone = f"{world.image}:1.4@sha256:{'0' * 64}"
    result = world.suggest(f"1.4@sha256:{'0' * 64}", AGE)
    assert result.exit_code == 0
    assert f"admitted (the same tag, which names another digest now): {world.image}:1.4@sha256:" in result.stdout
    assert f"  {gone}: maximum-image-age: NotFound: " in result.stdout


def test_same_tag_of_a_mirror_is_not_the_image_as_it_is(world: World) -> None:
    world.push(_1_4=90)
    mirror = world.image.replace("shop/web", "mirror/web")
    created = dt.datetime.fromisoformat(NOW) - dt.timedelta(days=2)
    world.registry.push_image("mirror/web", "1.4", created=f"{created:%Y-%m-%dT%H:%M:%SZ}")
    result = world.suggest("1.4", AGE, words=("--mirror", mirror))
    assert f"admitted (the same tag): {mirror}:1.4@sha256:" in result.stdout
    assert f"  {world.image}:1.4: maximum-image-age: Image is 90 days old" in result.stdout


def test_tag_that_nobody_pushed_is_named(world: World) -> None:
    world.push(_1_4=12)
    assert f"note: {world.image} has no tag 1.40\n" in world.suggest("1.40", AGE).stderr
    assert "has no tag" not in world.suggest("1.4", AGE).stderr


def test_help_has_an_example() -> None:
    assert "bestbefore suggest registry.example.com/" in CliRunner().invoke(cli, ["suggest", "--help"]).stdout


def test_too_young_a_release_leads_to_the_one_before(world: World) -> None:
    world.push(_1_5_1=1, _1_5_0=12, _1_4_9=9, latest=1)
    result = world.suggest("1.5.1", AGE, WEEK)
    assert result.exit_code == 0
    assert f"admitted (the same line of versions): {world.image}:1.5.0@sha256:" in result.stdout
    assert "image-cooldown: Image is 1 day old, 7 days are required" in result.stdout


def test_too_old_an_image_leads_to_the_newest_of_its_line(world: World) -> None:
    world.push(_1_4_2=90, _1_4_9=20, _1_4_10=10, _2_0=8)
    found = world.document("1.4.2", AGE)
    assert found["suggestion"]["image"].startswith(f"{world.image}:1.4.10@sha256:")
    assert found["suggestion"]["distance"] == "line"
    assert found["suggestion"]["admittedUntil"] == "2026-03-08T00:00:00Z"
    assert found["suggestion"]["deniedBy"] == "maximum-image-age"
    assert [each["verdict"] for each in found["lookedAt"]] == ["denied", "admitted", "admitted", "admitted"]


def test_cooldown_alone_has_no_end(world: World) -> None:
    world.push(latest=1, _1_0=400)
    result = world.suggest("latest", WEEK)
    assert f"admitted (a version, where the tag has none): {world.image}:1.0@sha256:" in result.stdout
    assert "not denied for 400 days" in result.stdout


def test_nothing_that_fits_ends_with_1_and_from_when_on_one_will(world: World) -> None:
    world.push(_1_5_1=1, _1_5_0=3, _1_4=40)
    result = world.suggest("1.5.1", AGE, WEEK)
    assert result.exit_code == 1
    assert "2 ImageTooYoung, by image-cooldown" in result.stdout
    assert "1 ImageTooOld, by maximum-image-age" in result.stdout
    assert "none lies in between" in result.stdout
    assert f"from 2026-02-20T00:00:00Z on {world.image}:1.5.0@sha256:" in result.stdout
    assert "until 2026-03-15T00:00:00Z" in result.stdout


def by_chance(name: str, mode: str) -> dict[str, Any]:
    """A ClusterImagePolicy of which nobody can say what it will say tomorrow."""
    rule = 'package sigstore\nimport future.keywords\nisCompliant if rand.intn("a", 2) >= 0\n'
    spec = {"images": [{"glob": "**"}], "authorities": [{"static": {"action": "pass"}}], "mode": mode}
    policy = {"type": "rego", "data": rule}
    kind = {"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy"}
    return {**kind, "metadata": {"name": name}, "spec": {**spec, "policy": policy}}


def test_policy_that_only_warns_hides_no_end_though_nobody_can_say_what_it_will_say(world: World) -> None:
    world.push(_1_4=12)
    warning = world.file("warning.yaml", by_chance("by-chance", "warn"))
    result = world.suggest("1.4", AGE, words=("--policy", warning))
    assert result.exit_code == 0, result.output
    assert "until 2026-03-06T00:00:00Z (18 days), then maximum-image-age denies it" in result.stdout
    denying = world.file("denying.yaml", by_chance("by-chance", "enforce"))
    result = world.suggest("1.4", AGE, words=("--policy", denying))
    assert result.exit_code == 3
    assert "by-chance: the rule uses a random number" in result.output


def test_rules_that_contradict_each_other_are_named(world: World) -> None:
    world.push(_1_5_1=1, _1_5_0=40)
    result = world.suggest("1.5.1", AGE, LONG)
    assert result.exit_code == 1
    assert "the rules contradict each other" in result.stdout
    assert "by then too old for maximum-image-age" in result.stdout
    found = world.document("1.5.1", AGE, LONG)
    assert found["later"] is None
    assert (found["contradiction"]["tooYoungFor"], found["contradiction"]["tooOldFor"]) == (
        "long-cooldown",
        "maximum-image-age",
    )


def test_digest_is_looked_at_first_and_tags_after_it(world: World) -> None:
    world.push(_1_4=40, _1_5=10)
    (old,) = [digest for digest in world.document("1.4", AGE)["lookedAt"] if digest["image"].endswith(":1.4")]
    found = world.document(f"@{old['digest']}", AGE)
    assert found["lookedAt"][0]["image"] == f"{world.image}@{old['digest']}"
    assert found["suggestion"]["image"].startswith(f"{world.image}:1.5@")


def test_requests_are_bounded_whatever_the_registry_has(world: World) -> None:
    world.push(**{f"_1_{number}": 90 for number in range(60)})
    result = world.suggest("1.7", AGE)
    assert result.exit_code == 1
    assert world.registry.counts["tags"] == 1
    assert sum(world.registry.counts.values()) <= 5 * MOST_IMAGES


def test_mirror_has_what_the_repository_has_not(world: World) -> None:
    world.push(_1_4=40)
    world.registry.push_image("mirror/web", "1.4.1", created="2026-02-01T00:00:00Z")
    mirror = world.image.replace("/shop/", "/mirror/")
    found = world.document("1.4", AGE, words=("--mirror", mirror))
    assert found["suggestion"]["image"].startswith(f"{mirror}:1.4.1@")
    assert [each["tags"] for each in found["repositories"]] == [1, 1]


def test_repository_that_lists_nothing_is_told_and_the_mirror_is_looked_at(world: World) -> None:
    world.registry.push_image("mirror/web", "1.4.1", created="2026-02-01T00:00:00Z")
    mirror = world.image.replace("/shop/", "/mirror/")
    result = world.suggest("1.4", AGE, words=("--mirror", mirror))
    assert result.exit_code == 0
    assert "/shop/web lists no tags: NotFound" in result.stderr


@pytest.mark.parametrize("status", [401, 404, 405, 500])
def test_registry_without_a_list_is_no_verdict(world: World, status: int) -> None:
    world.push(_1_4=40)
    world.registry.fail("tags", status)
    result = world.suggest("1.4", AGE)
    assert result.exit_code == 3
    assert "no repository lists its tags" in result.stderr


def test_registry_that_gives_no_image_is_no_verdict(world: World) -> None:
    world.push(_1_4=10)
    world.registry.fail("manifest", 500)
    result = world.suggest("1.4", AGE)
    assert result.exit_code == 3
    assert f"not judged: {world.image}:1.4" in result.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["suggest", "app:1"], "name policies (--policy), or the namespace of a cluster (--namespace)"),
        (["suggest", "app:1", "--waiver", "w", "--namespace", "n"], "--waiver goes with --policy"),
        (["suggest", "app:1", "--waiver", "w", "--policy", "p"], "--waiver needs --namespace"),
        (["suggest", "app:1", "--context", "c", "--namespace", "n", "--policy", "p"], "--policy asks no cluster"),
        (["suggest", "app:1", "--kubeconfig", "k", "--policy", "p"], "--policy asks no cluster"),
        (["suggest", "Shop/App", "--policy", "p"], "IMAGE Shop/App: "),
        (["suggest", "app", "--policy", "p", "--mirror", "A"], "--mirror A: "),
        (["suggest", "app", "--policy", "/nowhere"], "/nowhere: cannot be read"),
    ],
    ids=[
        *("neither", "waiver-beside-cluster", "waiver-without-namespace", "context", "kubeconfig"),
        *("image", "mirror", "file"),
    ],
)
def test_words_that_make_no_sense_end_with_2(words: list[str], said: str) -> None:
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_policies_of_a_namespace_in_a_cluster_are_evaluated(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.push(_1_5=1, _1_4=12)
    cluster = ClusterSimulator()
    for name, labels in (("shop", {"policy.sigstore.dev/include": "true"}), ("free", {})):
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        cluster.add(NAMESPACES, space)
    cluster.add(CONSTRAINT_TEMPLATES, WEEK.KIND.template())
    for made in WEEK.constraints():
        cluster.add(constraints(WEEK.KIND.name), made)
    monkeypatch.setattr("gatekeeper.cli.clusters.connect", lambda *_: cluster.cluster)
    result = CliRunner().invoke(cli, ["suggest", f"{world.image}:1.5", "--namespace", "shop", "--now", NOW])
    assert result.exit_code == 0, result.stderr
    assert f"admitted (another minor version): {world.image}:1.4@sha256:" in result.stdout
    # Nobody judges there, and that is no yes.
    nobody = CliRunner().invoke(cli, ["suggest", f"{world.image}:1.5", "--namespace", "free", "--now", NOW])
    assert nobody.exit_code == 2
    assert "nothing was judged: no policy looks at these images" in nobody.stderr


def test_waiver_of_a_file_counts_in_the_namespace_that_is_named(world: World) -> None:
    world.push(_1_5=60, _1_4=70)
    until = "2026-03-01T12:00:07Z"
    waiver = world.file("waiver.yaml", waiver_document(images=[world.image], until=until))
    policy = MaximumImageAge(waivers=WaiverTerms(allowed=True))
    result = world.suggest("1.5", policy, words=("--waiver", waiver, "--namespace", "shop"))
    assert result.exit_code == 0, result.stderr
    assert f"until {until} (13 days), then maximum-image-age denies it" in result.stdout
    assert "by a Waiver alone: maximum-image-age: " in result.stdout
    other = world.suggest("1.5", policy, words=("--waiver", waiver, "--namespace", "other"))
    assert other.exit_code == 1, "it is not for this namespace"


def test_image_that_a_waiver_lets_pass_is_admitted_until_the_waiver_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.push(_1_5=60, _1_4=70)
    cluster = ClusterSimulator()
    for name in ("shop", "other"):
        labels = {"policy.sigstore.dev/include": "true"}
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        cluster.add(NAMESPACES, space)
    policy = MaximumImageAge(waivers=WaiverTerms(allowed=True))
    cluster.add(CONSTRAINT_TEMPLATES, policy.KIND.template(synced_waivers=True))
    for made in policy.constraints():
        cluster.add(constraints(policy.KIND.name), made)
    until = "2026-03-01T12:00:07Z"
    cluster.add(WAIVERS, synced("more-time", images=[world.image], until=until))
    monkeypatch.setattr("gatekeeper.cli.clusters.connect", lambda *_: cluster.cluster)

    def suggest(namespace: str) -> Result:
        return CliRunner().invoke(cli, ["suggest", f"{world.image}:1.5", "--namespace", namespace, "--now", NOW])

    result = suggest("shop")
    assert result.exit_code == 0, result.stderr
    assert f"admitted as it is: {world.image}:1.5@sha256:" in result.stdout
    assert f"until {until} (13 days), then maximum-image-age denies it" in result.stdout
    assert "by a Waiver alone: maximum-image-age: " in result.stdout
    assert "more-time" in result.stdout
    assert suggest("other").exit_code == 1, "it is not for this namespace"
