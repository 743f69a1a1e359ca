"""Reconciling against the real API server and the real Gatekeeper: what a simulator can only suppose."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gatekeeper.cluster import access
from gatekeeper.cluster.client import LightkubeApi
from gatekeeper.documents.product import MANAGED_BY, NAME
from gatekeeper.evaluation import opa
from gatekeeper.policy import policy_of
from gatekeeper.reconciliation.reconciler import Reconciler, ReconcilerMirrors, ReconcilerSettings
from gatekeeper.reconciliation.references import ReferenceReader
from gatekeeper.reconciliation.report import PolicyReport, RoundReport
from gatekeeper.reconciliation.translator import PolicyTranslator, TranslatorSettings
from gatekeeper.reconciliation.worker import ReconciliationWorker
from gatekeeper.resolution.remote_text import fetch
from gatekeeper.translation import names
from gatekeeper.translation.translate import objects as objects_of
from gatekeeper.translation.translate import translate
from provider.clock import SystemClock
from tests.e2e.rig import definition_end, leftovers, objects
from tests.e2e.rig.gatekeeper import NAMESPACE
from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.world import World
from tests.simulators.key_services import KeyServiceStub

_SECONDS = 30.0
_DENIES = "package sigstore\nisCompliant { false }\n"
_ALLOWS = "package sigstore\nisCompliant { true }\n"
_BROKEN = "package sigstore\nisCompliant { undefined_function(1) }\n"
_PATH = "/apis/policy.sigstore.dev/v1alpha1/clusterimagepolicies"
_DEFINITION: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "clusterimagepolicies.policy.sigstore.dev"},
    "spec": {
        "group": "policy.sigstore.dev",
        "scope": "Cluster",
        "names": {"kind": "ClusterImagePolicy", "plural": "clusterimagepolicies", "singular": "clusterimagepolicy"},
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}


class Reports:
    """Implements `PolicyReports`."""

    def __init__(self) -> None:
        self.rounds: list[RoundReport] = []

    def take(self, found: RoundReport) -> None:
        """See `PolicyReports`."""
        self.rounds.append(found)

    def of(self, name: str) -> PolicyReport | None:
        """The last one about a policy."""
        return next((each for each in self.rounds[-1].policies if each.name == name), None) if self.rounds else None

    def state(self, name: str) -> str:
        """Its state and reason."""
        found = self.of(name)
        return f"{found.state} {found.reason}" if found else "absent"


@pytest.fixture
def definition(world: World) -> Iterator[None]:
    """The cluster has ClusterImagePolicies; afterwards nothing is there that came of them."""
    world.client.apply(_DEFINITION)
    wait_until(lambda: world.client.request("GET", _PATH).ok, "kind", _SECONDS)
    yield
    leftovers.take_away(world)


@pytest.fixture
def reports(world: World, definition: None) -> Iterator[Reports]:
    """What a reconciler says, which ends with the test."""
    taken, stop = Reports(), threading.Event()
    unexpected: list[Exception] = []
    api, clock = LightkubeApi(access.find(world.server.kubeconfig)), SystemClock()

    def reconciler(mirrors: ReconcilerMirrors, may_write: Callable[[], bool]) -> Reconciler:
        reader = ReferenceReader(api, clock)
        translator = PolicyTranslator(
            opa.find, reader, fetch, clock, TranslatorSettings("cosign-system", KeyServiceStub())
        )
        return Reconciler(api, mirrors, translator, taken, clock, ReconcilerSettings(NAMESPACE, "deny"), may_write)

    worker = ReconciliationWorker(lambda: ReconcilerMirrors.of(api, clock), reconciler, lambda: True, unexpected.append)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    yield taken
    stop.set()
    thread.join(120)
    # Its watches end with the API server's next word.
    api.close()
    assert unexpected == []


def _policy(name: str, rule: str, **spec: Any) -> Object:
    return {
        "apiVersion": "policy.sigstore.dev/v1alpha1",
        "kind": "ClusterImagePolicy",
        "metadata": {"name": name},
        "spec": {
            "images": [{"glob": "**"}],
            "authorities": [{"static": {"action": "pass"}}],
            "policy": {"type": "rego", "data": rule},
            **spec,
        },
    }


def _admits(world: World, namespace: str, image: str = "registry.invalid/image:1") -> bool:
    return world.client.create(objects.pod(namespace, image), dry_run=True).ok


def _end(world: World, reports: Reports, name: str, namespace: str) -> None:
    """A policy is deleted, the only one, and all is admitted again."""
    world.client.delete(_policy(name, _DENIES))
    _wait(lambda: any(name in each.removed for each in reports.rounds), reports, "end")
    _wait(lambda: _admits(world, namespace), reports, "admission")


def _wait(condition: Callable[[], bool], reports: Reports, name: str) -> float:
    begun = time.monotonic()
    try:
        wait_until(condition, name, _SECONDS)
    except Exception as error:
        raise AssertionError(f"{name}: {reports.rounds[-1:]}") from error
    return time.monotonic() - begun


def test_policy_is_in_force_after_apply_changes_with_an_edit_and_ends_with_its_object(
    world: World, reports: Reports
) -> None:
    namespace = world.namespace()
    assert _admits(world, namespace)
    world.client.apply(_policy("story", _DENIES))
    seconds = _wait(lambda: reports.state("story") == "enforced InForce", reports, "story")
    print(f"in force after {seconds:.2f} s")  # noqa: T201
    assert not _admits(world, namespace)
    world.client.apply(_policy("story", _BROKEN))
    _wait(lambda: reports.state("story") == "rejected RuleInvalid", reports, "broken")
    assert not _admits(world, namespace)
    world.client.apply(_policy("story", _ALLOWS))
    _wait(lambda: reports.state("story") == "enforced InForce", reports, "mended")
    assert _admits(world, namespace)
    rounds = len(reports.rounds)
    time.sleep(5)
    assert len(reports.rounds) - rounds <= 3
    _end(world, reports, "story", namespace)


def test_what_a_person_adds_to_a_constraint_is_taken_away_again(world: World, reports: Reports) -> None:
    namespace = world.namespace()
    world.client.apply(_policy("hands", _DENIES))
    _wait(lambda: reports.state("hands") == "enforced InForce", reports, "hands")
    constraint: Object = {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": names.kind_of("hands"),
        "metadata": {"name": "hands"},
    }
    world.client.patch(constraint, {"spec": {"match": {"excludedNamespaces": [namespace]}}}).expect_ok()
    template: Object = {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": names.template_name(names.kind_of("hands"))},
    }
    world.client.patch(template, {"metadata": {"labels": {"bestbefore.dev/policy-uid": "other"}}}).expect_ok()
    _wait(lambda: any(each.repaired for each in reports.rounds), reports, "repair")
    wait_until(lambda: "excludedNamespaces" not in world.client.get(constraint).body["spec"]["match"], "repair", 100)
    # The last word about it may be of the round that took it away, before Gatekeeper saw that.
    _wait(lambda: not _admits(world, namespace), reports, "denied again")
    _wait(lambda: reports.state("hands") == "enforced InForce", reports, "hands again")
    _end(world, reports, "hands", namespace)


def test_images_that_no_policy_covers_are_denied_while_there_is_a_policy(world: World, reports: Reports) -> None:
    namespace = world.namespace()
    policy = _policy("covering", _ALLOWS, images=[{"glob": "registry.example.test/*"}])
    world.client.apply(policy)
    _wait(lambda: not _admits(world, namespace), reports, "denied")
    assert _admits(world, namespace, "registry.example.test/image:1")
    _end(world, reports, "covering", namespace)


def test_objects_that_translate_made_are_taken_over(world: World, reports: Reports) -> None:
    name, namespace = "adopted", world.namespace()
    made = translate([policy_of(_policy(name, _DENIES))], opa.find(), None, opa.find())
    template, constraint = objects_of(made)
    world.client.apply(dict(template))
    path = f"/apis/constraints.gatekeeper.sh/v1beta1/{constraint['kind'].lower()}"
    _wait(lambda: world.client.request("GET", path).ok, reports, "kind")
    world.client.apply(dict(constraint))
    world.client.apply(_policy(name, _DENIES))
    _wait(lambda: reports.state(name) == "enforced InForce", reports, name)
    there = world.client.get(dict(constraint)).body["metadata"]
    assert there["labels"][MANAGED_BY] == NAME
    assert not _admits(world, namespace)
    _end(world, reports, name, namespace)
    assert world.client.get(dict(template)).status == 404


def test_policies_outlive_the_definition_of_their_kind(world: World, reports: Reports) -> None:
    namespace = world.namespace()
    world.client.apply(_policy("lasting", _DENIES))
    _wait(lambda: reports.state("lasting") == "enforced InForce", reports, "lasting")
    world.client.delete(_DEFINITION)
    _wait(lambda: reports.state("lasting").startswith("held"), reports, "held")
    definition_end.wait(world.client, _DEFINITION["metadata"]["name"])
    time.sleep(5)
    assert reports.state("lasting").startswith("held")
    assert not _admits(world, namespace)
    world.client.apply(_DEFINITION)
    wait_until(lambda: world.client.request("GET", _PATH).ok, "kind", _SECONDS)
    world.client.apply(_policy("lasting", _ALLOWS))
    _wait(lambda: reports.state("lasting") == "enforced InForce", reports, "lasting again")
    assert _admits(world, namespace)
    _end(world, reports, "lasting", namespace)


def test_uninstalled_policy_controller_takes_its_kind_along_and_nothing_opens(world: World, reports: Reports) -> None:
    """Its chart has the definition, and its finalizer is on each policy, which hangs until somebody takes it away."""
    namespace, finalized = world.namespace(), _policy("finalized", _DENIES)
    finalized["metadata"]["finalizers"] = ["policy.sigstore.dev/finalizer"]
    world.client.apply(finalized)
    _wait(lambda: reports.state("finalized") == "enforced InForce", reports, "finalized")
    world.client.delete(_DEFINITION)
    _wait(lambda: reports.state("finalized") == "enforced BeingDeleted", reports, "policy that hangs")
    assert not _admits(world, namespace)
    world.client.patch(finalized, {"metadata": {"finalizers": None}}).expect_ok()
    _wait(lambda: reports.state("finalized").startswith("held"), reports, "held")
    definition_end.wait(world.client, _DEFINITION["metadata"]["name"])
    assert not _admits(world, namespace)

    world.client.apply(_DEFINITION)
    wait_until(lambda: world.client.request("GET", _PATH).ok, "kind", _SECONDS)
    world.client.apply(_policy("finalized", _DENIES))
    _wait(lambda: reports.state("finalized") == "enforced InForce", reports, "finalized again")
    assert not _admits(world, namespace)
    _end(world, reports, "finalized", namespace)
