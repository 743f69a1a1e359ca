"""Values that the chart refuses, and the words in which it does."""

from __future__ import annotations

import re

import pytest

from tests.integration.chart.helm import CHART, Helm, RefusedError

pytestmark = pytest.mark.integration

PEM = "-----BEGIN CERTIFICATE-----"

MISTYPED = [
    (["provider.replica=3"], "/provider", "'replica' not allowed"),
    (["foo.bar=1"], "at ''", "'foo' not allowed"),
    (["provider.replicas=0"], "/provider/replicas", "minimum"),
    (["provider.replicas=many"], "/provider/replicas", "want integer"),
    (["provider.timeouts.validate=0"], "/provider/timeouts/validate", "minimum"),
    (["provider.timeouts.validate=1.5"], "/provider/timeouts/validate", "want integer"),
    (["provider.registries={https://registry.example.com}"], "/provider/registries/0", "does not match pattern"),
    (["provider.insecureRegistries={a/b}"], "/provider/insecureRegistries/0", "does not match pattern"),
    (["provider.registries={a.example.com,a.example.com}"], "/provider/registries", "equal"),
    (["provider.log.level=loud"], "/provider/log/level", "must be one of"),
    (["image.digest=latest"], "/image/digest", "does not match pattern"),
    (["image.repository=UPPER"], "/image/repository", "does not match pattern"),
    (["image.pullPolicy=Sometimes"], "/image/pullPolicy", "must be one of"),
    (["certificates.mode=none"], "/certificates/mode", "must be one of"),
    (["certificates.helm.validityDays=0"], "/certificates/helm/validityDays", "minimum"),
    (["mutation.enabled=yes"], "/mutation/enabled", "want boolean"),
    (["mutation.namespaceSelector=null"], "/mutation", "namespaceSelector"),
    (["provider.securityContext=null"], "/provider", "securityContext"),
    (["provider.podLabels.a=1"], "/provider/podLabels/a", "want string"),
    (["imagePullSecrets[0].nam=x"], "/imagePullSecrets/0", "'nam' not allowed"),
    (["metrics.serviceMonitor.interval=often"], "/metrics/serviceMonitor/interval", "does not match pattern"),
    (["provider.podDisruptionBudget.minAvailable=half"], "/provider/podDisruptionBudget/minAvailable", "pattern"),
]

CONTRADICTORY = [
    (["certificates.mode=secret"], "certificates.secret.name is empty"),
    (["certificates.mode=secret", "certificates.secret.name=x"], "certificates.caBundle is no PEM certificate"),
    (["certificates.mode=secret", "certificates.secret.name=x", "certificates.caBundle=x"], "caBundle is no PEM"),
    (
        [
            *("certificates.mode=secret", "certificates.secret.name=x"),
            f"certificates.caBundle={PEM}-----BEGIN PRIVATE KEY-----",
        ],
        "certificates.caBundle holds a private key",
    ),
    ([f"certificates.caBundle={PEM}"], "certificates.caBundle and certificates.secret.name are for"),
    (["certificates.secret.name=x"], "certificates.caBundle and certificates.secret.name are for"),
    (["gatekeeper.namespace=elsewhere"], "gatekeeper.clientCA.secretName is empty"),
    (["namespaceOverride=elsewhere", "gatekeeper.namespace=gatekeeper-system"], "gatekeeper.clientCA.secretName"),
    (["serviceAccount.create=false"], "serviceAccount.name is empty"),
    (["provider.podDisruptionBudget.minAvailable=1"], "minAvailable and maxUnavailable exclude each other"),
    (["provider.podDisruptionBudget.maxUnavailable=null"], "needs minAvailable or maxUnavailable"),
    (
        ["metrics.serviceMonitor.enabled=true", "metrics.podMonitor.enabled=true"],
        "metrics.serviceMonitor.enabled and metrics.podMonitor.enabled",
    ),
    (["metrics.serviceMonitor.enabled=true"], "provider.networkPolicy.metricsFrom is empty"),
    (["metrics.podMonitor.enabled=true"], "provider.networkPolicy.metricsFrom is empty"),
    (["provider.preStopSleepSeconds=18"], "provider.terminationGracePeriodSeconds must be more than"),
    (
        ["provider.timeouts.validate=1"],
        "provider.waits.validate must be less than provider.timeouts.validate",
    ),
    (["provider.waits.mutate=1"], "provider.waits.mutate must be less than provider.timeouts.mutate"),
    (["commonLabels.app\\.kubernetes\\.io/name=x"], 'must not set "app.kubernetes.io/name"'),
    (["provider.podLabels.helm\\.sh/chart=x"], 'must not set "helm.sh/chart"'),
    (["provider.registries={a:1}", "provider.insecureRegistries={a:1}"], 'both name "a:1"'),
]


@pytest.mark.parametrize(("values", "place", "words"), MISTYPED, ids=str)
def test_schema_refuses_and_names_the_value(helm: Helm, values: list[str], place: str, words: str) -> None:
    with pytest.raises(RefusedError) as refused:
        helm.render(values=values)
    assert place in str(refused.value)
    assert words in str(refused.value)


@pytest.mark.parametrize(("values", "words"), CONTRADICTORY, ids=str)
def test_contradiction_is_refused_and_names_the_values(helm: Helm, values: list[str], words: str) -> None:
    with pytest.raises(RefusedError) as refused:
        helm.render(values=values)
    assert words in str(refused.value)


def test_setting_that_the_chart_makes_cannot_be_set_twice(helm: Helm) -> None:
    for name in helm.render().settings:
        with pytest.raises(RefusedError, match=f"additional properties '{name}' not allowed"):
            helm.render(values=[f"provider.settings.{name}=x"])


def test_every_check_of_the_chart_has_a_case_here() -> None:
    text = (CHART / "templates" / "validate.yaml").read_text(encoding="utf-8")
    sentences = re.findall(r'fail (?:\(printf )?"((?:[^"\\]|\\.)*)"', text)
    shown = [re.sub(r'"[^"]+"$', "%q", words) for _, words in CONTRADICTORY] + ["provider.waits.%s must be less"]
    assert len(sentences) == text.count("fail ")
    assert [sentence for sentence in sentences if not any(words in sentence for words in shown)] == []
