"""What of the chart keeps the provider there: autoscaling, upgrades, node drains."""

from __future__ import annotations

import pytest

from tests.integration.chart.helm import CHART, Helm, Rendering

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def autoscaled(helm: Helm) -> Rendering:
    return helm.render(CHART / "ci" / "autoscaled-values.yaml")


def test_autoscaler_alone_says_how_many_pods_there_are(autoscaled: Rendering, rendering: Rendering) -> None:
    deployment = autoscaled.one("Deployment")
    spec = autoscaled.one("HorizontalPodAutoscaler")["spec"]
    # An upgrade that rendered a number would undo the autoscaler's.
    assert "replicas" not in deployment["spec"]
    assert spec["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 9)
    assert spec["behavior"] == {"scaleDown": {"stabilizationWindowSeconds": 600}}
    assert not list(rendering.of("HorizontalPodAutoscaler"))


def test_autoscaler_looks_at_the_providers_container_and_not_at_sidecars(autoscaled: Rendering) -> None:
    metrics = autoscaled.one("HorizontalPodAutoscaler")["spec"]["metrics"]
    assert {
        (metric["containerResource"]["name"], metric["containerResource"]["target"]["averageUtilization"])
        for metric in metrics
    } == {("cpu", 70), ("memory", 90)}
    assert {metric["containerResource"]["container"] for metric in metrics} == {"provider"}
    assert "provider" in {container["name"] for container in autoscaled.pod["containers"]}


def test_autoscaler_without_a_second_pod_brings_no_budget_that_would_block_drains(helm: Helm) -> None:
    alone = helm.render(values=["provider.autoscaling.enabled=true", "provider.autoscaling.minReplicas=1"])
    assert not list(alone.of("PodDisruptionBudget"))


def test_upgrade_never_has_fewer_pods_than_wanted(rendering: Rendering, autoscaled: Rendering) -> None:
    assert rendering.one("Deployment")["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
    }
    assert autoscaled.one("Deployment")["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 0}


@pytest.mark.parametrize("part", ["provider", "controller"])
def test_what_people_add_reaches_the_pods(autoscaled: Rendering, part: str) -> None:
    pod = autoscaled.pod_of(part)
    assert autoscaled.one("Deployment", part)["metadata"]["annotations"] == {"example.com/owner": "platform"}
    assert [container["name"] for container in pod["containers"]] == [part, "reloader"]
    assert pod["hostAliases"] == [{"ip": "10.1.2.3", "hostnames": ["registry.lab"]}]
    assert pod["dnsPolicy"] == {"provider": "None", "controller": "ClusterFirst"}[part]
    assert pod["dnsConfig"]


def test_sidecars_start_before_the_provider(autoscaled: Rendering) -> None:
    assert [container["name"] for container in autoscaled.pod["initContainers"]] == ["mesh"]


def test_no_user_is_named_where_openshift_chooses_it(helm: Helm) -> None:
    chosen = helm.render(CHART / "ci" / "openshift-values.yaml")
    for part in chosen.parts:
        assert chosen.pod_of(part)["securityContext"] == {
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        }


def test_dns_is_open_on_the_ports_that_are_named(helm: Helm) -> None:
    chosen = helm.render(CHART / "ci" / "openshift-values.yaml")
    for policy in chosen.of("NetworkPolicy"):
        assert {port["port"] for port in policy["spec"]["egress"][0]["ports"]} == {5353}
