"""Waivers as the controller has them: templates that read them only where Gatekeeper takes such, and what is said.

Without referential rules Gatekeeper refuses a template that reads Waivers, and after a restart it admits everything.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gatekeeper.controller.waiver_rounds import sync_set
from gatekeeper.evaluation import opa
from gatekeeper.policy import load_policies
from gatekeeper.translation.translate import objects as objects_of
from gatekeeper.translation.translate import translate
from tests.e2e.rig import control, definitions, objects, waivers
from tests.e2e.rig.control import Control
from tests.e2e.rig.gatekeeper import NAMESPACE, Gatekeeper
from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.provider import command_line
from tests.e2e.rig.world import World

IMAGE = "registry.example.test/vendor/agent:1"
_SECONDS = 90.0
_OFF = "--enable-referential-rules=false"
_POLICY: Object = {
    "apiVersion": "policy.sigstore.dev/v1alpha1",
    "kind": "ClusterImagePolicy",
    "metadata": {"name": "no-image", "annotations": {"bestbefore.dev/waivers": "allow"}},
    "spec": {
        "images": [{"glob": "registry.example.test/**"}],
        "authorities": [{"static": {"action": "fail", "message": "nobody wants it"}}],
    },
}


@pytest.fixture
def start(world: World, tmp_path: Path) -> Iterator[Callable[[], Control]]:
    """Starts a controller that makes policies, in a cluster with Waivers."""
    config = control.settings(NAMESPACE, tmp_path, "controller.enabled=true", "waivers.enabled=true")
    options = ("--policies=true", "--no-match=allow")
    running = Control(world.server.kubeconfig, config, tmp_path / "state", world.logs, "waiver-control", options)
    with waivers.of_chart(world), definitions.of_chart(world):

        def begin() -> Control:
            running.start()
            world.client.apply(_POLICY)
            world.kubectl("wait", "--for=create", "policystatus/no-image", f"--timeout={_SECONDS:.0f}s")
            world.kubectl("wait", "--for=condition=Ready", "policystatus/no-image", f"--timeout={_SECONDS:.0f}s")
            return running

        yield begin
        running.stop()
        world.client.delete(sync_set())


@pytest.fixture
def strict(world: World) -> Iterator[Gatekeeper]:
    """A Pod of Gatekeeper without referential rules, which the API server asks; afterwards it is gone."""
    # As in Gatekeeper's chart, one Pod alone makes the kinds of Constraints.
    replica = world.installation.replica(_OFF, "--operation=webhook")
    replica.start()
    world.installation.point_webhooks_at(replica)
    yield replica
    if replica.program is not None:
        world.installation.point_webhooks_at(world.gatekeeper)
        replica.remove()


def _status(world: World, namespace: str) -> int:
    return world.client.create(objects.pod(namespace, IMAGE), dry_run=True).status


def _meets(world: World, namespace: str, status: int) -> None:
    wait_until(lambda: _status(world, namespace) == status, f"{status} for a Pod", _SECONDS)


def _reads_waivers(world: World) -> bool:
    """Whether the template of the policy does."""
    found = world.client.request("GET", "/apis/templates.gatekeeper.sh/v1/constrainttemplates").body["items"]
    return any("data.inventory" in json.dumps(each["spec"]) for each in found)


def _said(running: Control) -> list[str]:
    """What the controller could not do with Waivers."""
    return [str(each) for each in running.events("source.failed") if each["source"] == "waivers"]


def _doctor(world: World) -> list[dict[str, Any]]:
    command = [*command_line(), "doctor", f"--kubeconfig={world.server.kubeconfig}", "--output=json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [each for each in json.loads(done.stdout)["findings"] if each["check"] == "referential-rules"]


def test_without_referential_rules_nothing_reads_waivers_and_with_them_again_all_do(
    world: World, strict: Gatekeeper, start: Callable[[], Control], namespace: str, tmp_path: Path
) -> None:
    running = start()
    world.client.create(waivers.waiver("early", namespace, IMAGE)).expect_ok()
    wait_until(lambda: bool(_said(running)), "word of the controller", _SECONDS)
    assert _OFF in _said(running)[0]
    assert not _reads_waivers(world)
    assert _status(world, namespace) == 403, "the Waiver lets nothing pass, and nothing else does"
    assert _doctor(world) == []

    # One that somebody else applies all the same.
    file = tmp_path / "cip.yaml"
    rule = {"policy": {"type": "rego", "data": "package sigstore\nisCompliant { false }\n"}}
    named = {**_POLICY["metadata"], "name": "by-hand"}
    file.write_text(yaml.safe_dump({**_POLICY, "metadata": named, "spec": {**_POLICY["spec"], **rule}}))
    by_hand = objects_of(translate(load_policies([file]).policies, opa.find(), synced_waivers=True))[0]
    world.client.apply(dict(by_hand))
    (finding,) = _doctor(world)
    assert (finding["severity"], finding["judged"]) == ("error", True)
    assert "after a restart of Gatekeeper they admit everything" in finding["message"]
    assert str(by_hand["metadata"]["name"]) in finding["message"]
    world.client.delete(dict(by_hand)).expect_ok()

    world.installation.point_webhooks_at(world.gatekeeper)
    strict.remove()
    wait_until(lambda: _reads_waivers(world), "template that reads Waivers", 3 * _SECONDS)
    _meets(world, namespace, 201)
    (warning,) = world.client.create(objects.pod(namespace, IMAGE), dry_run=True).warnings
    assert "by the Waiver early (team-rig)." in warning


def test_sync_set_that_is_gone_is_there_again_and_kind_that_is_gone_is_said_and_denies(
    world: World, start: Callable[[], Control], namespace: str
) -> None:
    running = start()
    wait_until(lambda: _reads_waivers(world), "template that reads Waivers", _SECONDS)
    world.client.create(waivers.waiver("early", namespace, IMAGE)).expect_ok()
    _meets(world, namespace, 201)

    def is_denied() -> bool:
        # Again and again: it is there again so soon that nobody may meet Gatekeeper without it.
        world.client.delete(sync_set())
        return _status(world, namespace) == 403

    wait_until(is_denied, "denial without it", _SECONDS)
    _meets(world, namespace, 201)

    said = len(_said(running))
    kind = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "waivers.bestbefore.dev"},
    }
    world.client.delete(kind).expect_ok()
    _meets(world, namespace, 403)
    wait_until(lambda: len(_said(running)) > said, "word of the controller", _SECONDS)
