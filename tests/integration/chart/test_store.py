"""The store that replicas share: its values reach the provider, its files the Pod, and its ports the network policy."""

from __future__ import annotations

from pathlib import Path

import pytest

from provider.cache.shared.settings import StoreKind
from provider.settings.values import Address
from tests.integration.chart.helm import CHART, Helm, HelmError, Rendering
from tests.integration.chart.test_settings import load

pytestmark = pytest.mark.integration

FILE = CHART / "ci" / "store-values.yaml"
ADDRESS = "provider.store.addresses={redis.example.com:6379}"
SECRET = "provider.store.secret.name=x"


@pytest.fixture
def shared(helm: Helm) -> Rendering:
    return helm.render(FILE)


def test_nothing_is_shared_by_default(rendering: Rendering, tmp_path: Path) -> None:
    assert load(rendering, tmp_path).shared.store == ()
    assert not [volume for volume in rendering.pod["volumes"] if volume["name"].startswith("store")]
    assert len(rendering.one("NetworkPolicy")["spec"]["egress"]) == 2


def test_values_reach_the_provider(shared: Rendering, tmp_path: Path) -> None:
    found = load(shared, tmp_path).shared
    assert found.store == (Address("sentinel-0.redis.example.com", 26379), Address("fd00::1", 26380))
    assert (found.store_kind, found.store_primary) == (StoreKind.SENTINEL, "freshness")
    assert (found.store_user, found.store_tls) == ("bestbefore", True)
    assert found.store_key == Path("/etc/bestbefore/store/key")


def test_pod_mounts_nothing_of_the_secrets_but_what_is_named(shared: Rendering) -> None:
    volumes = {
        volume["name"]: volume["secret"] for volume in shared.pod["volumes"] if volume["name"].startswith("store")
    }
    assert {name: volume["secretName"] for name, volume in volumes.items()} == {
        "store": "bestbefore-store",
        "store-ca": "redis-ca",
        "store-certificate": "redis-client",
    }
    assert [item["key"] for item in volumes["store"]["items"]] == ["sealing-key", "password", "sentinel-password"]
    assert not any(volume.get("optional") for volume in volumes.values())


def test_secrets_stand_in_no_object(helm: Helm) -> None:
    assert "store_password: /etc/bestbefore/store/password" in str(helm.render(FILE).one("ConfigMap")["data"])


def test_network_policy_opens_the_ports_towards_the_servers_only(shared: Rendering) -> None:
    [rule] = [rule for rule in shared.one("NetworkPolicy")["spec"]["egress"] if "to" in rule]
    assert [port["port"] for port in rule["ports"]] == [26379, 26380, 6379]
    assert rule["to"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "redis"}}}]


def test_another_address_replaces_the_pods_and_another_secret_does_not(helm: Helm) -> None:
    def checksum(*values: str) -> str:
        template = helm.render(values=[ADDRESS, SECRET, *values]).one("Deployment")["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/settings"])

    assert checksum() != checksum("provider.store.addresses={other.example.com:6379}")
    assert checksum() == checksum("provider.store.secret.name=y")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([SECRET, "provider.store.addresses={redis.example.com}"], "/provider/store/addresses/0"),
        ([ADDRESS, SECRET, "provider.store.kind=many"], "/provider/store/kind"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_values_that_could_not_work_are_refused(helm: Helm, values: list[str], words: str) -> None:
    with pytest.raises(HelmError, match=words):
        helm.render(values=values)
