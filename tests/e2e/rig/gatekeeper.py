"""Gatekeeper's manager: its definitions, its process, its webhook configurations."""

from __future__ import annotations

import base64
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.rig import processes
from tests.e2e.rig.apiserver import ApiServer
from tests.e2e.rig.certificates import Authority
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.processes import Program

NAMESPACE = "gatekeeper-system"
CLIENT_NAME = "gatekeeper"
AUDIT_SECONDS = 3
# Short, so that tests see what the provider says now and not what it said to the test before.
CACHE_SECONDS = 1
_START_SECONDS = 60.0
# Apart from these, values are those that we tell people to install Gatekeeper with.
_VALUES = Path(__file__).parents[3] / "helm" / "bestbefore" / "gatekeeper-values.yaml"
_LISTED_VIOLATIONS = 500
_SUBRESOURCES = (
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


@dataclass(frozen=True)
class Gatekeeper:
    """A running manager with every operation: webhooks, mutation, audit.

    Attributes:
        program: the process; its log has a JSON line for each denial.
        metrics_port: where it tells its metrics.
    """

    program: Program
    metrics_port: int

    def metrics(self) -> str:
        """Its metrics in Prometheus' text format."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as response:
            return str(response.read().decode())

    def stop(self) -> None:
        """Stop it."""
        self.program.stop()


def start(binaries: Path, folder: Path, logs: Path, authority: Authority, server: ApiServer) -> Gatekeeper:
    """Install the definitions, start the manager, wait until it is ready, point the webhooks at it."""
    client = server.client()
    _install_definitions(client, binaries / "gatekeeper-crds")
    client.apply(_namespace())
    pair = authority.issue(CLIENT_NAME, server=True, client=True)
    webhook, health, metrics = (processes.free_port() for _ in range(3))
    audit = folder / "audit"
    audit.mkdir()
    values = yaml.safe_load(_VALUES.read_text())
    command: list[str | Path] = [
        binaries / "gatekeeper",
        f"--kubeconfig={server.kubeconfig}",
        "--debug-use-fake-pod",
        "--disable-cert-rotation",
        f"--cert-dir={pair.folder}",
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
        f"--max-serving-threads={values['maxServingThreads']}",
        f"--audit-match-kind-only={str(values['auditMatchKindOnly']).lower()}",
        *(f"--disable-opa-builtin={name}" for name in values["disabledBuiltins"]),
    ]
    program = processes.start("gatekeeper", command, logs, {"POD_NAMESPACE": NAMESPACE})
    processes.wait_until(lambda: _ready(health), "ready Gatekeeper", _START_SECONDS, program)
    for configuration in _webhook_configurations(webhook, authority, values):
        client.apply(configuration)
    client.close()
    return Gatekeeper(program, metrics)


def _install_definitions(client: KubernetesClient, folder: Path) -> None:
    definitions = [yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yaml"))]
    for definition in definitions:
        client.apply(definition)
    for definition in definitions:
        name = definition["metadata"]["name"]
        processes.wait_until(partial(_established, client, definition), f"established {name}", _START_SECONDS)


def _established(client: KubernetesClient, definition: Object) -> bool:
    conditions = client.get(definition).body.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions)


def _namespace() -> Object:
    labels = {"admission.gatekeeper.sh/ignore": "no-self-managing"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def _ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as response:
            return bool(response.status == HTTPStatus.OK)
    except OSError:
        return False


def _webhook_configurations(port: int, authority: Authority, values: Mapping[str, Any]) -> list[Object]:
    """What the chart renders, with the address of a process in place of a Service's."""
    validation = _webhook("validation.gatekeeper.sh", port, "/v1/admit", authority)
    label_check = _webhook("check-ignore-label.gatekeeper.sh", port, "/v1/admitlabel", authority)
    label_check |= {"namespaceSelector": _not_in_gatekeepers_namespace(), "rules": [_rule([""], ["namespaces"])]}
    mutation = _webhook("mutation.gatekeeper.sh", port, "/v1/mutate", authority)
    for webhook in (validation, label_check):
        webhook["timeoutSeconds"] = values["validatingWebhookTimeoutSeconds"]
        webhook["failurePolicy"] = values["validatingWebhookFailurePolicy"]
    mutation["timeoutSeconds"] = values["mutatingWebhookTimeoutSeconds"]
    mutation["failurePolicy"] = values["mutatingWebhookFailurePolicy"]
    mutation["reinvocationPolicy"] = values["mutatingWebhookReinvocationPolicy"]
    return [
        _configuration("ValidatingWebhookConfiguration", [validation, label_check]),
        _configuration("MutatingWebhookConfiguration", [mutation]),
    ]


def _configuration(kind: str, webhooks: list[Object]) -> Object:
    metadata = {"name": "gatekeeper"}
    return {"apiVersion": "admissionregistration.k8s.io/v1", "kind": kind, "metadata": metadata, "webhooks": webhooks}


def _webhook(name: str, port: int, path: str, authority: Authority) -> dict[str, Any]:
    bundle = base64.b64encode(authority.pem.encode()).decode()
    selector = _not_in_gatekeepers_namespace()
    selector["matchExpressions"].append({"key": "admission.gatekeeper.sh/ignore", "operator": "DoesNotExist"})
    return {
        "name": name,
        "clientConfig": {"url": f"https://127.0.0.1:{port}{path}", "caBundle": bundle},
        "admissionReviewVersions": ["v1", "v1beta1"],
        "matchPolicy": "Exact",
        "namespaceSelector": selector,
        "rules": [_rule(["*"], ["*", *_SUBRESOURCES])],
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


def _not_in_gatekeepers_namespace() -> dict[str, Any]:
    expression = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [NAMESPACE]}
    return {"matchExpressions": [expression]}
