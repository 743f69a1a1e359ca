"""A look at a cluster by the real opa: what runs, by the template that is in force; half a look is none."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Sequence
from typing import Any

import pytest

from gatekeeper.cluster.errors import AccessDeniedError, ClusterUnavailableError
from gatekeeper.cluster.resource import (
    CONSTRAINT_TEMPLATES,
    DEPLOYMENTS,
    NAMESPACES,
    PODS,
    PROVIDERS,
    WORKLOADS,
    constraints,
)
from gatekeeper.controller.cluster_forecaster import ClusterForecaster, provider_target
from gatekeeper.evaluation.evaluator import ConstraintReview
from gatekeeper.evaluation.program import NOTHING, StubAnswers
from gatekeeper.freshness.outlook import DAY, SECOND, Due, Question
from gatekeeper.freshness.provider_facts import ProviderAbsentError
from provider.questions import question
from tests import quick_yaml
from tests.engine import engine
from tests.programs import ROOT
from tests.simulators.clock import EPOCH
from tests.simulators.cluster import ClusterSimulator

NOW = int(EPOCH) * SECOND
IMAGE = "registry.example.com/shop/web:1.4"
DIGEST = f"sha256:{'a' * 64}"
POLICY = ROOT / "policies" / "maximum-image-age"


class FactsSimulator:
    """Implements `FactSource`: each image is 27 days old."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False

    def answers(self, keys: Sequence[str]) -> StubAnswers:
        self.asked += keys
        if self.away:
            passing = {question.ref(key): {"reason": "RegistryUnavailable", "message": "no"} for key in keys}
            return StubAnswers({}, {}, json.dumps(passing))
        born = str(NOW - 27 * DAY)
        date = "2026-10-28T22:40:00Z"
        value = {
            "image": IMAGE,
            "digest": DIGEST,
            "reference": f"registry.example.com/shop/web@{DIGEST}",
            "created": date,
            "createdNs": born,
            "createdFrom": "config",
            "platforms": {
                "linux/amd64": {"digest": DIGEST, "created": date, "createdNs": born, "createdFrom": "config"}
            },
        }
        return StubAnswers({key: {**value, "ref": question.ref(key)} for key in keys}, {})

    def at_hand(self, cases: Sequence[ConstraintReview], images: Sequence[str]) -> StubAnswers:
        return NOTHING


class World:
    """A cluster with one Deployment of two Pods, under the rule of 30 days."""

    def __init__(self) -> None:
        self.cluster, self.facts = ClusterSimulator(), FactsSimulator()
        self.opened = lambda: contextlib.nullcontext(self.facts)
        self.forecaster = ClusterForecaster(self.cluster, engine, self.opened, "example.com/team")
        labels = {"policy.sigstore.dev/include": "true", "example.com/team": "team-shop"}
        self.cluster.add(NAMESPACES, {"metadata": {"name": "shop", "labels": labels}})
        spec = {"containers": [{"name": "web", "image": IMAGE}]}
        template = {"metadata": {"labels": {"app": "web"}}, "spec": spec}
        body = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
        named = {"name": "web", "namespace": "shop", "uid": "uid-web"}
        self.cluster.add(DEPLOYMENTS, {"metadata": named, "spec": {**body, "replicas": 2}})
        owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "uid": "uid-web", "controller": True}
        metadata = {"name": "web-6d5f8c7b94", "namespace": "shop", "uid": "uid-rs", "ownerReferences": [owner]}
        self.cluster.add(WORKLOADS["ReplicaSet"], {"metadata": metadata, "spec": body})
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": metadata["name"], "uid": "uid-rs"}
        for name in ("a", "b"):
            metadata = {"name": f"web-6d5f8c7b94-{name}", "namespace": "shop", "labels": {"app": "web"}}
            metadata["ownerReferences"] = [{**owner, "controller": True}]
            status = {"phase": "Running", "containerStatuses": [{"name": "web", "imageID": f"{IMAGE[:-4]}@{DIGEST}"}]}
            self.cluster.add(PODS, {"metadata": metadata, "spec": spec, "status": status})

    def enforce(self, **parameters: Any) -> None:
        template = quick_yaml.load((POLICY / "template.yaml").read_text())
        constraint = next(quick_yaml.load_all((POLICY / "constraint.yaml").read_text()))
        constraint["spec"]["parameters"] = {"maxAge": "30d", "reschedule": "deny", "reports": "all", **parameters}
        self.cluster.add(CONSTRAINT_TEMPLATES, template)
        self.cluster.add(constraints(constraint["kind"]), constraint)


@pytest.fixture
def world() -> World:
    world = World()
    world.enforce()
    return world


def test_what_runs_is_judged_by_what_is_in_force_and_has_its_owner(world: World) -> None:
    sight = world.forecaster.look(NOW)
    (found,) = [each for each in sight.outlooks if each.question is Question.RESCHEDULE]
    assert found.best_before is not None
    assert abs(found.best_before - (NOW + 3 * DAY)) <= SECOND
    assert found.due(NOW) is Due.IN_3_DAYS
    assert (found.subject.workload.name, found.subject.running, found.subject.team) == ("web", 2, "team-shop")
    assert sight.uids[found.subject.workload] == "uid-web"
    assert (sight.policies, sight.gaps, sight.problems) == (1, (), ())


def test_controller_that_starts_again_foresees_the_same(world: World) -> None:
    first = world.forecaster.look(NOW)
    again = ClusterForecaster(world.cluster, engine, world.opened, "example.com/team").look(NOW + 60 * SECOND)
    told = [
        [(each.policy, each.subject, each.question, each.best_before) for each in sight.outlooks]
        for sight in (first, again)
    ]
    assert told[0] == told[1] != []


def test_registry_that_is_away_makes_it_unknown_never_good(world: World) -> None:
    world.facts.away = True
    sight = world.forecaster.look(NOW)
    assert {each.due(NOW) for each in sight.outlooks} == {Due.UNKNOWN}


@pytest.mark.parametrize("plural", ["pods", "replicasets", "namespaces"])
def test_half_a_look_is_none(world: World, plural: str) -> None:
    world.cluster.fail(plural, ClusterUnavailableError(f"list {plural}: no answer"))
    sight = world.forecaster.look(NOW)
    assert sight.outlooks == ()
    assert plural in sight.gaps[0]


def test_policies_that_may_not_be_read_end_the_look(world: World) -> None:
    world.cluster.fail("constrainttemplates", AccessDeniedError("list constrainttemplates: 403"))
    with pytest.raises(AccessDeniedError):
        world.forecaster.look(NOW)


def test_without_policies_nothing_is_asked() -> None:
    world = World()
    assert world.forecaster.look(NOW).outlooks == []
    assert world.facts.asked == []


def test_provider_is_where_gatekeeper_asks() -> None:
    cluster = ClusterSimulator()
    spec = {"url": "https://bestbefore:8443/audit", "caBundle": base64.b64encode(b"PEM").decode()}
    cluster.add(PROVIDERS, {"metadata": {"name": "bestbefore-audit"}, "spec": spec})
    assert provider_target(cluster).url == "https://bestbefore:8443/audit"


@pytest.mark.parametrize("spec", [None, {"url": "http://x/audit"}, {"url": "https://x/audit", "caBundle": "no"}])
def test_provider_that_cannot_be_believed_is_none(spec: dict[str, Any] | None) -> None:
    cluster = ClusterSimulator()
    if spec is not None:
        cluster.add(PROVIDERS, {"metadata": {"name": "bestbefore-audit"}, "spec": spec})
    with pytest.raises(ProviderAbsentError):
        provider_target(cluster)
