"""What is made of settings about pull secrets."""

from __future__ import annotations

import pytest

from provider.errors import SettingsError
from provider.images.assembly import assemble
from provider.registry import origin
from provider.registry.settings import RegistrySettings
from tests.simulators.clock import FakeClock

_ON = RegistrySettings(pull_secret_namespaces=frozenset({"shop"}))


def test_nobody_s_pull_secrets_are_read_unless_a_setting_says_whose():
    assert assemble(RegistrySettings(), FakeClock()).pull_secrets is None


def test_pull_secrets_are_read_in_a_cluster(monkeypatch):
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    assert assemble(_ON, FakeClock()).pull_secrets is not None


def test_outside_a_cluster_the_setting_is_refused_at_the_start(monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(SettingsError) as caught:
        assemble(_ON, FakeClock())
    assert caught.value.problems == (
        "pull_secret_namespace: there is no API server to read them from: KUBERNETES_SERVICE_HOST names none",
    )


def test_api_server_s_address_stays_closed_to_images(monkeypatch):
    """Only the reader of pull secrets may go there."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    assemble(_ON, FakeClock())
    assert not _ON.names(origin.of_url("https://10.96.0.1"))
