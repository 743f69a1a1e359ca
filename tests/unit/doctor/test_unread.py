"""What cannot be read is said to be not judged; nothing beside it is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatekeeper.cluster import resource
from gatekeeper.cluster.errors import (
    AccessDeniedError,
    ClusterError,
    ClusterUnavailableError,
    ObjectAbsentError,
)
from gatekeeper.cluster.server import ServerFacts
from gatekeeper.doctor.finding import FindingSeverity
from gatekeeper.doctor.provider_pod import ProviderReport
from gatekeeper.doctor.reading import ReadFailure
from tests.unit.doctor import world
from tests.unit.doctor.world import DoctorWorld

_DENIED = AccessDeniedError("list: 403")
# What each kind of objects is needed for.
_NEEDED = {
    "validatingwebhookconfigurations": {
        "validating-webhook",
        "webhook-failure-policy",
        "webhook-timeout",
        "webhook-rules",
        "webhook-selectors",
        "webhook-conditions",
        "control-plane",
        "admission-time",
        "unseen-namespaces",
    },
    "mutatingwebhookconfigurations": {"mutating-webhook"},
    "assign": {"mutating-webhook"},
    "pods": {
        "gatekeeper-version",
        "managed-gatekeeper",
        "gatekeeper-pods",
        "deny-log",
        "serving-threads",
        "disabled-builtins",
        "external-data",
        "referential-rules",
        "answer-cache",
        "audit",
        "bestbefore-version",
        "provider-pods",
        "clocks",
        "trust-roots",
        "pull-secrets",
    },
    "providers": {
        "webhook-timeout",
        "mutating-webhook",
        "providers",
        "provider-status",
        "provider-certificate",
        "client-certificate",
        "bestbefore-version",
        "provider-pods",
        "clocks",
        "trust-roots",
        "pull-secrets",
    },
    "constrainttemplates": {
        "referential-rules",
        "template-status",
        "constraint-status",
        "translator-version",
        "enforcement",
        "admission-time",
        "unseen-namespaces",
        "bootstrap",
    },
    "maximumimageage": {
        "constraint-status",
        "translator-version",
        "enforcement",
        "admission-time",
        "unseen-namespaces",
        "bootstrap",
    },
    "namespaces": {"namespaces", "unseen-namespaces", "bootstrap", "admission-time"},
    "configs": {"unseen-namespaces"},
}


@pytest.mark.parametrize("plural", _NEEDED)
def test_kind_that_may_not_be_read_leaves_its_checks_unjudged_and_no_others(plural: str) -> None:
    it = world.good()
    it.cluster.fail(plural, _DENIED)
    unjudged = it.findings()
    assert {str(each.check) for each in unjudged} == _NEEDED[plural]
    assert {each.severity for each in unjudged} == {FindingSeverity.WARNING}
    assert all("we may not read it (list: 403)" in each.message for each in unjudged)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ObjectAbsentError("list providers: 404"), "the cluster has no such kind of objects (list providers: 404)"),
        (ClusterUnavailableError("list providers: no answer"), "the API server did not answer"),
    ],
)
def test_cause_is_said(error: ClusterError, words: str) -> None:
    it = world.good()
    it.cluster.fail("providers", error)
    assert words in it.findings()[0].message


def test_what_is_seen_from_the_inside_only_is_no_fault_outside() -> None:
    it = world.good()
    it.certificate = it.report = ReadFailure("bestbefore.svc:8443", "it cannot be reached", elsewhere=True)
    found = it.examine()
    assert found.healthy
    assert {str(each.check) for each in found.findings} == {
        "provider-certificate",
        "client-certificate",
        "bestbefore-version",
        "clocks",
        "trust-roots",
        "pull-secrets",
    }
    assert {each.severity for each in found.findings} == {FindingSeverity.INFO}


def test_address_that_does_not_answer_is_a_warning_inside() -> None:
    it = world.good()
    it.certificate = ReadFailure("bestbefore.svc:8443", "it cannot be reached (no answer)")
    assert it.checks() == ["warning provider-certificate", "warning client-certificate"]


def test_server_that_says_no_time_and_pod_without_an_address_are_not_judged() -> None:
    it = world.good()
    it.server = ServerFacts("v1.36.2", None)
    it.change(resource.PODS, "bestbefore-0", lambda pod: pod["status"].pop("podIP"), world.HOME)
    messages = {f"{each.check} {each.message}" for each in it.findings()}
    assert "clocks not judged: it does not say its time" in messages
    assert "bestbefore-version not judged: it has no address yet" in messages


def test_provider_that_says_no_time_is_not_judged() -> None:
    it = world.good()
    assert isinstance(it.report, ProviderReport)
    it.report = replace(it.report, ahead=None)
    assert it.checks() == ["warning clocks", "warning clocks"]


def test_api_server_that_is_away_is_asked_once() -> None:
    it = DoctorWorld(fault=ClusterUnavailableError("get https://api:6443/version: no answer"))
    found = it.examine()
    assert found.unread == "API server: the API server did not answer (get https://api:6443/version: no answer)"
    assert not found.healthy
    assert it.cluster.calls == []


def test_with_an_expired_token_nothing_is_read() -> None:
    it = DoctorWorld(fault=AccessDeniedError("get https://api:6443/version: 401"))
    it.cluster.fail("*", AccessDeniedError("list: 401"))
    found = it.examine()
    assert found.unread == "API server: we may not read it (get https://api:6443/version: 401)"
    assert all(not each.judged for each in found.findings)


def test_objects_of_any_shape_are_read() -> None:
    it = world.good()
    for kind, name, namespace in (
        (resource.VALIDATING_WEBHOOKS, "strange", ""),
        (resource.PROVIDERS, "bestbefore", ""),
        (resource.CONSTRAINT_TEMPLATES, "strange", ""),
        (resource.PODS, "strange", world.GATEKEEPER),
        (resource.NAMESPACES, "strange", ""),
        (resource.CONFIGS, "strange", world.GATEKEEPER),
        (resource.ASSIGNS, "strange", ""),
    ):
        labels = {"gatekeeper.sh/system": "yes", "number": 7}
        metadata = {"name": name, "namespace": namespace, "labels": labels, "annotations": None, "generation": "x"}
        shapes = {
            "spec": [None, {"match": 1}],
            "status": {"byPod": [{}, "x", None]},
            "webhooks": [None, 5, {"name": 1}],
        }
        it.cluster.add(kind, {"metadata": metadata, **shapes})
    assert it.examine().findings


def test_own_namespace_under_policy_is_not_judged_where_the_webhook_cannot_be_read() -> None:
    it = world.good()
    labels = {"policy.sigstore.dev/include": "true"}
    it.cluster.add(resource.NAMESPACES, {"metadata": {"name": world.HOME, "labels": labels}})
    it.cluster.fail("validatingwebhookconfigurations", _DENIED)
    assert "bootstrap" in {str(each.check) for each in it.findings() if not each.judged}
    assert all(not each.judged for each in it.findings())
