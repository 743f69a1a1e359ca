"""Beside policy-controller on the real cluster: watched only, compared, switched namespace by namespace, and back."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import quick_yaml
from tests.e2e import seed
from tests.e2e.rig import accounts, control, definitions, objects, policy_controller
from tests.e2e.rig.control import Control
from tests.e2e.rig.gatekeeper import NAMESPACE
from tests.e2e.rig.kubernetes import Answer, Object
from tests.e2e.rig.policies import until
from tests.e2e.rig.policy_controller import EXCLUDED, PolicyControllerStub
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.provider import RealProvider, command_line
from tests.e2e.rig.registry import PushedImage, days_ago
from tests.e2e.rig.world import World
from tests.programs import ROOT
from tests.unit.docs.pages import blocks

_SECONDS = 40.0
_PAGE = ROOT / "docs" / "how-to" / "coming-from-policy-controller.md"
_STATUS: Object = {"apiVersion": "bestbefore.dev/v1alpha1", "kind": "PolicyStatus", "metadata": {"name": "shadowed"}}


@pytest.fixture(scope="module")
def other(world: World, provider: RealProvider) -> Iterator[PolicyControllerStub]:
    """policy-controller, as far as namespaces and refusals go."""
    with policy_controller.running(world) as stub:
        yield stub


@pytest.fixture(scope="module")
def controller(
    world: World, other: PolicyControllerStub, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Control]:
    """In the shadow, but in namespaces that policy-controller leaves alone; with a policy, in force."""
    folder = tmp_path_factory.mktemp("shadow")
    config = control.settings(NAMESPACE, folder, "controller.enabled=true")
    with definitions.of_chart(world):
        control.forget(world.client, NAMESPACE)
        options = ("--policies=true", "--shadow=true", f"--enforce-label={EXCLUDED}")
        running = Control(world.server.kubeconfig, config, folder / "state", world.logs, "shadow", options)
        policy: Object = quick_yaml.load(seed.policy("shadowed"))
        with running.running():
            world.client.apply(policy)
            wait_until(lambda: _state(world) == "shadow", "policy in the shadow", _SECONDS)
            yield running
            world.client.delete(policy).expect_ok()
            wait_until(lambda: world.client.get(_STATUS).status == 404, "end of the policy", _SECONDS)


@pytest.fixture
def space(world: World) -> str:
    """A namespace that both products look at."""
    return world.namespace()


def test_old_image_is_admitted_written_to_the_log_counted_apart_and_found_by_audit(
    world: World, controller: Control, space: str, old: PushedImage
) -> None:
    pod = objects.pod(space, old.reference)
    answer = world.client.create(pod).expect_ok()
    assert answer is not None

    def line() -> list[dict[str, Any]]:
        lines = (json.loads(each) for each in world.gatekeeper.output().splitlines() if f'"{space}"' in each)
        return [each for each in lines if each.get("event_type") == "violation"]

    wait_until(lambda: bool(line()), "deny line", _SECONDS)
    assert {(each["constraint_action"], each["constraint_name"]) for each in line()} == {("dryrun", "shadowed")}

    def counted() -> float:
        wanted = {"resource_namespace": space, "enforcement_action": "dryrun"}
        return controller.total("admission_violations_total", **wanted)

    wait_until(lambda: counted() == 1, "violation in the metrics", _SECONDS)
    assert controller.total("admission_denied_requests_total", resource_namespace=space) == 0
    assert list(controller.series("blocked_workloads", resource_namespace=space)) == []
    wait_until(lambda: _audited(world, pod), "violation that audit found", _SECONDS)
    world.client.delete(pod)


def test_page_says_what_we_would_deny_and_was_admitted_and_what_the_other_one_refused(
    world: World, controller: Control, other: PolicyControllerStub, space: str, old: PushedImage, tmp_path: Path
) -> None:
    pod = objects.pod(space, old.reference)
    world.client.create(pod).expect_ok()
    refused = objects.pod(space, world.registry.push("refused", days_ago(31)).reference)
    before = _compare(world)[1]["counts"]["rejections"][0]["refused"]
    other.refused.add(refused["spec"]["containers"][0]["image"])
    assert policy_controller.NAME in world.client.create(refused).message

    def found() -> dict[str, Any]:
        return _compare(world, "-n", space)[1]

    wait_until(lambda: len(found()["admitted"]) == len(found()["absent"]) == 1, "denials in the log", _SECONDS)
    code, page = _compare(world, "-n", space)
    assert code == 1
    (admitted,) = page["admitted"]
    assert (admitted["owner_name"], admitted["policy"], admitted["would"]) == (
        pod["metadata"]["name"],
        "shadowed",
        "deny",
    )
    (runs,) = page["running"]
    assert (runs["name"], runs["policy"], runs["reason"]) == (pod["metadata"]["name"], "shadowed", "PolicyFailed")
    assert page["counts"]["rejections"][0] == {
        "webhook": policy_controller.NAME,
        "refused": before + 1,
        "failed": 0,
    }
    # Both of them are against it, and nothing of it is there: no difference.
    assert [each["resource_name"] for each in page["absent"]] == [refused["metadata"]["name"]]

    for metrics in (True, False):
        account = _may_compare(world, tmp_path, metrics=metrics)
        done = _run(account, "denials", "--compare", "-n", space)
        # Not `403` alone, which a digest may have, too.
        assert (": 403" in done.stdout) is not metrics, done.stdout
        assert ("it needs `get` on the nonResourceURL /metrics in a ClusterRole" in done.stdout) is not metrics
        assert done.returncode == 1
    world.client.delete(pod)


def test_namespace_is_switched_by_one_label_and_back(
    world: World, controller: Control, other: PolicyControllerStub, space: str, old: PushedImage, fresh: PushedImage
) -> None:
    other.refused.add(fresh.reference)
    assert policy_controller.NAME in _try(world, space, fresh.reference).message
    world.label(space, {EXCLUDED: "true"})
    _until(lambda: _try(world, space, old.reference), lambda answer: "shadowed" in answer.message, "our denial")
    _until(lambda: _try(world, space, fresh.reference), lambda answer: answer.ok, "admission of what we admit")
    assert "denied the request: [shadowed-enforced]" in _try(world, space, old.reference).message
    elsewhere = world.namespace()
    assert _try(world, elsewhere, old.reference).ok
    world.label(space, {EXCLUDED: None})
    _until(lambda: _try(world, space, old.reference), lambda answer: answer.ok, "admission in the shadow")
    other.refused.discard(fresh.reference)


def _state(world: World) -> str:
    answer = world.client.get(_STATUS)
    return str(answer.body.get("status", {}).get("state", "")) if answer.ok else ""


def _try(world: World, space: str, image: str) -> Answer:
    return world.client.create(objects.pod(space, image), dry_run=True)


def _until(ask: Callable[[], Answer], wanted: Callable[[Answer], bool], what: str) -> None:
    until(ask, wanted, what, _SECONDS)


def _audited(world: World, pod: Object) -> bool:
    kind = next(each["kind"] for each in world.client.get(_STATUS).body["status"]["constraints"])
    path = f"/apis/constraints.gatekeeper.sh/v1beta1/{kind.lower()}/shadowed"
    violations = world.client.request("GET", path).expect_ok().get("status", {}).get("violations", [])
    return any((each["name"], each["enforcementAction"]) == (pod["metadata"]["name"], "dryrun") for each in violations)


def _may_compare(world: World, folder: Path, *, metrics: bool) -> Path:
    """An account with the rights that the page lists, the one for metrics left out or not."""
    name, api = objects.unique("looker"), "rbac.authorization.k8s.io"
    account: Object = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": NAMESPACE}}
    documents = [account]
    for role in _roles():
        rules = [each for each in role["rules"] if metrics or "nonResourceURLs" not in each]
        metadata = {**role["metadata"], "name": name}
        documents += [
            {**role, "metadata": metadata, "rules": rules},
            {
                "apiVersion": f"{api}/v1",
                "kind": f"{role['kind']}Binding",
                "metadata": metadata,
                "roleRef": {"apiGroup": api, "kind": role["kind"], "name": name},
                "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}],
            },
        ]
    accounts.grant(world.client, documents)
    return accounts.kubeconfig(world.server, NAMESPACE, name, folder / name)


def _roles() -> list[Object]:
    texts = [each.text for each in blocks(_PAGE) if each.language == "yaml" and "bestbefore-comparison" in each.text]
    return [found for text in texts for found in quick_yaml.load_all(text)]


def _compare(world: World, *words: str) -> tuple[int, dict[str, Any]]:
    done = _run(world.server.kubeconfig, "denials", "--compare", "-o", "json", *words)
    assert done.returncode in (0, 1, 3), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, found


def _run(kubeconfig: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [*command_line(), *words, f"--kubeconfig={kubeconfig}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)
