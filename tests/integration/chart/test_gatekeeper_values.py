"""gatekeeper-values.yaml against Gatekeeper's own chart, of the release that we support."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.e2e.rig.gatekeeper import webhook_configurations
from tests.integration.chart.helm import CHART, Helm, Object, Rendering
from tests.programs import gatekeeper_chart

pytestmark = pytest.mark.integration

VALUES = CHART / "gatekeeper-values.yaml"


@pytest.fixture(scope="module")
def chart() -> Path:
    return gatekeeper_chart()


@pytest.fixture(scope="module")
def gatekeeper(helm: Helm, chart: Path) -> Rendering:
    return Helm(helm.program, chart).render(VALUES, release="gatekeeper")


def test_every_key_is_a_value_of_gatekeepers_chart(chart: Path) -> None:
    theirs = yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8"))
    for key, value in yaml.safe_load(VALUES.read_text(encoding="utf-8")).items():
        assert type(theirs[key]) is type(value), key


def test_validation_fails_closed_and_mutation_does_not(gatekeeper: Rendering) -> None:
    (validating,) = gatekeeper.of("ValidatingWebhookConfiguration")
    (mutating,) = gatekeeper.of("MutatingWebhookConfiguration")
    assert {(hook["failurePolicy"], hook["timeoutSeconds"]) for hook in validating["webhooks"]} == {("Fail", 3)}
    assert {(hook["failurePolicy"], hook["timeoutSeconds"]) for hook in mutating["webhooks"]} == {("Ignore", 1)}


def test_cluster_can_start_without_gatekeeper(gatekeeper: Rendering) -> None:
    (validating,) = gatekeeper.of("ValidatingWebhookConfiguration")
    exempt = {
        namespace
        for requirement in validating["webhooks"][0]["namespaceSelector"]["matchExpressions"]
        if requirement["key"] == "kubernetes.io/metadata.name" and requirement["operator"] == "NotIn"
        for namespace in requirement["values"]
    }
    assert exempt == {"kube-system", "kube-node-lease", "gatekeeper-system"}
    names = {condition["name"] for condition in validating["webhooks"][0]["matchConditions"]}
    assert {"is-not-of-the-control-plane", "is-no-node-event-or-endpoint", "is-no-binding-and-no-eviction"} <= names


def test_webhooks_of_the_rig_are_those_of_the_chart(gatekeeper: Rendering) -> None:
    values = yaml.safe_load(VALUES.read_text(encoding="utf-8"))
    for ours in webhook_configurations("127.0.0.1:1", "", values):
        theirs = gatekeeper.one(ours["kind"])
        assert theirs["metadata"]["name"] == ours["metadata"]["name"]
        assert [_without_address(hook) for hook in theirs["webhooks"]] == [
            _without_address(hook) for hook in ours["webhooks"]
        ]


def _without_address(hook: Object) -> Object:
    """A webhook, with what is empty left out, for a chart writes down defaults that others leave away."""
    return {key: value for key, value in hook.items() if key != "clientConfig" and value != {}}


@pytest.mark.parametrize(
    "flag",
    [
        "--max-serving-threads=20",
        "--log-denies=true",
        "--disable-opa-builtin=http.send",
        "--external-data-provider-response-cache-ttl=3m",
        "--enable-external-data=true",
        "--operation=mutation-webhook",
    ],
)
def test_manager_gets_the_flag(gatekeeper: Rendering, flag: str) -> None:
    (manager,) = (
        found for found in gatekeeper.of("Deployment") if found["metadata"]["name"] == "gatekeeper-controller-manager"
    )
    assert flag in manager["spec"]["template"]["spec"]["containers"][0]["args"]
