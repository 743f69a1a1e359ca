"""`bestbefore denials` in a cluster: the logs of Gatekeeper's Pods, and for tenants the Events of their namespace."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from gatekeeper.denials.ledger.blocks import BlockName, WorkloadBlock
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.lines.actor import Actor
from gatekeeper.denials.reports import block_event
from provider.reasons import BlockCause
from tests.e2e.rig import accounts, objects
from tests.e2e.rig.kubernetes import KubernetesClient
from tests.e2e.rig.policies import Policies
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.provider import RealProvider, command_line
from tests.e2e.rig.registry import PushedImage
from tests.e2e.rig.world import World
from tests.e2e.test_deny_lines import own_policy


def _command(world: World, *words: str) -> list[str]:
    return [*command_line(), "denials", "--kubeconfig", str(world.server.kubeconfig), *words]


def _run(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(world, *words), capture_output=True, text=True, timeout=180, check=False)


def test_who_what_where_and_why_come_from_the_logs_of_the_cluster(
    world: World, client: KubernetesClient, provider: RealProvider, policies: Policies, old: PushedImage
) -> None:
    space = world.namespace()
    policies.enforce(own_policy(), control=objects.pod(space, old.reference))
    pod = objects.pod(space, old.reference)
    assert client.create(pod).status == 403
    # A container's log is written a moment after the answer.
    wait_until(lambda: pod["metadata"]["name"] in world.gatekeeper.output(), "deny line", 20)
    done = _run(world, "--cluster", "-n", space, "-o", "json")
    assert done.returncode == 0, done.stderr
    found = {one["resource_name"]: one for one in json.loads(done.stdout)["denials"]}[pod["metadata"]["name"]]
    assert (found["reason"], found["image"], found["actor"], found["count"]) == (
        "ImageTooOld",
        old.reference,
        "person",
        1,
    )


def test_each_denial_is_printed_as_it_comes(
    world: World, client: KubernetesClient, provider: RealProvider, policies: Policies, old: PushedImage
) -> None:
    space = world.namespace()
    policies.enforce(own_policy(), control=objects.pod(space, old.reference))
    words = _command(world, "--cluster", "--follow", "-n", space, "-o", "jsonl")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        seen: list[dict[str, Any]] = []
        reader = threading.Thread(target=_collect, args=(process, seen))
        reader.start()
        try:
            # Also those of before: the control.
            wait_until(lambda: bool(seen), "denial of before", 20)
            pod = objects.pod(space, old.reference)
            client.create(pod)
            wait_until(
                lambda: any(one["resource_name"] == pod["metadata"]["name"] for one in seen), "denial of now", 10
            )
        finally:
            process.terminate()
            reader.join()
            process.communicate()


def _collect(process: subprocess.Popen[str], seen: list[dict[str, Any]]) -> None:
    assert process.stdout is not None
    seen.extend(map(json.loads, process.stdout))


def test_cluster_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    words = [*command_line(), "denials", "--kubeconfig", str(tmp_path / "none"), "--cluster"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=180, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert str(tmp_path / "none") in done.stderr


def _tenant(space: str) -> list[dict[str, Any]]:
    """Who may read Events of one namespace, and nothing else."""
    named = {"name": "tenant", "namespace": space}
    rules = [{"apiGroups": ["", "events.k8s.io"], "resources": ["events"], "verbs": ["get", "list"]}]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "tenant"}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": named},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": named, "rules": rules},
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": named,
            "roleRef": role,
            "subjects": [{"kind": "ServiceAccount", **named}],
        },
    ]


def test_tenant_reads_what_is_blocked_with_the_right_to_read_events_alone(
    world: World, client: KubernetesClient, tmp_path: Path
) -> None:
    space = world.namespace()
    block = WorkloadBlock(
        name=BlockName(WorkloadName(space, "ReplicaSet", "web-6d5f"), "MaximumImageAge", "shop/web:1.4"),
        cause=BlockCause.POLICY,
        actor=Actor.CONTROLLER,
        user="somebody",
        reason="ImageTooOld",
        message="Image is 45 days old.",
        remedy="Rebuild it.",
        ref="9fa3b115b4d0",
        opened=time.time() - 60,
        touched=time.time(),
        denials=5,
    )
    event = client.create(dict(block_event.new_event(block, "controller-0"))).expect_ok()
    renewed = dict(block_event.renewed_event(event, block))
    client.request("PUT", client.path(renewed), renewed).expect_ok()
    accounts.grant(client, _tenant(space))
    words = [
        *command_line(),
        "denials",
        "--kubeconfig",
        str(accounts.kubeconfig(world.server, space, "tenant", tmp_path)),
    ]
    done = subprocess.run([*words, "-n", space, "-o", "json"], capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["blocks"]
    assert (found["name"], found["reason"], found["denials"], found["remedy"]) == (
        "web-6d5f",
        "ImageTooOld",
        5,
        "Rebuild it.",
    )
    refused = subprocess.run([*words, "--cluster"], capture_output=True, text=True, timeout=180, check=False)
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "403" in refused.stderr
