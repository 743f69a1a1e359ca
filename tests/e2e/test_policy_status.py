"""What the controller says of policies, on the real cluster: status, `kubectl wait`, Events, metrics."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.rig import control, definitions
from tests.e2e.rig.control import Control
from tests.e2e.rig.gatekeeper import NAMESPACE
from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.provider import command_line
from tests.e2e.rig.world import World

_SECONDS = 40.0
_DENIES = "package sigstore\nisCompliant { false }\n"
_BROKEN = "package sigstore\nisCompliant { undefined_function(1) }\n"
_STATUS: Object = {"apiVersion": "bestbefore.dev/v1alpha1", "kind": "PolicyStatus", "metadata": {"name": "shown"}}


@pytest.fixture
def controller(world: World, tmp_path: Path) -> Iterator[Control]:
    """One that makes policies of ClusterImagePolicies, in a cluster that has them; it has seen none end."""
    config = control.settings(NAMESPACE, tmp_path, "controller.enabled=true")
    with definitions.of_chart(world):
        options = ("--policies=true", "--no-match=allow")
        running = Control(world.server.kubeconfig, config, tmp_path / "state", world.logs, "policy-status", options)
        with running.running():
            yield running


def test_status_follows_the_policy_from_its_beginning_to_its_end(world: World, controller: Control) -> None:
    policy = world.client.apply(_policy(_DENIES))
    world.kubectl("wait", "--for=create", "policystatus/shown", f"--timeout={4 * _SECONDS:.0f}s")
    world.kubectl("wait", "--for=condition=Ready", "policystatus/shown", f"--timeout={4 * _SECONDS:.0f}s")
    status = _status(world)
    assert (status["state"], status["policyUID"], status["policyGeneration"]) == (
        "enforced",
        policy["metadata"]["uid"],
        policy["metadata"]["generation"],
    )
    assert status["pods"]["enforced"] == status["pods"]["total"] > 0
    assert [each["enforcementAction"] for each in status["constraints"]] == ["deny"]
    assert controller.total("policy_in_force", policy="shown") == 1
    assert "enforced" in world.kubectl("get", "policystatus", "shown")
    listed = _bestbefore(world, "policies", "--cluster", "shown")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "shown\tenforced\tdeny" in listed.stdout

    world.client.apply(_policy(_BROKEN))
    world.kubectl("wait", "--for=condition=Degraded", "policystatus/shown", f"--timeout={4 * _SECONDS:.0f}s")
    found = {each["type"]: (each["status"], each["reason"]) for each in _status(world)["conditions"]}
    assert found == {
        "Ready": ("False", "RuleInvalid"),
        "Enforced": ("True", "InForce"),
        "Degraded": ("True", "RuleInvalid"),
    }
    assert controller.total("policy_state", policy="shown", state="rejected") == 1
    listed = _bestbefore(world, "policies", "--cluster", "shown")
    assert (listed.returncode, listed.stderr) == (1, "")
    assert "undefined_function" in listed.stdout

    # They come after the status.
    def events() -> str:
        return world.kubectl("describe", "clusterimagepolicies.policy.sigstore.dev", "shown")

    wait_until(lambda: "PolicyRejected" in events(), "Event", _SECONDS)
    assert "PolicyEnforced" in events()

    world.client.delete(_policy(_DENIES)).expect_ok()
    wait_until(lambda: world.client.get(_STATUS).status == 404, "end of the status", _SECONDS)
    assert list(controller.series("policy_state", policy="shown")) == []
    failed = [each["source"] for each in controller.events("source.failed")]
    assert {"policies", "policy_statuses"}.isdisjoint(failed)


def test_policies_that_vanish_together_are_held_until_a_person_accepts_it(world: World, controller: Control) -> None:
    names = ("shown", "beside")
    for name in names:
        world.client.apply(_policy(_DENIES, name))
    wait_until(lambda: _states(world) == dict.fromkeys(names, "enforced"), "policies in force", _SECONDS)
    for name in names:
        world.client.delete(_policy(_DENIES, name)).expect_ok()
    wait_until(lambda: _states(world) == dict.fromkeys(names, "held"), "policies that are held", _SECONDS)
    assert [each for _, each in controller.series("policy_in_force")] == [1, 1]
    done = _bestbefore(world, "policies", "--cluster", "--accept-removal")
    assert (done.returncode, done.stderr) == (0, "")
    wait_until(lambda: _states(world) == {}, "end of the policies", _SECONDS)


def _states(world: World) -> dict[str, str]:
    found = world.client.request("GET", "/apis/bestbefore.dev/v1alpha1/policystatuses").expect_ok()["items"]
    return {each["metadata"]["name"]: each.get("status", {}).get("state", "") for each in found}


def _policy(rule: str, name: str = "shown") -> Object:
    return {
        "apiVersion": "policy.sigstore.dev/v1alpha1",
        "kind": "ClusterImagePolicy",
        "metadata": {"name": name},
        "spec": {
            "images": [{"glob": "registry.invalid/**"}],
            "authorities": [{"static": {"action": "pass"}}],
            "policy": {"type": "rego", "data": rule},
        },
    }


def _status(world: World) -> Object:
    status: Object = world.client.get(_STATUS).expect_ok()["status"]
    return status


def _bestbefore(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    command = [*command_line(), *words, f"--kubeconfig={world.server.kubeconfig}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)
