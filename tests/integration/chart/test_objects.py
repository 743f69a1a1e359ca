"""What the chart installs, rendered by the real Helm."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.integration.chart.helm import CHART, NAMESPACE, VALUE_FILES, Helm, Object, Rendering, component
from tests.programs import program

pytestmark = pytest.mark.integration

CLUSTER_SCOPED = {"Provider", "Assign", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}


@pytest.mark.parametrize("file", VALUE_FILES, ids=lambda file: file.stem)
def test_helm_3_and_4_render_the_same(file: Path) -> None:
    one, other = (Helm(program(name)).render(file) for name in ("helm", "helm4"))
    assert _without_certificates(one) == _without_certificates(other)


def _without_certificates(rendering: Rendering) -> list[Object]:
    """Objects in an order of their own, without what is made anew each time."""
    objects = copy.deepcopy(rendering.objects)
    for found in objects:
        if found["kind"] == "Secret":
            found["data"].clear()
        if found["kind"] == "Provider":
            found["spec"]["caBundle"] = ""
    return sorted(objects, key=lambda found: (found["kind"], found["metadata"]["name"]))


def test_every_object_has_the_recommended_labels(variant: Rendering) -> None:
    wanted = {"name", "instance", "version", "component", "part-of", "managed-by"}
    for found in variant.objects:
        if "extra" not in found["metadata"]["name"] and "text" not in found["metadata"]["name"]:
            labels = found["metadata"]["labels"]
            assert {f"app.kubernetes.io/{name}" for name in wanted} | {"helm.sh/chart"} <= set(labels), found["kind"]


def test_every_namespaced_object_names_its_namespace(rendering: Rendering) -> None:
    for found in rendering.objects:
        assert found["metadata"].get("namespace") == (None if found["kind"] in CLUSTER_SCOPED else NAMESPACE)


def test_namespace_override_moves_every_namespaced_object(helm: Helm) -> None:
    moved = helm.render(CHART / "ci" / "secret-values.yaml")
    # What may be read in Gatekeeper's namespace has to be there.
    ours = [found for found in moved.objects if not found["metadata"]["name"].endswith("-gatekeeper")]
    namespaces = {found["metadata"].get("namespace") for found in ours if found["kind"] not in CLUSTER_SCOPED}
    assert namespaces == {"bestbefore"}
    assert moved.one("NetworkPolicy")["spec"]["ingress"][0]["from"][0]["namespaceSelector"] == {
        "matchLabels": {"kubernetes.io/metadata.name": "gatekeeper-system"}
    }


def test_pods_satisfy_the_restricted_pod_security_standard(variant: Rendering) -> None:
    for part in variant.parts:
        restricted(variant.pod_of(part))


def restricted(pod: Object) -> None:
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["securityContext"].get("runAsUser") != 0
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    for container in [*pod["containers"], *pod.get("initContainers", [])]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert all("hostPort" not in port for port in container.get("ports", []))
    assert {kind for volume in pod["volumes"] for kind in volume if kind != "name"} <= {
        "configMap",
        "secret",
        "projected",
        "emptyDir",
    }


def test_provider_gets_no_token_and_its_account_no_rights_but_to_pull_secrets(variant: Rendering) -> None:
    reads = bool(variant.settings.get("pull_secret_namespace"))
    assert variant.pod["automountServiceAccountToken"] is reads
    assert all(found["automountServiceAccountToken"] is False for found in variant.of("ServiceAccount"))
    bound = {
        subject["name"]
        for kind in ("ClusterRoleBinding", "RoleBinding")
        for found in variant.of(kind)
        for subject in found["subjects"]
    }
    assert (variant.pod["serviceAccountName"] in bound) is reads


def test_without_the_controller_nobody_has_rights_but_while_a_hook_runs(helm: Helm) -> None:
    without = helm.render(CHART / "ci" / "secret-values.yaml", values=["controller.enabled=false"])
    rights = [found for found in without.objects if found["apiVersion"].startswith("rbac")]
    assert {component(found) for found in rights} == {"doctor", "uninstall"}
    assert {found["metadata"]["annotations"]["helm.sh/hook"] for found in rights} == {"test", "pre-delete"}


def test_selectors_find_the_pods(variant: Rendering) -> None:
    labels = variant.one("Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        variant.one("Service")["spec"]["selector"],
        variant.one("Deployment")["spec"]["selector"]["matchLabels"],
    ]
    ours = [found for found in variant.objects if component(found) == "provider"]
    selectors += [found["spec"]["selector"]["matchLabels"] for found in ours if found["kind"] == "PodDisruptionBudget"]
    selectors += [found["spec"]["podSelector"]["matchLabels"] for found in ours if found["kind"] == "NetworkPolicy"]
    selectors += [found["spec"]["selector"]["matchLabels"] for found in ours if found["kind"] == "PodMonitor"]
    for selector in selectors:
        assert selector.items() <= labels.items()


def test_service_monitor_finds_the_service(helm: Helm) -> None:
    full = helm.render(CHART / "ci" / "full-values.yaml")
    service = full.one("Service")
    monitor = full.one("ServiceMonitor")["spec"]
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["namespaceSelector"]["matchNames"] == [service["metadata"]["namespace"]]
    assert monitor["endpoints"][0]["port"] in {port["name"] for port in service["spec"]["ports"]}


def test_providers_have_the_names_paths_and_timeouts_of_the_wire(helm: Helm) -> None:
    rendering = helm.render(CHART / "ci" / "secret-values.yaml")
    providers = {found["metadata"]["name"]: found["spec"] for found in rendering.of("Provider")}
    address = "https://bestbefore.bestbefore.svc:8443"
    assert {name: (spec["url"], spec["timeout"]) for name, spec in providers.items()} == {
        "bestbefore": (f"{address}/validate", 2),
        "bestbefore-audit": (f"{address}/audit", 10),
        "bestbefore-mutate": (f"{address}/mutate", 1),
    }


def test_provider_address_is_the_service_and_the_port_it_listens_on(variant: Rendering) -> None:
    service = variant.one("Service")
    container = variant.pod["containers"][0]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    host = f"{service['metadata']['name']}.{service['metadata']['namespace']}.svc"
    said = {urlsplit(found["spec"]["url"]).netloc for found in variant.of("Provider")}
    said |= {urlsplit(url).netloc for url in [variant.settings_of("controller").get("provider_url")] if url}
    assert said == {f"{host}:8443"}
    assert {port["name"]: port["port"] for port in service["spec"]["ports"]} == ports
    assert service["spec"]["sessionAffinity"] == "ClientIP"


def test_a_single_replica_has_no_disruption_budget_that_would_block_drains(helm: Helm) -> None:
    assert not list(helm.render(values=["provider.replicas=1"]).of("PodDisruptionBudget"))


def test_disruption_budget_lets_broken_pods_go(rendering: Rendering) -> None:
    budget = rendering.one("PodDisruptionBudget")["spec"]
    assert (budget["maxUnavailable"], budget["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")


def test_network_policy_opens_questions_to_gatekeeper_and_metrics_to_nobody(rendering: Rendering) -> None:
    rule, looks = rendering.one("NetworkPolicy")["spec"]["ingress"]
    (looker,) = looks["from"]
    assert looker["podSelector"]["matchExpressions"][0]["values"] == ["controller", "doctor"]
    assert rule["ports"] == [{"port": "https", "protocol": "TCP"}]
    (peer,) = rule["from"]
    assert peer["podSelector"] == {"matchLabels": {"gatekeeper.sh/system": "yes"}}


def test_network_policy_opens_dns_and_the_ports_of_named_registries(helm: Helm) -> None:
    registries = [
        "provider.registries={a.example.com,b.example.com:5443}",
        "provider.insecureRegistries={c.example.com:5000}",
    ]
    dns, out = helm.render(values=registries).one("NetworkPolicy")["spec"]["egress"]
    assert {(port["port"], port["protocol"]) for port in dns["ports"]} == {
        (number, protocol) for number in (53, 5353) for protocol in ("TCP", "UDP")
    }
    assert {port["port"] for port in out["ports"]} == {443, 5443, 5000}


def test_changed_settings_restart_the_pods(helm: Helm, rendering: Rendering) -> None:
    changed = helm.render(values=["provider.registries={registry.example.com}"])
    assert annotation(changed) != annotation(rendering)
    assert annotation(helm.render(values=["provider.replicas=3"])) == annotation(rendering)


def annotation(rendering: Rendering) -> str:
    return str(rendering.one("Deployment")["spec"]["template"]["metadata"]["annotations"]["checksum/settings"])


@pytest.mark.parametrize(
    ("values", "image"),
    [
        ([], "bestbefore:0.1.0"),
        (["image.registry=registry.example.com"], "registry.example.com/bestbefore:0.1.0"),
        (["image.registry=a.example.com", "global.imageRegistry=b.example.com/"], "b.example.com/bestbefore:0.1.0"),
        (["image.tag=1.2"], "bestbefore:1.2"),
        ([f"image.digest=sha256:{'0' * 64}"], f"bestbefore:0.1.0@sha256:{'0' * 64}"),
    ],
)
def test_image_is_put_together_of_what_is_set(helm: Helm, values: list[str], image: str) -> None:
    assert helm.render(values=values).pod["containers"][0]["image"] == image


def test_pull_secrets_are_named_once_whichever_way_they_are_written(helm: Helm) -> None:
    full = helm.render(CHART / "ci" / "full-values.yaml")
    assert full.pod["imagePullSecrets"] == [{"name": "pull-global"}, {"name": "pull-own"}]


@pytest.mark.parametrize(
    ("release", "values", "name"),
    [
        ("bestbefore", [], "bestbefore"),
        ("prod", [], "prod-bestbefore"),
        ("prod", ["nameOverride=freshness"], "prod-freshness"),
        ("prod", ["fullnameOverride=freshness"], "freshness"),
        ("a" * 53, [], "a" * 50),
    ],
)
def test_objects_are_named_after_the_release(helm: Helm, release: str, values: list[str], name: str) -> None:
    assert helm.render(values=values, release=release).one("Deployment")["metadata"]["name"] == name


def test_extra_objects_are_rendered_as_templates(helm: Helm) -> None:
    full = helm.render(CHART / "ci" / "full-values.yaml")
    names = {found["metadata"]["name"] for found in full.of("ConfigMap")}
    assert names >= {"freshness", "bestbefore-extra", "freshness-text"}


def test_files_that_a_pod_mounts_are_those_that_the_settings_name(helm: Helm) -> None:
    full = helm.render(CHART / "ci" / "store-values.yaml", values=["provider.dockerConfigSecret=credentials"])
    mounts = [mount["mountPath"] for mount in full.pod["containers"][0]["volumeMounts"]]
    named = [value for value in full.settings.values() if str(value).startswith("/")]
    assert named
    for file in named:
        assert any(f"{file}/".startswith(f"{mount}/") for mount in mounts), file


def test_default_spread_counts_only_the_providers_pods(rendering: Rendering) -> None:
    labels = rendering.one("Deployment")["spec"]["template"]["metadata"]["labels"]
    for constraint in rendering.pod["topologySpreadConstraints"]:
        assert constraint["labelSelector"]["matchLabels"].items() <= labels.items()


def test_chart_as_a_subchart_takes_its_values_and_the_parents_globals(helm: Helm, tmp_path: Path) -> None:
    parent = {"apiVersion": "v2", "name": "parent", "version": "1.0.0"}
    parent["dependencies"] = [{"name": "bestbefore", "version": "0.1.0", "condition": "bestbefore.enabled"}]  # type: ignore[assignment]
    (tmp_path / "Chart.yaml").write_text(yaml.safe_dump(parent), encoding="utf-8")
    (tmp_path / "values.yaml").write_text("global: {theirs: 1}\nbestbefore: {enabled: true}\n", encoding="utf-8")
    shutil.copytree(CHART, tmp_path / "charts" / "bestbefore")
    assert Helm(helm.program, tmp_path).render().one("Deployment")["metadata"]["name"] == "bestbefore"
    assert not Helm(helm.program, tmp_path).render(values=["bestbefore.enabled=false"]).objects
