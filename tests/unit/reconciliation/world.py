"""A cluster with Gatekeeper, policies, and a reconciler whose time passes when a test says so.

world = World()
world.apply("fresh", rule=RULE)          # a ClusterImagePolicy
world.run()                              # rounds, with Gatekeeper's Pods between them, until nothing changes
world.report("fresh").state
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.errors import ClusterError
from gatekeeper.cluster.resource import (
    CLUSTER_IMAGE_POLICIES,
    CONSTRAINT_TEMPLATES,
    CUSTOM_RESOURCE_DEFINITIONS,
    POLICY_STATUSES,
    constraints,
)
from gatekeeper.documents.problems import PolicyError, Problem
from gatekeeper.evaluation.opa import NoVerdictError
from gatekeeper.reconciliation.mirror import Mirror
from gatekeeper.reconciliation.reconciler import Reconciler, ReconcilerMirrors, ReconcilerSettings
from gatekeeper.reconciliation.references import ReferenceReader
from gatekeeper.reconciliation.report import PolicyReport, RoundReport
from gatekeeper.reconciliation.root_digests import RootDigests
from gatekeeper.reconciliation.shadow import Shadow
from gatekeeper.reconciliation.translator import PolicyTranslator, TranslatorSettings
from gatekeeper.translation import names
from gatekeeper.translation.constraint import COVERAGE_KIND, COVERAGE_NAME
from tests.simulators.clock import FakeClock
from tests.simulators.cluster import ClusterSimulator
from tests.simulators.gatekeeper_cluster import NAMESPACE, GatekeeperCluster
from tests.simulators.key_services import KeyServiceStub

DEFINITION = "clusterimagepolicies.policy.sigstore.dev"
RULE = "package sigstore\nisCompliant { input.config[_].created }\n"
OTHER_RULE = "package sigstore\nisCompliant { input.config[_].config.User }\n"
BROKEN_RULE = "package sigstore\nisCompliant { undefined_function(1) }\n"


class EngineSimulator:
    """Implements `Engine` as far as translation needs one: what says `undefined_function` does not compile."""

    def __init__(self) -> None:
        self.failure: NoVerdictError | None = None
        self.checks = 0

    def check(self, folder):
        self.checks += 1
        if self.failure is not None:
            raise self.failure
        return [
            OpaFault(str(file.relative_to(folder)))
            for file in sorted(folder.rglob("*.rego"))
            if "undefined_function" in file.read_text("utf-8")
        ]

    def parse(self, text):
        return None


class OpaFault:
    """Implements `RegoError`."""

    def __init__(self, file: str) -> None:
        self.code = "rego_type_error"
        self.message = "undefined function undefined_function"
        self.file = file
        self.row = 2


class World:
    """See above."""

    def __init__(
        self, *, no_match: str = "allow", shadow: Shadow | None = None, namespace: str = "cosign-system"
    ) -> None:
        self.clock = FakeClock()
        self.cluster = ClusterSimulator(page=100)
        # What is called instead of the cluster itself.
        self.api: KubernetesApi | None = None
        self.gatekeeper = GatekeeperCluster(self.cluster)
        self.engine = EngineSimulator()
        self.reports: list[RoundReport] = []
        self.holds = True
        # The trust roots that policies name; None where nobody reads any.
        self.roots: RootDigests | None = None
        self.texts: dict[str, bytes] = {}
        self.fetched = 0
        self.keys = KeyServiceStub()
        self._no_match = no_match
        self._namespace = namespace
        self.define()
        self.restart(shadow)

    def define(self) -> None:
        """The cluster has the kind ClusterImagePolicy."""
        self.cluster.bring(CLUSTER_IMAGE_POLICIES)
        self.cluster.add(CUSTOM_RESOURCE_DEFINITIONS, {"metadata": {"name": DEFINITION}})

    def restart(self, shadow: Shadow | None = None) -> None:
        """A new process, which knows nothing."""
        api = self.api or self.cluster
        settings = ReconcilerSettings(NAMESPACE, self._no_match, shadow)
        self.translator = PolicyTranslator(
            lambda: self.engine,
            ReferenceReader(api, self.clock),
            self._fetch,
            self.clock,
            TranslatorSettings(self._namespace, self.keys, shadow),
        )
        self.mirrors = ReconcilerMirrors.of(api, self.clock)
        self.reconciler = Reconciler(
            api, self.mirrors, self.translator, self, self.clock, settings, lambda: self.holds, self.roots
        )

    def take(self, found: RoundReport) -> None:
        """See `PolicyReports`."""
        self.reports.append(found)

    def apply(self, name: str, rule: str = RULE, glob: str = "**", **spec: Any) -> None:
        """A ClusterImagePolicy with a rule, or, where that is empty, with an authority that passes."""
        wanted: dict[str, Any] = {"images": [{"glob": glob}], "authorities": [{"static": {"action": "pass"}}], **spec}
        if rule:
            wanted.setdefault("policy", {"type": "rego", "fetchConfigFile": True, "data": rule})
        self.cluster.apply(CLUSTER_IMAGE_POLICIES, {"metadata": {"name": name}, "spec": wanted})

    def delete(self, name: str) -> None:
        """It is deleted."""
        self.cluster.remove(CLUSTER_IMAGE_POLICIES, name)

    def look(self) -> float:
        """What watches would tell, and one round; how long it would rest."""
        for mirror in (self.mirrors.policies, self.mirrors.templates):
            _turn(mirror)
        return self.reconciler.round()

    def run(self, seconds: float = 8.0) -> None:
        """So much time, in which Gatekeeper's Pods keep up."""
        ends = self.clock.monotonic() + seconds
        while self.clock.monotonic() < ends:
            rest = self.look()
            self.gatekeeper.settle()
            self.clock.advance(min(rest, 1.0))

    @property
    def writes(self) -> list[str]:
        """What the reconciler wrote, `VERB KIND NAME`."""
        return [each for each in self.cluster.writes if f" {CLUSTER_IMAGE_POLICIES.kind} " not in each]

    def report(self, name: str) -> PolicyReport:
        """The last one about a policy."""
        return next(each for each in self.reports[-1].policies if each.name == name)

    def state(self, name: str) -> str:
        """Its state and reason."""
        found = self.report(name)
        return f"{found.state} {found.reason}"

    def rule(self, name: str) -> str:
        """The rule in the template of a policy."""
        (found,) = [
            each
            for each in self.cluster.objects(CONSTRAINT_TEMPLATES)
            if each["metadata"]["name"] == names.template_name(names.kind_of(name))
        ]
        libraries = found["spec"]["targets"][0]["code"][0]["source"]["libs"]
        return str(libraries[-1]).split("\n", 1)[1]

    def constraint(self, name: str, kind: str = "") -> Mapping[str, Any]:
        """The Constraint of a policy."""
        return self.cluster.get(constraints(kind or names.kind_of(name)), names.constraint_name(name))

    def coverage(self) -> list[str]:
        """The names of the policies that the Constraint for uncovered images knows; none where there is none."""
        for each in self.cluster.objects(constraints(COVERAGE_KIND)):
            if each["metadata"]["name"] == COVERAGE_NAME:
                return [entry["name"] for entry in each["spec"]["parameters"]["policies"]]
        return []

    def generated(self) -> list[str]:
        """What is there of ours, `KIND NAME`."""
        found = self.cluster.objects(CONSTRAINT_TEMPLATES)
        found += [
            each
            for template in list(found)
            for each in self.cluster.objects(constraints(template["spec"]["crd"]["spec"]["names"]["kind"]))
        ]
        return [f"{each['kind']} {each['metadata']['name']}" for each in found]

    def accept(self, name: str, uid: str, value: str = "") -> None:
        """A person accepts the end of a policy, on its status object."""
        metadata = {"name": name, "annotations": {"bestbefore.dev/accept-removal": value or uid}}
        self.cluster.add(POLICY_STATUSES, {"metadata": metadata, "status": {"policyUID": uid, "state": "held"}})

    def _fetch(self, url: str) -> bytes:
        self.fetched += 1
        if url not in self.texts:
            raise PolicyError([Problem("spec.policy.remote.url", f"cannot get {url}")])
        return self.texts[url]


def _turn(mirror: Mirror[Any]) -> None:
    try:
        mirror.turn(lambda: None)
        if mirror.objects is not None:
            mirror.turn(lambda: None)
    except ClusterError:
        pass
