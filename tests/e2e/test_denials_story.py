"""Every denial, counted once, on a dashboard: a Deployment with an old image, from its first denied Pod to its end.

kube-controller-manager tries again and again; the controller follows the log of Gatekeeper's Pod; a real Prometheus
scrapes it, and one query says what is blocked, where, why and by whom.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from tests import quick_yaml
from tests.e2e.rig import accounts, objects
from tests.e2e.rig.control import ACCOUNT, Control, forget, rights, settings
from tests.e2e.rig.gatekeeper import NAMESPACE
from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.policies import Policies, wait_for_denial
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.prometheus import Prometheus, Target
from tests.e2e.rig.provider import RealProvider, provider_objects
from tests.e2e.rig.registry import PushedImage, days_ago
from tests.e2e.rig.shell import Shell
from tests.e2e.rig.world import World
from tests.programs import ROOT

_SECONDS = 30.0
_ENDS_SECONDS = 150.0
_TOOL = "system:serviceaccount:argocd:argocd-application-controller"
_VALUES = (
    "controller.owners.enabled=true",
    f"controller.denials.gitopsAccounts[0]={_TOOL}",
    "controller.denials.hashUsers=true",
)
_SEEN = "sum(bestbefore_denied_requests_seen_total)"
_COUNTED = "sum(bestbefore_gatekeeper_denied_requests_total)"
_REFUSED = """
sum(apiserver_admission_webhook_rejection_count
  {name="validation.gatekeeper.sh", error_type="no_error", rejection_code="403"})
"""


@pytest.fixture(scope="module")
def provider(cluster: World) -> Iterator[RealProvider]:
    """The real provider in the rig where controllers act."""
    real = RealProvider(cluster.provider_pair, [cluster.registry.host], cluster.logs)
    real.start()
    for provider_object in provider_objects(real.address, cluster.authority):
        cluster.apply_provider(provider_object)
    yield real
    real.stop()


@pytest.fixture(scope="module")
def old(cluster: World) -> PushedImage:
    """An image built a day too long ago."""
    return cluster.registry.push("old", days_ago(31))


@pytest.fixture(scope="module")
def fresh(cluster: World) -> PushedImage:
    """The same, rebuilt."""
    return cluster.registry.push("fresh", days_ago(1))


@pytest.fixture(scope="module")
def policy(cluster: World, provider: RealProvider, old: PushedImage) -> Iterator[None]:
    """Images may be 30 days old; Pods alone are judged, those of controllers too."""
    folder = ROOT / "policies" / "maximum-image-age"
    template = quick_yaml.load((folder / "template.yaml").read_text())
    constraint = next(quick_yaml.load_all((folder / "constraint.yaml").read_text()))
    constraint["spec"]["match"]["kinds"] = [{"apiGroups": [""], "kinds": ["Pod"]}]
    constraint["spec"]["parameters"] = {"maxAge": "30d", "reschedule": "deny", "reports": "deny"}
    policies = Policies(cluster.client)
    control = objects.pod(cluster.namespace(), old.reference)
    policies.enforce([template, constraint], control)
    yield
    policies.remove(control)


@pytest.fixture(scope="module")
def control(cluster: World, policy: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    """The controller as the chart installs it, with the right to see workloads."""
    folder = tmp_path_factory.mktemp("control")
    accounts.grant(cluster.client, rights(NAMESPACE, *_VALUES))
    kubeconfig = accounts.kubeconfig(cluster.server, NAMESPACE, ACCOUNT, folder)
    chosen = settings(NAMESPACE, folder, *_VALUES)
    control = Control(kubeconfig, chosen, folder / "state", cluster.logs, "control-story")
    forget(cluster.client, NAMESPACE)
    control.start()
    yield control
    control.stop()


@pytest.fixture(scope="module")
def prometheus(cluster: World, control: Control, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Scrapes the controller, and the API server."""
    endpoint = cluster.server.endpoint
    targets = [
        Target("bestbefore-controller", f"127.0.0.1:{control.port}"),
        Target("apiserver", f"127.0.0.1:{endpoint.port}", endpoint.token),
    ]
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), cluster.logs, targets)
    prometheus.start()
    yield prometheus
    prometheus.stop()


def test_deployment_with_an_old_image_is_one_block_until_its_image_is_made_good(
    cluster: World, control: Control, prometheus: Prometheus, old: PushedImage, fresh: PushedImage, tmp_path: Path
) -> None:
    namespace = cluster.namespace()
    deployment = objects.workload("Deployment", namespace, old.reference)
    cluster.client.create(deployment).expect_ok()

    (blocked,) = prometheus.wait_for(f"{_blocked(namespace)} and on () bestbefore_leader == 1")
    assert blocked.labels == {"resource_namespace": namespace, "cause": "policy", "actor": "controller"}
    assert blocked.value == 1
    denials = prometheus.wait_for(f'bestbefore_admission_denied_requests_total{{resource_namespace="{namespace}"}} > 3')
    assert [sample.labels["actor"] for sample in denials] == ["controller"]

    ref = _ref(cluster, deployment)
    line = next(event for event in control.events("denial.observed") if event["ref"] == ref)
    assert (line["image"], line["digest"], line["reason"]) == (old.reference, old.digest, "ImageTooOld")
    assert datetime.now(UTC) - datetime.fromisoformat(line["created"]) >= timedelta(days=31)
    assert line["remedy"]
    assert (line["resource_namespace"], line["owner_kind"]) == (namespace, "Deployment")
    assert line["owner_name"] == deployment["metadata"]["name"]

    wait_until(lambda: _events(cluster, deployment), "Event on the Deployment", _SECONDS)
    told = _as_tenant(cluster, namespace, tmp_path)
    assert old.reference in told
    assert deployment["metadata"]["name"] in told

    container = {"name": "c0", "image": fresh.reference}
    change = {"spec": {"template": {"spec": {"containers": [container]}}}}
    cluster.client.patch(deployment, change).expect_ok()
    gone = f'bestbefore_blocked_workloads{{resource_namespace="{namespace}",cause="policy"}} == 0'
    prometheus.wait_for(gone, _ENDS_SECONDS)
    wait_until(lambda: _ends(control, namespace), "word about the end", _SECONDS)
    (ended,) = _ends(control, namespace)
    assert ended["why"] == "admitted"
    cluster.client.delete(deployment)


def _ends(control: Control, namespace: str) -> list[dict[str, Any]]:
    """What the log says of blocks that ended."""
    return [event for event in control.events("block.ended") if event["resource_namespace"] == namespace]


def _blocked(namespace: str) -> str:
    """The query that says how many workloads are blocked there, whose fault it is, and by whom."""
    return f"""
        sum by (resource_namespace, cause, actor) (bestbefore_workload_blocks_total)
          * on (resource_namespace, cause) group_left ()
            (sum by (resource_namespace, cause) (bestbefore_blocked_workloads{{resource_namespace="{namespace}"}}) > 0)
    """.strip()


def test_every_denial_of_the_real_gatekeeper_is_counted_over_rotations_restarts_and_another_replica(
    cluster: World, control: Control, prometheus: Prometheus, figures: Callable[[str], None]
) -> None:
    burst = Burst(cluster, [cluster.registry.push(f"old-{number}", days_ago(31 + number)) for number in range(20)])
    # Other tests' Deployments may go on trying: what is seen is of this namespace, the other counters are of all.
    seen = f'sum(bestbefore_admission_denied_requests_total{{resource_namespace="{burst.space}"}})'
    prometheus.wait_for(f"{_SEEN} and {_COUNTED} and {_REFUSED}")
    before = {query: prometheus.value(query) or 0.0 for query in (seen, _COUNTED, _REFUSED)}

    def grown(query: str) -> float:
        return (prometheus.value(query) or 0.0) - before[query]

    for _ in range(3):
        burst.deny(100)
        # Whoever follows has come to the present file: of two rotations at once, one file is nobody's.
        wait_until(lambda: grown(seen) > burst.sent - 100, "lines of the present file", _SECONDS)
        burst.deny(10)
        cluster.gatekeeper.rotate_log()
    burst.deny(100)
    # Counters of three programs, each scraped at its own time.
    queries = (seen, _COUNTED, _REFUSED)
    wait_until(lambda: all(grown(query) >= burst.sent for query in queries), "denials by all counters", _SECONDS)
    figures(f"real Gatekeeper, three rotations: sent {burst.sent}, seen {grown(seen):g}, its own {grown(_COUNTED):g}")
    assert grown(seen) == burst.sent

    cluster.gatekeeper.restart()
    burst.await_denial()
    burst.deny(50)
    replica = cluster.installation.replica()
    replica.start()
    try:
        cluster.installation.point_webhooks_at(replica)
        burst.await_denial()
        burst.deny(50)
        wait_until(lambda: burst.space in replica.output(), "denials by the replica", _SECONDS)
    finally:
        cluster.installation.point_webhooks_at(cluster.gatekeeper)
        wait_until(lambda: grown(seen) >= burst.sent, "denials", _SECONDS)
        replica.remove()
    burst.deny(50)
    wait_until(lambda: grown(_REFUSED) >= burst.sent and grown(seen) >= burst.sent, "denials", _SECONDS)
    figures(f"real Gatekeeper, restarted and scaled: sent {burst.sent}, seen {grown(seen):g}")
    assert grown(seen) == burst.sent
    assert not prometheus.query("bestbefore_denial_log_gaps_total > 0")


def test_gitops_tool_is_told_from_people_and_its_name_stands_nowhere(
    cluster: World, control: Control, prometheus: Prometheus
) -> None:
    """A tool that compares first (a dry run), and then applies."""
    namespace = cluster.namespace()
    accounts.grant(cluster.client, [_may_create_pods(_TOOL, namespace)])
    image = cluster.registry.push("old-from-git", days_ago(31))
    tool, pod = cluster.client.playing(_TOOL), objects.pod(namespace, image.reference)
    for dry_run in (True, False):
        answer = tool.create(pod, dry_run=dry_run)
        assert "denied the request" in answer.message
    tool.close()

    of = f'resource_namespace="{namespace}"'
    prometheus.wait_for(f"bestbefore_admission_dry_run_denied_requests_total{{{of}}} == 1")
    prometheus.wait_for(f'bestbefore_workload_blocks_total{{{of},cause="policy",actor="gitops"}} == 1')
    (requests,) = prometheus.query(f"bestbefore_admission_denied_requests_total{{{of}}} > 0")
    assert (requests.labels["actor"], requests.value) == ("gitops", 1)
    users = {line["user"] for line in control.events("denial.observed") if line["resource_namespace"] == namespace}
    assert len(users) == 1
    assert "argocd" not in users.pop()


def _may_create_pods(user: str, namespace: str) -> Object:
    rbac = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{rbac}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "tool", "namespace": namespace},
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": rbac, "kind": "User", "name": user}],
    }


@dataclass
class Burst:
    """Denials by people, each of a Pod, as fast as one after the other goes.

    Gatekeeper writes one text a hundred times a second at most, so they are of several images.

    Attributes:
        images: each too old.
        space: where the Pods would lie.
        sent: how many Pods were denied.
    """

    cluster: World
    images: Sequence[PushedImage]
    space: str = ""
    sent: int = 0

    def __post_init__(self) -> None:
        self.space = self.cluster.namespace()

    def deny(self, times: int) -> None:
        """Have so many Pods denied."""
        for _ in range(times):
            image = self.images[self.sent % len(self.images)]
            answer = self.cluster.client.create(objects.pod(self.space, image.reference))
            assert answer.status == HTTPStatus.FORBIDDEN, answer.message
            self.sent += 1

    def await_denial(self) -> None:
        """Try until a Pod is denied: a Gatekeeper that has just begun may serve before it has its Constraints.

        Elsewhere, so that nothing is counted of an answer that comes too late.
        """
        wait_for_denial(self.cluster.client, objects.pod(self.cluster.namespace(), self.images[0].reference))


def _ref(cluster: World, deployment: Object) -> str:
    """The ref in what the controller of ReplicaSets was told."""

    def refusals() -> list[str]:
        status = cluster.client.get(deployment).body.get("status", {})
        return [found["message"] for found in status.get("conditions", []) if found["type"] == "ReplicaFailure"]

    wait_until(refusals, "refusal in the Deployment's status", _SECONDS)
    found = re.search(r"ref ([0-9a-f]+)", refusals()[0])
    assert found is not None
    return found.group(1)


def _events(cluster: World, deployment: Object) -> list[dict[str, Any]]:
    """Our Events about the Deployment."""
    namespace, name = deployment["metadata"]["namespace"], deployment["metadata"]["name"]
    found = cluster.client.request("GET", f"/api/v1/namespaces/{namespace}/events").expect_ok()["items"]
    ours = [event for event in found if event.get("reportingComponent") == "bestbefore.dev/controller"]
    about = ("Deployment", name)
    return [event for event in ours if (event["involvedObject"]["kind"], event["involvedObject"]["name"]) == about]


def _as_tenant(cluster: World, namespace: str, folder: Path) -> str:
    """What `bestbefore denials -n` tells somebody who may read Events of the namespace and nothing else."""
    account = {"kind": "ServiceAccount", "name": "tenant", "namespace": namespace}
    named = {"name": "tenant", "namespace": namespace}
    rbac = "rbac.authorization.k8s.io"
    rule = {"apiGroups": ["", "events.k8s.io"], "resources": ["events"], "verbs": ["get", "list"]}
    accounts.grant(
        cluster.client,
        [
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": named},
            {"apiVersion": f"{rbac}/v1", "kind": "Role", "metadata": named, "rules": [rule]},
            {
                "apiVersion": f"{rbac}/v1",
                "kind": "RoleBinding",
                "metadata": named,
                "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "tenant"},
                "subjects": [account],
            },
        ],
    )
    kubeconfig = accounts.kubeconfig(cluster.server, namespace, "tenant", folder)
    return Shell(kubeconfig, folder, []).output(f"bestbefore denials -n {namespace}")
