"""The controller: what it is told, what it may do, whom it may reach."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from gatekeeper.controller import settings
from gatekeeper.doctor.rights import RIGHTS
from tests.integration.chart.helm import CHART, NAMESPACE, Helm, Object, Rendering, component

pytestmark = pytest.mark.integration
# Secrets with certificates, ConfigMaps with trust roots.
_OWN = re.compile(r"-tls$|-trust-roots(-state-[0-9]+)?$")

# Verbs that change something, or that open a door to more.
_WRITES = {"create", "update", "patch", "delete", "deletecollection", "bind", "escalate", "impersonate", "*"}


@pytest.fixture(scope="module")
def enabled(helm: Helm) -> Rendering:
    return helm.render()


def rules(rendering: Rendering, kind: str, suffix: str = "") -> list[Object]:
    """The rules of the controller's Role or ClusterRole whose name ends so."""
    (found,) = (
        found
        for found in rendering.of(kind)
        if component(found) == "controller" and found["metadata"]["name"].endswith(f"-controller{suffix}")
    )
    return list(found["rules"])


def rights(rules: list[Object]) -> set[tuple[str, str, str]]:
    """Group, resource and verb."""
    return {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def load(rendering: Rendering, folder: Path) -> settings.ControllerSettings:
    file = folder / "settings.yaml"
    file.write_text(yaml.safe_dump(dict(rendering.settings_of("controller"))), encoding="utf-8")
    return settings.load({"config": str(file)}, {})


def test_controller_runs_by_default_and_can_be_left_out(rendering: Rendering, helm: Helm) -> None:
    assert rendering.parts == {"provider", "controller", "doctor", "uninstall"}
    alone = helm.render(CHART / "ci" / "secret-values.yaml", values=["controller.enabled=false"])
    assert alone.parts == {"provider", "doctor", "uninstall"}


def test_controller_of_a_default_installation_counts_denials(rendering: Rendering, tmp_path: Path) -> None:
    loaded = load(rendering, tmp_path).denials
    assert (loaded.denials, loaded.coverage, loaded.audit, loaded.events) == ("auto", True, True, True)
    assert ("", "pods/log", "get") in rights(rules(rendering, "Role", "-gatekeeper"))


def test_one_controller_runs_and_its_state_outlives_a_restart_of_the_container(enabled: Rendering) -> None:
    spec = enabled.one("Deployment", "controller")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    (container,) = enabled.pod_of("controller")["containers"]
    assert container["args"] == ["control", "--config=/etc/bestbefore/settings.yaml"]
    (place,) = (mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "state")
    assert enabled.settings_of("controller")["state_dir"] == place
    assert {"name": "state", "emptyDir": {"sizeLimit": "64Mi"}} in enabled.pod_of("controller")["volumes"]


@pytest.mark.parametrize("file", ["full-values.yaml", "secret-values.yaml", "small-values.yaml"])
def test_controller_accepts_the_settings_of_each_variant(helm: Helm, file: str, tmp_path: Path) -> None:
    loaded = load(helm.render(CHART / "ci" / file), tmp_path)
    assert loaded.cluster.gatekeeper_namespace == NAMESPACE
    assert loaded.server.metrics_listen.port == 8888


def test_values_reach_the_controller(helm: Helm, tmp_path: Path) -> None:
    denials = load(helm.render(CHART / "ci" / "full-values.yaml"), tmp_path).denials
    assert denials.denials == "log"
    assert denials.gitops_account == ("system:serviceaccount:argocd:argocd-application-controller",)
    assert (denials.coverage, denials.audit, denials.owners, denials.events) == (False, False, True, False)
    assert denials.hash_users


def test_policies_of_a_default_installation_are_in_force_and_those_of_the_values_are_as_they_say(
    helm: Helm, rendering: Rendering, tmp_path: Path
) -> None:
    default = load(rendering, tmp_path).policies
    assert default == settings.PoliciesSettings(policies=True)
    changed = load(helm.render(CHART / "ci" / "full-values.yaml"), tmp_path).policies
    assert changed == settings.PoliciesSettings(
        policies=True,
        shadow=True,
        enforce_label=settings.NamespaceLabel("webhooks.knative.dev/exclude"),
        no_match=settings.NoMatch.WARN,
        policy_namespace="policy-keys",
        waivers=True,
    )
    assert not load(helm.render(values=["controller.policies.enabled=false"]), tmp_path).policies.policies


def test_every_setting_of_the_controller_comes_from_the_chart_or_from_its_surroundings(helm: Helm) -> None:
    known = {field.name for group in settings.SCHEMA.groups.values() for field in dataclasses.fields(group)}
    given = set(helm.render(CHART / "ci" / "full-values.yaml").settings_of("controller"))
    # The Pod has its account and its name; Gatekeeper's chart has one port for metrics.
    assert known - given == {"kubeconfig", "identity", "gatekeeper_metrics_port"}
    assert given <= known


def test_changed_settings_restart_the_controller(helm: Helm, enabled: Rendering) -> None:
    changed = helm.render(values=["controller.denials.hashUsers=true"])
    assert annotation(changed) != annotation(enabled)


def annotation(rendering: Rendering) -> str:
    template = rendering.one("Deployment", "controller")["spec"]["template"]
    return str(template["metadata"]["annotations"]["checksum/settings"])


def test_controller_reads_logs_in_gatekeepers_namespace_only(enabled: Rendering) -> None:
    everywhere = rights(rules(enabled, "ClusterRole"))
    assert not {right for right in everywhere if right[1].startswith("pods")}
    assert ("", "pods/log", "get") in rights(rules(enabled, "Role", "-gatekeeper"))


def test_controller_has_its_own_lease_only(enabled: Rendering) -> None:
    assert not {right for right in rights(rules(enabled, "Role", "-gatekeeper")) if right[2] in _WRITES}
    leases = [rule for rule in rules(enabled, "Role") if rule["resources"] == ["leases"]]
    assert rights(rules(enabled, "Role")) >= {("coordination.k8s.io", "leases", "update")}
    name = enabled.settings_of("controller")["lease_name"]
    assert [rule.get("resourceNames") for rule in leases] == [None, [name]]
    assert leases[0]["verbs"] == ["create"]


def test_nobody_lists_secrets_or_opens_shells(variant: Rendering) -> None:
    for found in variant.objects:
        for rule in found.get("rules", []):
            assert not {"pods/exec", "pods/proxy", "nodes/proxy", "tokenreviews"} & set(rule["resources"])
            if {"secrets", "configmaps"} & set(rule["resources"]):
                assert found["kind"] == "Role"
                # To create one cannot be allowed by name, nor to read what Pods pull with; what is changed is what
                # the controller makes.
                changed = set(rule["verbs"]) - {"get"}
                of_pods = found["metadata"]["name"].endswith("-pull-secrets") and rule["verbs"] == ["get"]
                assert of_pods or rule["verbs"] == ["create"] or rule["resourceNames"]
                assert changed <= {"create"} or all(map(_OWN.search, rule["resourceNames"]))
            assert "*" not in rule["apiGroups"]
            assert "*" not in rule["verbs"]


@pytest.mark.parametrize(
    ("value", "lost"),
    [
        ("controller.denials.source=off", ("", "pods/log", "get")),
        ("controller.events.enabled=false", ("events.k8s.io", "events", "create")),
    ],
)
def test_right_goes_with_the_switch(helm: Helm, enabled: Rendering, value: str, lost: tuple[str, str, str]) -> None:
    def every(rendering: Rendering) -> set[tuple[str, str, str]]:
        return rights(rules(rendering, "ClusterRole")) | rights(rules(rendering, "Role", "-gatekeeper"))

    assert lost in every(enabled)
    assert every(enabled) - every(helm.render(values=[value])) >= {lost}


def test_workloads_are_read_only_where_that_is_switched_on(helm: Helm, enabled: Rendering) -> None:
    wanted = {("apps", "deployments", "get"), ("batch", "jobs", "get"), ("", "pods", "get")}
    assert not wanted & rights(rules(enabled, "ClusterRole"))
    switched = helm.render(values=["controller.owners.enabled=true"])
    assert wanted <= rights(rules(switched, "ClusterRole"))


def test_rights_can_be_left_to_others(helm: Helm) -> None:
    own = helm.render(values=["controller.rbac.create=false"])
    assert {component(found) for found in own.objects if found["apiVersion"].startswith("rbac")} == {
        "doctor",
        "uninstall",
    }


@pytest.mark.parametrize("part", ["controller", "doctor"])
def test_both_may_read_what_doctor_looks_at(enabled: Rendering, part: str) -> None:
    given = set(_given(enabled, part))
    wanted = {(rule.where, rule.group, resource, "list") for rule in RIGHTS for resource in rule.resources}
    assert wanted <= given
    if part == "doctor":
        assert given == wanted


def _given(rendering: Rendering, part: str) -> Iterator[tuple[str, str, str, str]]:
    places = {"-gatekeeper": "Gatekeeper's namespace", "": "the provider's namespace"}
    for kind in ("ClusterRole", "Role"):
        for found in rendering.of(kind):
            if component(found) == part:
                suffix = "-gatekeeper" if found["metadata"]["name"].endswith("-gatekeeper") else ""
                where = "cluster" if kind == "ClusterRole" else places[suffix]
                yield from ((where, *right) for right in rights(found["rules"]))


@pytest.mark.parametrize("part", ["controller", "doctor"])
def test_bindings_give_the_roles_to_the_account_of_the_pod(enabled: Rendering, part: str) -> None:
    account = enabled.pod_of(part)["serviceAccountName"]
    bindings = [
        found
        for kind in ("ClusterRoleBinding", "RoleBinding")
        for found in enabled.of(kind)
        if component(found) == part
    ]
    assert len(bindings) == 3
    roles = {
        (found["kind"], found["metadata"]["name"], found["metadata"].get("namespace")) for found in enabled.objects
    }
    for found in bindings:
        assert found["subjects"] == [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}]
        reference = found["roleRef"]
        assert (reference["kind"], reference["name"], found["metadata"].get("namespace")) in roles


def test_role_for_gatekeeper_is_in_its_namespace(helm: Helm) -> None:
    apart = helm.render(CHART / "ci" / "secret-values.yaml")
    roles = {found["metadata"]["name"]: found["metadata"]["namespace"] for found in apart.of("Role")}
    assert roles == {
        "bestbefore-controller": "bestbefore",
        "bestbefore-controller-gatekeeper": "gatekeeper-system",
        "bestbefore-doctor": "bestbefore",
        "bestbefore-doctor-gatekeeper": "gatekeeper-system",
        "bestbefore-uninstall": "bestbefore",
    }


def test_network_policy_lets_the_controller_reach_what_it_reads(enabled: Rendering) -> None:
    policy = enabled.one("NetworkPolicy", "controller")["spec"]
    assert "ingress" not in policy
    dns, server, gatekeeper, provider = policy["egress"]
    assert {port["port"] for port in dns["ports"]} == {53, 5353}
    assert {port["port"] for port in server["ports"]} == {443, 6443}
    assert gatekeeper["ports"] == [{"port": 8888, "protocol": "TCP"}]
    namespace = gatekeeper["to"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    assert namespace == NAMESPACE
    labels = enabled.one("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert provider["to"][0]["podSelector"]["matchLabels"].items() <= labels.items()


def test_controller_reaches_the_api_server_alone_where_its_address_is_named(helm: Helm) -> None:
    named = helm.render(values=["controller.networkPolicy.apiServerPeers[0].ipBlock.cidr=10.0.0.1/32"])
    _, server, *others = named.one("NetworkPolicy", "controller")["spec"]["egress"]
    assert server["to"] == [{"ipBlock": {"cidr": "10.0.0.1/32"}}]
    assert all("podSelector" in peer for rule in others for peer in rule["to"])


def test_controller_reaches_only_what_it_is_switched_on_for(helm: Helm) -> None:
    switches = ("coverage", "doctor", "trustRoots")
    values = [f"controller.{each}.enabled=false" for each in switches]
    policy = helm.render(CHART / "ci" / "secret-values.yaml", values=values).one("NetworkPolicy", "controller")["spec"]
    assert [{port["port"] for port in rule["ports"]} for rule in policy["egress"]] == [{53, 5353}, {443, 6443}]


def test_who_scrapes_the_provider_may_scrape_the_controller(helm: Helm) -> None:
    peer = "provider.networkPolicy.metricsFrom[0].podSelector.matchLabels.app=prometheus"
    (rule,) = helm.render(values=[peer]).one("NetworkPolicy", "controller")["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"app": "prometheus"}}}]


@pytest.mark.parametrize("kind", ["serviceMonitor", "podMonitor"])
def test_monitor_finds_the_controller(helm: Helm, kind: str) -> None:
    peer = "provider.networkPolicy.metricsFrom[0].podSelector.matchLabels.app=prometheus"
    found = helm.render(values=[f"metrics.{kind}.enabled=true", peer])
    monitor = found.one(f"{kind[0].upper()}{kind[1:]}", "controller")["spec"]
    pod = found.one("Deployment", "controller")["spec"]["template"]["metadata"]["labels"]
    service = found.one("Service", "controller")
    assert monitor["selector"]["matchLabels"].items() <= (
        pod.items() if kind == "podMonitor" else service["metadata"]["labels"].items()
    )
    assert service["spec"]["selector"].items() <= pod.items()


def test_doctor_is_a_test_of_the_release(enabled: Rendering, helm: Helm) -> None:
    pod = enabled.one("Pod", "doctor")
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert pod["spec"]["restartPolicy"] == "Never"
    assert pod["spec"]["containers"][0]["args"][0] == "doctor"
    assert helm.render(values=["doctor.enabled=false"]).parts == {"provider", "controller", "uninstall"}


def test_doctor_asks_about_the_images_that_are_named(helm: Helm) -> None:
    values = ["doctor.images={ghcr.io/acme/shop:1.4}", "provider.insecureRegistries={registry.example.com:5000}"]
    (container,) = helm.render(values=values).one("Pod", "doctor")["spec"]["containers"]
    assert container["args"][2:] == [
        "--image=ghcr.io/acme/shop:1.4",
        "--client-cert=/etc/bestbefore/client/tls.crt",
        "--client-key=/etc/bestbefore/client/tls.key",
        "--insecure-registry=registry.example.com:5000",
    ]
