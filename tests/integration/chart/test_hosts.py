"""What the chart makes of `provider.registryHosts`, as the provider reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provider.clock import SystemClock
from provider.observer import NullObserver
from provider.registry.mirrors.folder import HostFolder
from tests.integration.chart.helm import CHART, Helm, Rendering

pytestmark = pytest.mark.integration


@pytest.fixture
def rendered(helm: Helm) -> Rendering:
    return helm.render(CHART / "ci" / "full-values.yaml")


def volume(rendering: Rendering) -> Any:
    volumes = rendering.one("Deployment")["spec"]["template"]["spec"]["volumes"]
    return next(each for each in volumes if each["name"] == "registry-hosts")


def test_provider_finds_the_hosts_of_the_values(rendered: Rendering, tmp_path: Path) -> None:
    data = next(each["data"] for each in rendered.of("ConfigMap") if "registry-hosts" in each["metadata"]["name"])
    for source in volume(rendered)["projected"]["sources"]:
        for item in source.get("configMap", {}).get("items", ()):
            if item["key"] in data:
                path = tmp_path / item["path"]
                path.parent.mkdir(parents=True)
                path.write_text(data[item["key"]])
    found = HostFolder(tmp_path, None, SystemClock(), NullObserver()).of("index.docker.io")
    assert [host.name("") for host in found] == ["mirror.internal:5000", "registry-1.docker.io"]


def test_provider_may_reach_their_ports(rendered: Rendering) -> None:
    policies = rendered.of("NetworkPolicy")
    ports = {rule["port"] for policy in policies for each in policy["spec"]["egress"] for rule in each.get("ports", ())}
    assert {5000, 3128} <= ports


def test_secrets_of_others_may_come_later(rendered: Rendering) -> None:
    sources = [entry for source in volume(rendered)["projected"]["sources"] for entry in source.values()]
    assert len(sources) == 4
    assert all(entry["optional"] for entry in sources)
