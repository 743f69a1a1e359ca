"""What the ledger knows of the cluster."""

from __future__ import annotations

import pytest

from gatekeeper.cluster.errors import AccessDeniedError
from gatekeeper.cluster.resource import NAMESPACES, VALIDATING_WEBHOOKS
from gatekeeper.controller.cluster_facts import ClusterFacts
from gatekeeper.denials.ledger.ledger import Ledger
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.ledger.reports import NoReports
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from tests.simulators.clock import FakeClock
from tests.simulators.cluster import ClusterSimulator
from tests.simulators.sources import HealthSimulator


class World:
    """A cluster, and a ledger that is to know it."""

    def __init__(self) -> None:
        self.cluster = ClusterSimulator()
        self.health = HealthSimulator()
        self.metrics = DenialMetrics()
        self.ledger = Ledger(FakeClock(), self.metrics, NoReports())
        self.facts = ClusterFacts(self.cluster, self.ledger, self.health, ["argocd"])

    def webhook(self, policy: str) -> None:
        webhooks = [
            {"name": "check-ignore-label.gatekeeper.sh", "failurePolicy": "Fail"},
            {"name": "validation.gatekeeper.sh", "failurePolicy": policy},
        ]
        self.cluster.add(VALIDATING_WEBHOOKS, {"metadata": {"name": "gatekeeper"}, "webhooks": webhooks})


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(("policy", "fails_closed"), [("Fail", True), ("Ignore", False)])
def test_failure_policy_is_that_of_gatekeepers_validating_webhook(world, policy, fails_closed):
    world.webhook(policy)
    world.facts.look()
    assert world.ledger._surroundings.fails_closed is fails_closed
    assert world.ledger._surroundings.gitops == {"argocd"}
    assert world.health.events == [(SourceName.CLUSTER, None)]


def test_counters_of_namespaces_that_opted_in_exist_before_the_first_denial(world):
    world.cluster.add(NAMESPACES, {"metadata": {"name": "shop", "labels": {"policy.sigstore.dev/include": "true"}}})
    world.cluster.add(NAMESPACES, {"metadata": {"name": "other"}})
    world.facts.look()
    value = world.metrics.registry.get_sample_value
    name = "bestbefore_admission_denied_requests_total"
    assert value(name, {"resource_namespace": "shop", "actor": "controller"}) == 0
    assert value(name, {"resource_namespace": "other", "actor": "controller"}) is None


def test_what_was_known_stays_where_nothing_can_be_read(world):
    world.webhook("Fail")
    world.facts.look()
    world.cluster.fail("*", AccessDeniedError("list: 403"))
    world.facts.look()
    assert world.ledger._surroundings.fails_closed
    assert world.health.events[-1] == (SourceName.CLUSTER, SourceProblem.FORBIDDEN)
