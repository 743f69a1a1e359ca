"""From the real Gatekeeper's deny line to a capsule, by what the cluster has, and to the same sentence."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from tests import quick_yaml
from tests.e2e import seed
from tests.e2e.rig import objects
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.policies import Policies, translate, wait_for_denial
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.provider import RealProvider, command_line
from tests.e2e.rig.registry import PushedImage
from tests.e2e.rig.world import World

_POLICIES = Path(__file__).parents[2] / "policies"
_SECRET = "pa55word"
_SECONDS = 60


def _own() -> list[Object]:
    texts = [(_POLICIES / "maximum-image-age" / file).read_text() for file in ("template.yaml", "constraint.yaml")]
    return [document for text in texts for document in quick_yaml.load_all(text)]


@pytest.fixture(params=["translated", "own"])
def in_force(request: pytest.FixtureRequest, world: World, provider: RealProvider, old: PushedImage) -> Iterator[None]:
    made = translate(seed.policy(), world.folder) if request.param == "translated" else _own()
    policies = Policies(world.client)
    control = objects.pod(world.namespace(), old.reference)
    policies.enforce(made, control)
    yield
    policies.remove(control)


@pytest.fixture
def denied(world: World, client: KubernetesClient, in_force: None, old: PushedImage) -> str:
    """The ref of a ReplicaSet's Pod; the ReplicaSet is older than the policy."""
    space = world.namespace(labels={})
    owner = objects.workload("ReplicaSet", space, old.reference)
    container = owner["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "TOKEN", "value": _SECRET}]
    made = client.create(owner).expect_ok()
    world.label(space, objects.INCLUDE)
    pod = objects.pod(space, old.reference)
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner["metadata"]["name"], "controller": True}
    pod["metadata"]["ownerReferences"] = [{**reference, "uid": made["metadata"]["uid"]}]
    pod["spec"]["containers"][0] = dict(container)
    wait_for_denial(client, objects.pod(space, old.reference))
    assert client.create(pod).status == HTTPStatus.FORBIDDEN
    name = pod["metadata"]["name"]
    wait_until(lambda: bool(_lines(world, name)), "deny line", _SECONDS)
    return str(_lines(world, name)[-1]["details"]["ref"])


def _lines(world: World, name: str) -> list[dict[str, Any]]:
    lines = [line for line in world.gatekeeper.output().splitlines() if f'"resource_name":"{name}"' in line]
    return [each for each in map(json.loads, lines) if each.get("event_type") == "violation"]


def _run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [*command_line(), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=3 * _SECONDS, check=False)


def test_capsule_of_a_denial_gives_the_same_sentence(world: World, denied: str, tmp_path: Path) -> None:
    reach = ["--kubeconfig", world.server.kubeconfig, "--insecure-registry", world.registry.host]
    made = _run("denials", denied, "--capsule", *reach)
    assert made.returncode == 0, made.stderr
    capsule = json.loads(made.stdout)
    assert capsule["missing"] == []
    assert _SECRET not in made.stdout
    path = tmp_path / "capsule.json"
    path.write_text(made.stdout)
    again = _run("replay", path)
    assert (again.returncode, again.stdout.splitlines()[0]) == (0, "the same sentence"), again.stderr
    much_later = _run("replay", path, "--now", "+60d", "-o", "json")
    assert json.loads(much_later.stdout)["outcome"] == "other"


def test_denial_is_shown_with_what_its_image_says_now(
    world: World, denied: str, old: PushedImage, tmp_path: Path
) -> None:
    log = tmp_path / "gatekeeper.log"
    log.write_text(world.gatekeeper.output())
    done = _run("denials", denied, log, "--insecure-registry", world.registry.host)
    assert done.returncode == 0, done.stderr
    assert f"digest    {old.digest}" in done.stdout
