"""A cluster as it should be, object by object, for tests to break one thing of it."""

from __future__ import annotations

import base64
import copy
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gatekeeper.cluster import resource
from gatekeeper.cluster.errors import ClusterError
from gatekeeper.cluster.resource import Resource
from gatekeeper.cluster.server import ServerFacts
from gatekeeper.doctor.diagnosis import Diagnosis, diagnose
from gatekeeper.doctor.finding import DoctorFinding
from gatekeeper.doctor.installation import Vantage
from gatekeeper.doctor.provider_pod import ProviderReport
from gatekeeper.doctor.reading import Reading
from gatekeeper.doctor.served_certificate import ServedCertificate
from gatekeeper.doctor.survey import Survey
from gatekeeper.documents.product import PATHS
from gatekeeper.evaluation import opa
from provider.version import VERSION
from tests import quick_yaml
from tests.e2e.rig.gatekeeper import webhook_configurations
from tests.simulators.clock import EPOCH
from tests.simulators.cluster import ClusterSimulator

_ROOT = Path(__file__).parents[3]
_VALUES = quick_yaml.load((_ROOT / "helm" / "bestbefore" / "gatekeeper-values.yaml").read_text("utf-8"))
GATEKEEPER = "gatekeeper-system"
HOME = "bestbefore-system"
KIND = "MaximumImageAge"
_PODS = ("gatekeeper-0", "gatekeeper-1", "gatekeeper-audit")
_DAY = 86400.0
_SERVER = ServerFacts("v1.36.2", 0.3)
_CERTIFICATE = ServedCertificate("", "CN=bestbefore", EPOCH + 300 * _DAY, asks_back=True)
_REPORT = ProviderReport(VERSION, -0.2, {"validate": 1.2, "audit": 9.0, "mutate": 0.7}, {"server": EPOCH + 300 * _DAY})
_VANTAGE = Vantage(EPOCH, opa.VERSION)
_NAMESPACES: Mapping[str, Mapping[str, str]] = {
    "shop": {"policy.sigstore.dev/include": "true"},
    GATEKEEPER: {},
    HOME: {},
    "kube-system": {},
}
Change = Callable[[dict[str, Any]], object]


@dataclass
class DoctorWorld:
    """A cluster, and what is around it.

    Attributes:
        cluster: the API server's objects.
        server: what the API server says of itself.
        certificate: what each Provider's address serves.
        report: what each Pod of the provider says.
        vantage: what is where doctor runs.
        fault: what comes of asking the API server about itself; None where it answers.
    """

    cluster: ClusterSimulator = field(default_factory=ClusterSimulator)
    server: ServerFacts = _SERVER
    certificate: Reading[ServedCertificate] = _CERTIFICATE
    report: Reading[ProviderReport] = _REPORT
    vantage: Vantage = _VANTAGE
    fault: ClusterError | None = None

    def facts(self) -> ServerFacts:
        """See `ServerDesk`."""
        if self.fault is not None:
            raise self.fault
        return self.server

    def look(self, host: str, port: int, authorities: bytes) -> Reading[ServedCertificate]:
        """See `TlsPort`."""
        assert (host, port, authorities) == (f"bestbefore.{HOME}.svc", 8443, b"PEM")
        return self.certificate

    def ports(self, host: str, port: int) -> Reading[ProviderReport]:
        """See `ProviderPort`."""
        assert (host, port) == ("10.0.0.7", 8888)
        return self.report

    def change(self, kind: Resource, name: str, change: Change, namespace: str = "") -> None:
        """Change an object."""
        found = copy.deepcopy(dict(self.cluster.get(kind, name, namespace)))
        change(found)
        self.cluster.add(kind, found)

    def survey(self, namespace: str = "") -> Survey:
        """Reads it."""
        return Survey(self.cluster, self, self, _Ports(self), namespace)

    def examine(self, namespace: str = "") -> Diagnosis:
        """What doctor finds."""
        return diagnose(self.survey(namespace).read(), self.vantage)

    def findings(self) -> list[DoctorFinding]:
        """The findings."""
        return list(self.examine().findings)

    def checks(self) -> list[str]:
        """`severity check` of each finding."""
        return [f"{each.severity} {each.check}" for each in self.findings()]

    def only(self) -> DoctorFinding:
        """The one finding that there is."""
        (found,) = self.findings()
        return found

    def vantage_with(self, **changes: Any) -> None:
        """Change what is where doctor runs."""
        self.vantage = replace(self.vantage, **changes)


@dataclass
class _Ports:
    world: DoctorWorld

    def report(self, host: str, port: int) -> Reading[ProviderReport]:
        """See `ProviderPort`."""
        return self.world.ports(host, port)


def good() -> DoctorWorld:
    """A cluster in which nothing is to be fixed."""
    world = DoctorWorld()
    add = world.cluster.add
    for configuration in webhook_configurations("unused:1", "Q0E=", _VALUES):
        kind = resource.VALIDATING_WEBHOOKS if "Validating" in configuration["kind"] else resource.MUTATING_WEBHOOKS
        add(kind, _by_service(configuration))
    for name in _PODS:
        add(resource.PODS, gatekeeper_pod(name))
    for name in ("bestbefore-0", "bestbefore-1"):
        add(resource.PODS, provider_pod(name))
    for name, path in PATHS.items():
        add(resource.PROVIDERS, provider_object(name, path))
    template, *constraints = _policy()
    add(resource.CONSTRAINT_TEMPLATES, template)
    for constraint in constraints:
        add(resource.constraints(KIND), constraint)
    for name, labels in {
        "shop": {"policy.sigstore.dev/include": "true"},
        GATEKEEPER: {},
        HOME: {},
        "kube-system": {},
    }.items():
        add(resource.NAMESPACES, {"metadata": {"name": name, "labels": labels}})
    add(resource.ASSIGNS, assign())
    return world


def statuses(word: str = "") -> list[dict[str, Any]]:
    """`status.byPod`, of every Pod of Gatekeeper."""
    more = {word: True} if word else {}
    return [{"id": name, "observedGeneration": 1, **more} for name in _PODS]


def gatekeeper_pod(name: str, arguments: tuple[str, ...] = ()) -> dict[str, Any]:
    """A Pod of Gatekeeper as its chart makes it with our values."""
    audits = "audit" in name
    operations = ("audit", "status") if audits else ("webhook", "mutation-webhook")
    flags = [
        *(f"--operation={each}" for each in operations),
        f"--log-denies={str(_VALUES['logDenies']).lower()}",
        "--log-level=INFO",
        f"--max-serving-threads={_VALUES['maxServingThreads']}",
        f"--external-data-provider-response-cache-ttl={_VALUES['externaldataProviderResponseCacheTTL']}",
        f"--audit-interval={_VALUES['auditInterval']}",
        *(f"--disable-opa-builtin={each}" for each in _VALUES["disabledBuiltins"]),
        *arguments,
    ]
    labels = {"gatekeeper.sh/system": "yes", "control-plane": "audit-controller" if audits else "controller-manager"}
    container = {
        "name": "manager",
        "image": "openpolicyagent/gatekeeper:v3.23.1",
        "command": ["/manager"],
        "args": flags,
    }
    return {
        "metadata": {"name": name, "namespace": GATEKEEPER, "labels": labels},
        "spec": {"containers": [container]},
        "status": ready(),
    }


def provider_pod(name: str) -> dict[str, Any]:
    """A Pod of the provider as our chart makes it."""
    labels = {"app.kubernetes.io/part-of": "bestbefore", "app.kubernetes.io/component": "provider"}
    ports = [{"name": "https", "containerPort": 8443}, {"name": "metrics", "containerPort": 8888}]
    return {
        "metadata": {"name": name, "namespace": HOME, "labels": labels},
        "spec": {"containers": [{"name": "provider", "ports": ports}]},
        "status": {**ready(), "podIP": "10.0.0.7"},
    }


def provider_object(name: str, path: str) -> dict[str, Any]:
    """A Provider as our chart makes it."""
    seconds = {"/validate": 2, "/audit": 10, "/mutate": 1}[path]
    spec = {
        "url": f"https://bestbefore.{HOME}.svc:8443{path}",
        "timeout": seconds,
        "caBundle": base64.b64encode(b"PEM").decode(),
    }
    return {"metadata": {"name": name, "generation": 1}, "spec": spec, "status": {"byPod": statuses("active")}}


def ready() -> dict[str, Any]:
    """The status of a ready Pod."""
    return {"conditions": [{"type": "Ready", "status": "True"}]}


def assign() -> dict[str, Any]:
    """An Assign as our chart makes it."""
    external = {"provider": "bestbefore-mutate"}
    return {
        "metadata": {"name": "bestbefore-pin-containers"},
        "spec": {"parameters": {"assign": {"externalData": external}}},
    }


@functools.cache
def _policy() -> tuple[dict[str, Any], ...]:
    folder = _ROOT / "policies" / "maximum-image-age"
    texts = [(folder / name).read_text("utf-8") for name in ("template.yaml", "constraint.yaml")]
    return tuple(_with_status(found) for text in texts for found in quick_yaml.load_all(text))


def _with_status(found: Mapping[str, Any]) -> dict[str, Any]:
    is_template = found["kind"] == "ConstraintTemplate"
    status = {"created": True, "byPod": statuses()} if is_template else {"byPod": statuses("enforced")}
    return {**found, "metadata": {**found["metadata"], "generation": 1}, "status": status}


def _by_service(configuration: dict[str, Any]) -> dict[str, Any]:
    for webhook in configuration["webhooks"]:
        service = {"name": "gatekeeper-webhook-service", "namespace": GATEKEEPER}
        webhook["clientConfig"] = {"service": service, "caBundle": webhook["clientConfig"]["caBundle"]}
    return configuration
