"""gatekeeper-values.yaml against Gatekeeper's own chart, of the release that we support."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.integration.chart.helm import CHART, Helm, Rendering
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
    assert exempt == {"kube-system", "gatekeeper-system"}


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
