"""The controller's settings: read as the provider's are."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatekeeper.controller.settings import SCHEMA, DenialSourceName, load
from provider.errors import SettingsError
from provider.settings import sources
from scripts.reference import settings_control

PREFIX = "BESTBEFORE_CONTROL_"


def test_nothing_must_be_set():
    settings = load({}, {})
    assert settings.denials.denials is DenialSourceName.AUTO
    assert settings.cluster.gatekeeper_namespace == "gatekeeper-system"
    assert settings.denials.gitops_account == ()
    assert not settings.denials.owners


def test_option_wins_over_environment_and_that_over_the_file(tmp_path: Path):
    file = tmp_path / "control.yaml"
    file.write_text("denials: off\nowners: true\ngitops_account: [a, b]\ngatekeeper_namespace: file")
    environment = {f"{PREFIX}CONFIG": str(file), f"{PREFIX}OWNERS": "false", f"{PREFIX}GATEKEEPER_NAMESPACE": "env"}
    settings = load({"gatekeeper_namespace": "flag"}, environment)
    assert settings.cluster.gatekeeper_namespace == "flag"
    assert settings.denials.owners is False
    assert settings.denials.denials is DenialSourceName.OFF
    assert settings.denials.gitops_account == ("a", "b")


@pytest.mark.parametrize("label", ["webhooks.knative.dev/exclude", "enforce", ""])
def test_label_of_namespaces_that_are_enforced_beside_the_shadow(label):
    assert load({"enforce_label": label, "shadow": "true"}, {}).policies.enforce_label == label


def test_off_of_yaml_is_off(tmp_path: Path):
    file = tmp_path / "control.yaml"
    file.write_text("denials: off")
    assert load({"config": str(file)}, {}).denials.denials is DenialSourceName.OFF


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ({"denials": "both"}, "--denials: must be one of auto, log, off, got 'both'"),
        ({"owners": "yes"}, "--owners: must be true or false, got 'yes'"),
        ({"gatekeeper_namespace": "A b"}, "--gatekeeper-namespace: must be a name of lower-case letters"),
        ({"gitops_account": ("a\nb",)}, "--gitops-account: must be users as Kubernetes calls them"),
        ({"enforce_label": "two words", "shadow": "true"}, "--enforce-label: must be the name of a label, such as"),
        ({"enforce_label": "UP/name", "shadow": "true"}, "--enforce-label: must be the name of a label, such as"),
        ({"enforce_label": "example.com/enforce"}, "enforce_label: belongs to `shadow: true`"),
        ({"forecast": "true"}, "forecast: needs `forecast_certificate` and `forecast_key`, to ask the provider"),
        ({"forecast_key": "/key.pem"}, "forecast_certificate, forecast_key: both belong together"),
        ({"reports": "always"}, "--reports: must be one of auto, off, got 'always'"),
        ({"team_label": "a/b/c"}, "--team-label: must be the name of a label, such as"),
        (
            {"enforce_label": "policy.sigstore.dev/include", "shadow": "true"},
            "enforce_label: every namespace that policies look at has policy.sigstore.dev/include",
        ),
        (
            {"enforce_label": "kubernetes.io/metadata.name", "shadow": "true"},
            "enforce_label: every namespace that policies look at has kubernetes.io/metadata.name",
        ),
        ({"gatekeeper_metrics_port": "0"}, "--gatekeeper-metrics-port: must be between 1 and 65535, got 0"),
    ],
)
def test_value_that_cannot_be_is_named(flags, problem):
    with pytest.raises(SettingsError) as caught:
        load(flags, {})
    (told,) = caught.value.problems
    assert told.startswith(problem)


def test_everything_that_is_wrong_is_shown_at_once():
    with pytest.raises(SettingsError) as caught:
        load({"denials": "x", "owners": "x"}, {f"{PREFIX}STATE_DIRS": "x"})
    assert len(caught.value.problems) == 3


def test_settings_of_one_program_are_nothing_to_the_other():
    provider = {"tls_cert": "a", "tls_key": "b", "client_ca": "c"}
    assert sources.load(provider, {f"{PREFIX}METRICS_LISTEN": "nonsense"}) == sources.load(provider, {})
    assert load({}, {"BESTBEFORE_METRICS_LISTEN": "nonsense"}) == load({}, {})


def test_every_setting_is_on_its_page_with_its_three_spellings():
    page = settings_control.page()
    for name in SCHEMA.fields():
        assert f"### `{name}`" in page
        assert f"- `--{name.replace('_', '-')}`, `{PREFIX}{name.upper()}`" in page
