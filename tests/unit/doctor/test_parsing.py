"""Objects, flags and metrics of strangers: read, whatever they look like."""

from __future__ import annotations

import contextlib
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.doctor import provider_pod, webhook
from gatekeeper.doctor.gatekeeper_pod import Flags, GatekeeperPod
from gatekeeper.doctor.installed_policy import InstalledConstraint, InstalledTemplate
from gatekeeper.doctor.provider_object import ProviderObject
from gatekeeper.doctor.provider_pod import ProviderReport
from gatekeeper.doctor.webhook import AdmissionOperation, Webhook

_NAMES = [
    *("metadata", "spec", "status", "webhooks", "containers", "args", "command", "image", "name", "kind", "labels"),
    *("rules", "operations", "resources", "namespaceSelector", "matchExpressions", "matchConditions", "clientConfig"),
    *("url", "timeout", "caBundle", "byPod", "errors", "targets", "code", "source", "libs", "rego", "parameters"),
    *("images", "match", "scopedEnforcementActions", "enforcementPoints", "conditions", "ports", "podIP"),
]
_LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["scoped", "//[::"])
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=5),
    max_leaves=20,
)
_OBJECTS = st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=6)


@given(_OBJECTS)
def test_objects_of_any_shape_are_read(found: dict[str, Any]) -> None:
    GatekeeperPod.of(found)
    provider_pod.plain_address(found)
    template = InstalledTemplate.of(found)
    InstalledConstraint.of(found, template)
    provider = ProviderObject.of(found)
    assert isinstance(provider.address + provider.path + provider.namespace, str)
    for each in webhook.webhooks({"webhooks": [{**found, "name": webhook.VALIDATION}]}):
        each.sees(AdmissionOperation("CREATE", "", "pods"))
        each.looks_into("shop", {})


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), {}),
        (("--a=1", "-b=2"), {"a": ("1",), "b": ("2",)}),
        (("--a", "1", "--b"), {"a": ("1",), "b": ("true",)}),
        (("--a", "--b=x=y", "--b", "z"), {"a": ("true",), "b": ("x=y", "z")}),
        (("word", "--a="), {"a": ("",)}),
    ],
)
def test_flags_are_read_as_go_reads_them(arguments: tuple[str, ...], expected: dict[str, tuple[str, ...]]) -> None:
    assert Flags.of(arguments).values == expected


@given(st.lists(st.text(string.printable, max_size=12), max_size=6))
def test_any_arguments_are_read(arguments: list[str]) -> None:
    flags = Flags.of(arguments)
    for name in flags.values:
        flags.switch(name, default=True)
        flags.number(name, 1)
        flags.seconds(name, 1.0)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("3m", 180),
        ("1h30m", 5400),
        ("2m30.5s", 150.5),
        (".5s", 0.5),
        ("500ms", 0.5),
        ("0", 0),
        ("3", 7),
        ("", 7),
        ("m3", 7),
    ],
)
def test_durations_are_those_of_go_and_others_the_default(written: str, seconds: float) -> None:
    assert Flags.of([f"--ttl={written}"]).seconds("ttl", 7) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("image", "labels", "version"),
    [
        ("openpolicyagent/gatekeeper:v3.23.1", {}, "3.23.1"),
        ("registry.example.com:5000/gatekeeper:v3.23.1@sha256:00", {}, "3.23.1"),
        ("registry.example.com:5000/gatekeeper", {}, ""),
        ("gatekeeper@sha256:00", {"app.kubernetes.io/version": "3.23.1"}, "3.23.1"),
        ("gatekeeper:anthos1.23.1-aed792f.g0", {}, ""),
        ("gatekeeper:dev", {"app.kubernetes.io/version": "dev"}, ""),
        ("gatekeeper:v3.24.0-beta.1", {}, "3.24.0-beta.1"),
    ],
)
def test_version_of_gatekeeper(image: str, labels: dict[str, str], version: str) -> None:
    containers = [{"name": "sidecar", "image": "x:v1.2.3"}, {"name": "manager", "image": image}]
    pod = {"metadata": {"name": "g", "labels": labels}, "spec": {"containers": containers}}
    assert GatekeeperPod.of(pod).version == version


_RULES = [
    (["*"], "pods", True),
    (["*"], "pods/ephemeralcontainers", False),
    (["*/*"], "pods/ephemeralcontainers", True),
    (["pods/*"], "pods/ephemeralcontainers", True),
    (["pods/*"], "pods", False),
    (["*/scale"], "deployments/scale", True),
    (["pods", "deployments"], "deployments", True),
    ([], "pods", False),
]


@pytest.mark.parametrize(("resources", "resource", "expected"), _RULES)
def test_rules_name_resources_as_the_api_server_reads_them(resources: list[str], resource: str, expected: bool) -> None:
    rule = {"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": resources}
    found: Webhook = next(webhook.webhooks({"webhooks": [{"name": webhook.VALIDATION, "rules": [rule]}]}))
    assert found.sees(AdmissionOperation("UPDATE", "", resource)) is expected
    assert not found.sees(AdmissionOperation("UPDATE", "apps", resource))


_PAGE = """\
# HELP bestbefore_build_info Always 1
# TYPE bestbefore_build_info gauge
bestbefore_build_info{revision="",version="0.1.0"} 1.0
# TYPE bestbefore_deadline_seconds gauge
bestbefore_deadline_seconds{endpoint="validate"} 1.5
# TYPE bestbefore_certificate_expiry_timestamp_seconds gauge
bestbefore_certificate_expiry_timestamp_seconds{certificate="server"} 1.8e9
bestbefore_certificate_expiry_timestamp_seconds{certificate="ca"} 0.0
# TYPE bestbefore_unusable_entries gauge
bestbefore_unusable_entries{name="own",setting="trust_root"} 2.0
bestbefore_unusable_entries{name="",setting="docker_config"} 0.0
# TYPE bestbefore_file_rejections_total counter
bestbefore_file_rejections_total{setting="trust_root"} 3.0
# TYPE bestbefore_unusable_pull_secrets_total counter
bestbefore_unusable_pull_secrets_total{reason="forbidden"} 4.0
"""


def test_report_is_read_of_a_page_of_metrics() -> None:
    assert ProviderReport.of(_PAGE, 0.5) == ProviderReport(
        "0.1.0", 0.5, {"validate": 1.5}, {"server": 1.8e9}, {"trust_root own": 2}, {"trust_root": 3}, {"forbidden": 4}
    )


@pytest.mark.parametrize("page", ["", "up 1\n", "{", "bestbefore_build_info", 'x{a="b} 1\n', "\x00"])
def test_page_of_something_else_is_no_report(page: str) -> None:
    with pytest.raises(ValueError):
        ProviderReport.of(page, None)


@given(st.text(string.printable, max_size=60) | st.text('a_{}="\\# 1.\n', max_size=40))
def test_any_page_is_read_or_refused(page: str) -> None:
    with contextlib.suppress(ValueError):
        ProviderReport.of(f"bestbefore_build_info 1\n{page}", None)
