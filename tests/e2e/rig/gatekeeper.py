"""Gatekeeper's manager: its definitions, its process, its webhook configurations."""

from __future__ import annotations

import base64
import os
import re
import signal
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tests import quick_yaml
from tests.e2e.rig import objects, processes
from tests.e2e.rig.apiserver import ApiServer
from tests.e2e.rig.certificates import Authority, Pair
from tests.e2e.rig.kubelet.attempt import move_away
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.node import Node, NodePod
from tests.e2e.rig.processes import Program
from tests.ports import free_port

NAMESPACE = "gatekeeper-system"
CONTAINER = "manager"
METRICS_PORT = 8888
CLIENT_NAME = "gatekeeper"
VALIDATION = "gatekeeper-validating-webhook-configuration"
AUDIT_SECONDS = 3
# Short, so that tests see what the provider says now and not what it said to the test before.
CACHE_SECONDS = 1
_START_SECONDS = 60.0
_RELEASE = "v3.23.1"
# Apart from these, values are those that we tell people to install Gatekeeper with.
_VALUES = Path(__file__).parents[3] / "helm" / "bestbefore" / "gatekeeper-values.yaml"
_LISTED_VIOLATIONS = 500
_STATUSES = (
    "configpodstatuses",
    "constraintpodstatuses",
    "constrainttemplatepodstatuses",
    "expansiontemplatepodstatuses",
    "mutatorpodstatuses",
    "providerpodstatuses",
)
_VALIDATED = (
    "pods/ephemeralcontainers",
    "pods/exec",
    "pods/log",
    "pods/eviction",
    "pods/portforward",
    "pods/proxy",
    "pods/attach",
    "pods/binding",
    "pods/resize",
    "deployments/scale",
    "replicasets/scale",
    "statefulsets/scale",
    "replicationcontrollers/scale",
    "services/proxy",
    "nodes/proxy",
    "services/status",
)
_ASKED = re.compile(r"^gatekeeper_validation_request_count_total\{.*\} (\d+)", re.MULTILINE)
_TAKEN_UP_SECONDS = 30.0
_MUTATED = tuple(name for name in _VALIDATED if name != "pods/resize")


@dataclass
class Gatekeeper:
    """A manager in a Pod of its own.

    Attributes:
        command: its program and options.
        pod: on the rig's node, with the log that a kubelet serves.
        logs: folder of its log, which has a JSON line for each denial, as it wrote it.
        webhook_port: where the API server asks it.
        health_port: where it says whether it is ready.
        metrics_port: where it tells its metrics; at the Pod's address it is 8888, as everywhere.
        name: what its log file and messages call it.
        program: the process of its container runtime; none while it is away.
    """

    command: Sequence[str | Path]
    pod: NodePod
    logs: Path
    webhook_port: int
    health_port: int
    metrics_port: int
    name: str = "gatekeeper"
    program: Program | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        environment = {"POD_NAMESPACE": NAMESPACE, "POD_NAME": self.pod.name}
        self.program = self.pod.run(self.name, list(self.command), environment)
        processes.wait_until(lambda: _ready(self.health_port), "ready Gatekeeper", _START_SECONDS, self.program)
        self.pod.report(ready=True)

    def metrics(self) -> str:
        """Its metrics in Prometheus' text format."""
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=processes.ANSWER_SECONDS
        ) as response:
            return str(response.read().decode())

    def output(self) -> str:
        """All lines that it has written to its log; of a line that is begun, nothing."""
        return processes.whole_lines(self.logs / f"{self.name}.log")

    def asked(self) -> int:
        """How many requests its validating webhook has answered."""
        return sum(map(int, _ASKED.findall(self.metrics())))

    def signal(self, number: int) -> None:
        """Send its process a signal: SIGSTOP to hold it, SIGKILL to crash it."""
        os.kill(self.pod.process_id(), number)

    def rotate_log(self) -> None:
        """Move its log away, as a kubelet does at 10 MiB, and have the runtime go on in a new file."""
        assert self.program is not None
        move_away(self.pod.log)
        self.program.process.send_signal(signal.SIGUSR1)
        processes.wait_until(self.pod.log.exists, "new log file", _START_SECONDS)

    def stop(self) -> None:
        """Stop it; the webhooks stay configured, and the Pod stays."""
        program, self.program = self.program, None
        if program is not None:
            program.stop()
            self.pod.report(ready=False)

    def restart(self) -> None:
        """Have its container end and begin again in the same Pod."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop it for good; the Pod object stays."""
        self.stop()
        self.pod.close()

    def remove(self) -> None:
        """Stop it and delete its Pod, with which its log goes, and what it said of policies and Providers."""
        self.stop()
        self.pod.remove()
        # Owned by the Pod: a cluster's garbage collector takes them.
        for plural in _STATUSES:
            path = f"/apis/status.gatekeeper.sh/v1beta1/namespaces/{NAMESPACE}/{plural}"
            query = {"labelSelector": f"internal.gatekeeper.sh/pod={self.pod.name}"}
            self.pod.node.client.request("DELETE", path, query=query).expect_ok()


@dataclass
class Installation:
    """Gatekeeper in the cluster: what all replicas share.

    Attributes:
        binaries: folder of the programs.
        folder: scratch space.
        logs: of all replicas.
        server: the API server.
        node: where the Pods are.
        pair: the certificate of its webhooks, and of its requests to providers.
        bundle: PEM of the authority, base64.
        values: those that we tell people to install Gatekeeper with.
    """

    binaries: Path
    folder: Path
    logs: Path
    server: ApiServer
    node: Node
    pair: Pair
    bundle: str
    values: Mapping[str, Any]
    _replicas: int = 0

    def replica(self, *options: str) -> Gatekeeper:
        """A new manager with all operations, in a Pod of its own; not started, and no webhook points at it."""
        self._replicas += 1
        webhook, health, metrics = (free_port() for _ in range(3))
        command = [*self._command(webhook, health, metrics), *options]
        pod = self.node.pod(pod_object(NAMESPACE, [str(word) for word in command[1:]]), METRICS_PORT, metrics)
        name = "gatekeeper" if self._replicas == 1 else f"gatekeeper-{self._replicas}"
        return Gatekeeper(command, pod, self.logs, webhook, health, metrics, name)

    def point_webhooks_at(self, replica: Gatekeeper) -> None:
        """Have the API server ask this replica, and wait until it does.

        In a cluster a Service shares requests out; here one gets them all.
        """
        client = self.server.client()
        before = replica.asked()
        for configuration in webhook_configurations(f"127.0.0.1:{replica.webhook_port}", self.bundle, self.values):
            client.apply(configuration)
        probe = objects.pod("default", "registry.invalid/who-is-asked")

        def is_asked() -> bool:
            client.create(probe, dry_run=True)
            return replica.asked() > before

        processes.wait_until(is_asked, f"requests to {replica.name}", _TAKEN_UP_SECONDS, replica.program)
        client.close()

    def _command(self, webhook: int, health: int, metrics: int) -> list[str | Path]:
        audit = self.folder / f"audit-{self._replicas}"
        audit.mkdir()
        return [
            self.binaries / "gatekeeper",
            f"--kubeconfig={self.server.kubeconfig}",
            "--disable-cert-rotation",
            f"--cert-dir={self.pair.folder}",
            "--host=127.0.0.1",
            f"--port={webhook}",
            f"--health-addr=127.0.0.1:{health}",
            f"--prometheus-port={metrics}",
            # Every audit fails without a word where this folder is missing.
            f"--api-cache-dir={audit}",
            f"--audit-interval={AUDIT_SECONDS}",
            "--log-denies",
            "--shutdown-delay=0",
            f"--external-data-provider-response-cache-ttl={CACHE_SECONDS}s",
            f"--exempt-namespace={NAMESPACE}",
            f"--constraint-violations-limit={_LISTED_VIOLATIONS}",
            f"--max-serving-threads={self.values['maxServingThreads']}",
            f"--audit-match-kind-only={str(self.values['auditMatchKindOnly']).lower()}",
            *(f"--disable-opa-builtin={name}" for name in self.values["disabledBuiltins"]),
        ]


def install(
    binaries: Path, folder: Path, logs: Path, authority: Authority, server: ApiServer, node: Node
) -> Installation:
    """Install the definitions and the namespace; no manager runs yet."""
    client = server.client()
    _install_definitions(client, binaries / "gatekeeper-crds")
    client.apply(_namespace())
    client.close()
    pair = authority.issue(CLIENT_NAME, server=True, client=True)
    bundle = base64.b64encode(authority.pem.encode()).decode()
    return Installation(binaries, folder, logs, server, node, pair, bundle, quick_yaml.load(_VALUES.read_text()))


def start(installation: Installation) -> Gatekeeper:
    """Start the first manager, wait until it is ready, point the webhooks at it."""
    manager = installation.replica()
    manager.start()
    installation.point_webhooks_at(manager)
    return manager


def pod_object(namespace: str, arguments: list[str]) -> Object:
    """A new Pod as the chart's Deployment makes them, as far as others look at them."""
    labels = {
        "app": "gatekeeper",
        "control-plane": "controller-manager",
        "gatekeeper.sh/operation": "webhook",
        "gatekeeper.sh/system": "yes",
    }
    ports = {"webhook-server": 8443, "metrics": METRICS_PORT, "healthz": 9090}
    container = {
        "name": CONTAINER,
        "image": f"openpolicyagent/gatekeeper:{_RELEASE}",
        "args": arguments,
        "ports": [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in ports.items()],
    }
    name = objects.unique("gatekeeper-controller-manager")
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


def _install_definitions(client: KubernetesClient, folder: Path) -> None:
    definitions = [quick_yaml.load(path.read_text()) for path in sorted(folder.glob("*.yaml"))]
    for definition in definitions:
        client.apply(definition)
    for definition in definitions:
        name = definition["metadata"]["name"]
        processes.wait_until(partial(_established, client, definition), f"established {name}", _START_SECONDS)


def _established(client: KubernetesClient, definition: Object) -> bool:
    conditions = client.get(definition).body.get("status", {}).get("conditions") or []
    return any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions)


def _namespace() -> Object:
    labels = {"admission.gatekeeper.sh/ignore": "no-self-managing"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=processes.ANSWER_SECONDS) as response:
            return bool(response.status == HTTPStatus.OK)
    except OSError:
        return False


def webhook_configurations(address: str, bundle: str, values: Mapping[str, Any]) -> list[Object]:
    """What the chart renders of the values, with an address (`HOST:PORT`) and an authority in place of a Service."""
    validation = _webhook("validation.gatekeeper.sh", f"https://{address}/v1/admit", bundle)
    label_check = _webhook("check-ignore-label.gatekeeper.sh", f"https://{address}/v1/admitlabel", bundle)
    mutation = _webhook("mutation.gatekeeper.sh", f"https://{address}/v1/mutate", bundle)
    mutation["rules"] = [_rule(["*"], ["*", *_MUTATED])]
    for webhook, prefix in ((validation, "validatingWebhook"), (mutation, "mutatingWebhook")):
        webhook["timeoutSeconds"] = values[f"{prefix}TimeoutSeconds"]
        webhook["failurePolicy"] = values[f"{prefix}FailurePolicy"]
        webhook["matchConditions"] = values[f"{prefix}MatchConditions"]
        webhook["namespaceSelector"] = _selector(values[f"{prefix}ExemptNamespacesLabels"])
        webhook["objectSelector"] = {}
    label_check |= {
        "timeoutSeconds": values["validatingWebhookTimeoutSeconds"],
        "failurePolicy": values["validatingWebhookCheckIgnoreFailurePolicy"],
        "namespaceSelector": {"matchExpressions": [_not_in("kubernetes.io/metadata.name", [NAMESPACE])]},
        "rules": [_rule([""], ["namespaces"])],
    }
    mutation["reinvocationPolicy"] = values["mutatingWebhookReinvocationPolicy"]
    return [
        _configuration("ValidatingWebhookConfiguration", VALIDATION, [validation, label_check]),
        _configuration("MutatingWebhookConfiguration", "gatekeeper-mutating-webhook-configuration", [mutation]),
    ]


def _configuration(kind: str, name: str, webhooks: list[Object]) -> Object:
    metadata = {"name": name}
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": metadata, "webhooks": webhooks}


def _webhook(name: str, url: str, bundle: str) -> dict[str, Any]:
    return {
        "name": name,
        "clientConfig": {"url": url, "caBundle": bundle},
        "admissionReviewVersions": ["v1", "v1beta1"],
        "matchPolicy": "Exact",
        "rules": [_rule(["*"], ["*", *_VALIDATED])],
        "sideEffects": "None",
    }


def _rule(groups: list[str], resources: list[str]) -> Object:
    return {
        "apiGroups": groups,
        "apiVersions": ["*"],
        "operations": ["CREATE", "UPDATE"],
        "resources": resources,
        "scope": "*",
    }


def _selector(exempt: Mapping[str, list[str]]) -> Object:
    name = "kubernetes.io/metadata.name"
    exempt = {**exempt, name: [*exempt.get(name, []), NAMESPACE]}
    ignored = {"key": "admission.gatekeeper.sh/ignore", "operator": "DoesNotExist"}
    return {"matchExpressions": [ignored, *(_not_in(key, exempt[key]) for key in sorted(exempt))]}


def _not_in(key: str, values: list[str]) -> Object:
    return {"key": key, "operator": "NotIn", "values": values}
