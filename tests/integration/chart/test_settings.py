"""The settings file of the chart, read by the provider."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from provider.settings import model, sources
from tests.integration.chart.helm import CHART, Helm, Rendering

pytestmark = pytest.mark.integration


def load(rendering: Rendering, folder: Path) -> model.Settings:
    """What the provider makes of it.

    Raises:
        SettingsError: it refuses some.
    """
    file = folder / "settings.yaml"
    file.write_text(yaml.safe_dump(dict(rendering.settings)), encoding="utf-8")
    return sources.load({"config": str(file)}, {})


def test_provider_accepts_the_settings_of_each_variant(variant: Rendering, tmp_path: Path) -> None:
    loaded = load(variant, tmp_path)
    assert loaded.server.client_ca == Path("/etc/bestbefore/client-ca/ca.crt")


def test_provider_listens_where_the_service_leads(rendering: Rendering, tmp_path: Path) -> None:
    loaded = load(rendering, tmp_path)
    ports = {port["name"]: port["port"] for port in rendering.one("Service")["spec"]["ports"]}
    assert ports == {"https": loaded.server.listen.port, "metrics": loaded.server.metrics_listen.port}
    assert (loaded.server.listen.host, loaded.server.metrics_listen.host) == ("", "")


def test_defaults_of_the_chart_are_those_of_the_provider(rendering: Rendering, tmp_path: Path) -> None:
    loaded = load(rendering, tmp_path)
    assert loaded.deadlines == model.DeadlineSettings()
    assert loaded.registries == model.RegistriesSettings()
    assert loaded.server.drain_seconds == model.fields()["drain_seconds"].default


def test_registries_reach_the_provider(helm: Helm, tmp_path: Path) -> None:
    loaded = load(helm.render(CHART / "ci" / "full-values.yaml"), tmp_path).registries
    assert loaded.named_registry == ("registry.example.com", "registry.internal:5443")
    assert loaded.insecure_registry == ("registry.lab:5000", "plain.lab")
    assert loaded.docker_config == Path("/etc/bestbefore/docker/config.json")
    assert loaded.registry_ca == Path("/etc/bestbefore/registry-ca/ca.crt")
    assert loaded.hosts_dir == Path("/etc/bestbefore/registry-hosts")
    assert str(loaded.proxy) == "http://proxy.internal:3128"
    assert loaded.no_proxy.entries == (".svc", "10.0.0.0/8")


def test_namespaces_whose_pull_secrets_are_read_reach_the_provider_and_its_pod(helm: Helm, tmp_path: Path) -> None:
    rendering = helm.render(values=["provider.podCredentials.namespaces={shop,yard}"])
    assert load(rendering, tmp_path).registries.pull_secret_namespace == ("shop", "yard")
    assert rendering.pod["automountServiceAccountToken"] is True
    *_, server = rendering.one("NetworkPolicy")["spec"]["egress"]
    assert [port["port"] for port in server["ports"]] == [443, 6443]


def test_provider_without_pull_secrets_has_no_token_and_no_way_to_the_api_server(helm: Helm) -> None:
    rendering = helm.render()
    assert rendering.pod["automountServiceAccountToken"] is False
    ports = {port["port"] for rule in rendering.one("NetworkPolicy")["spec"]["egress"] for port in rule["ports"]}
    assert 6443 not in ports


def test_host_of_credentials_reaches_the_provider_and_may_be_reached(helm: Helm, tmp_path: Path) -> None:
    rendering = helm.render(values=["provider.settings.credential_host={a.example.com=auth.example.org:8444}"])
    pairs = load(rendering, tmp_path).registries.credential_host
    assert [str(pair) for pair in pairs] == ["a.example.com=auth.example.org:8444"]
    rules = rendering.one("NetworkPolicy")["spec"]["egress"]
    assert 8444 in [each["port"] for rule in rules for each in rule["ports"]]


def test_clouds_reach_the_provider_with_azures_label_and_the_metadata_addresses(helm: Helm, tmp_path: Path) -> None:
    rendering = helm.render(values=["provider.cloudCredentials={azure,ecr}"])
    assert [cloud.value for cloud in load(rendering, tmp_path).registries.cloud_credentials] == ["azure", "ecr"]
    pod = rendering.one("Deployment")["spec"]["template"]
    assert pod["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    rules = [rule for rule in rendering.one("NetworkPolicy")["spec"]["egress"] if "to" in rule]
    addresses = {peer["ipBlock"]["cidr"] for rule in rules for peer in rule["to"]}
    assert addresses == {
        "169.254.169.254/32",
        "169.254.170.2/32",
        "169.254.170.23/32",
        "fd00:ec2::254/128",
        "fd00:ec2::23/128",
    }
    assert {port["port"] for rule in rules for port in rule["ports"]} == {80}


def test_no_metadata_address_is_open_and_no_label_is_set_by_itself(rendering: Rendering) -> None:
    assert all("to" not in rule for rule in rendering.one("NetworkPolicy")["spec"]["egress"])
    labels = rendering.one("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert not [name for name in labels if name.startswith("azure")]


def test_every_setting_of_the_provider_can_be_set_in_one_place(helm: Helm) -> None:
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    further = set(schema["$defs"]["settings"]["properties"])
    files = ("full-values.yaml", "trust-values.yaml", "store-values.yaml")
    rendered = {name for file in files for name in helm.render(CHART / "ci" / file).settings}
    chosen = rendered - {"threads", "memory_mib"}
    assert further | chosen == set(model.fields())
    assert not further & chosen
