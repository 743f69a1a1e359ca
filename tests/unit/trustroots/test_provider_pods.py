"""What the provider's Pods say that they have loaded, and what is made of nonsense."""

from __future__ import annotations

import pytest

from gatekeeper.cluster import metrics_page
from gatekeeper.cluster.errors import ClusterError
from gatekeeper.cluster.metrics_page import MetricsPage
from gatekeeper.cluster.resource import PODS
from gatekeeper.trustroots import limits
from gatekeeper.trustroots.provider_pods import NetworkRootPage, PodRoots, RootPods
from tests.simulators.cluster import ClusterSimulator
from tests.unit.trustroots.world import LABELS, NAMESPACE

READY = {"type": "Ready", "status": "True"}


def test_page_says_which_digests_are_loaded_by_name(monkeypatch):
    asked = []
    text = '{"roots": {"own": ["a", "b"], "other": []}}'
    monkeypatch.setattr(metrics_page, "fetch", lambda *place: asked.append(place) or MetricsPage(text, ""))
    found = PodRoots("a", NetworkRootPage().read("10.0.0.1", 8888))
    assert asked == [("10.0.0.1", 8888, "/trust-roots")]
    assert [found.has("own", "b"), found.has("own", "c"), found.has("none", "a")] == [True, False, False]


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "{}", '{"roots": []}', '{"roots": {"own": 1}}', "[" * 100_000, '{"roots": {"own": ["a"]}} x'],
    ids=["empty", "word", "list", "nothing", "no names", "number", "deep", "more"],
)
def test_page_that_says_something_else_is_of_a_pod_that_has_nothing(monkeypatch, text):
    monkeypatch.setattr(metrics_page, "fetch", lambda *_: MetricsPage(text, ""))
    assert NetworkRootPage().read("10.0.0.1", 8888) is None
    assert not PodRoots("a", None).has("own", "a")


@pytest.mark.parametrize("error", [OSError("refused"), ValueError("it answered 404")], ids=["away", "older version"])
def test_pod_that_does_not_answer_has_nothing(monkeypatch, error):
    def fetch(*_):
        raise error

    monkeypatch.setattr(metrics_page, "fetch", fetch)
    assert NetworkRootPage().read("10.0.0.1", 8888) is None


class Pages:
    """Pages of Pods, by their hosts and ports."""

    def __init__(self) -> None:
        self.asked = []

    def read(self, host, port):
        self.asked.append((host, port))
        return {}


@pytest.fixture
def cluster():
    return ClusterSimulator(page=100)


def add(cluster, name, labels=LABELS, ready=READY, ip="10.0.0.1", ports=()):
    status = {"podIP": ip, "conditions": [ready]}
    containers = [{"ports": [{"name": port, "containerPort": number} for port, number in ports]}]
    metadata = {"name": name, "namespace": NAMESPACE, "labels": labels}
    cluster.add(PODS, {"metadata": metadata, "spec": {"containers": containers}, "status": status})


def test_ready_pods_of_the_provider_are_asked_at_their_ports_and_no_others(cluster):
    add(cluster, "a", ports=[("https", 8443), ("metrics", 9999)])
    add(cluster, "b", ready={"type": "Ready", "status": "False"})
    add(cluster, "c", labels={**LABELS, "app.kubernetes.io/component": "controller"})
    add(cluster, "d", ip="")
    pages = Pages()
    found = RootPods(cluster, NAMESPACE, pages).loaded()
    assert pages.asked == [("10.0.0.1", 9999)]
    assert [(each.name, each.loaded) for each in found] == [("a", {}), ("d", None)]


def test_more_pods_than_are_asked_is_an_error_and_no_yes(cluster, monkeypatch):
    monkeypatch.setattr(limits, "PODS", 1)
    add(cluster, "a")
    add(cluster, "b")
    with pytest.raises(ClusterError, match="more than 1 Pods"):
        RootPods(cluster, NAMESPACE, Pages()).loaded()
