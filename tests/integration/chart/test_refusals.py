"""Values that the chart refuses, and the words in which it does."""

from __future__ import annotations

import re

import pytest
import yaml

from provider.settings import model
from tests.integration.chart.helm import CHART, Helm, HelmError
from tests.programs import program

pytestmark = pytest.mark.integration

PEM = "-----BEGIN CERTIFICATE-----"
TOKEN = ["controller.policies.keyServices.vault.tokenSecret.name=token"]
SECRET = ["certificates.mode=secret", "certificates.secret.name=x", f"certificates.caBundle={PEM}"]


def _keys(namespace: str, at: int = 0) -> list[str]:
    """Values that let the controller read a Secret."""
    entry = f"controller.policies.references[{at}]"
    return [f"{entry}.namespace={namespace}", f"{entry}.secrets={{key}}"]


MISTYPED = [
    (["provider.replica=3"], "/provider", "'replica' not allowed"),
    (["foo.bar=1"], "at ''", "'foo' not allowed"),
    (["uninstall=null"], "at ''", "missing property 'uninstall'"),
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
    (["certificates.helm.validityDays=1"], "/certificates/helm/validityDays", "minimum"),
    (["certificates.certManager.duration=90d"], "/certificates/certManager/duration", "does not match pattern"),
    (["certificates.certManager.issuerRef.nam=x"], "/certificates/certManager/issuerRef", "'nam' not allowed"),
    (["mutation.enabled=yes"], "/mutation/enabled", "want boolean"),
    (["mutation.namespaceSelector=null"], "/mutation", "namespaceSelector"),
    (["provider.securityContext=null"], "/provider", "securityContext"),
    (["provider.podLabels.a=1"], "/provider/podLabels/a", "want string"),
    (["imagePullSecrets[0].nam=x"], "/imagePullSecrets/0", "'nam' not allowed"),
    (["docsUrl=docs.example.com"], "/docsUrl", "does not match pattern"),
    (["controller.enabled=yes"], "/controller/enabled", "want boolean"),
    (["controller.denials.source=export"], "/controller/denials/source", "must be one of"),
    (["controller.forecast.reports.mode=on"], "/controller/forecast/reports/mode", "must be one of"),
    (["controller.forecast.teamLabel=a/b/c"], "/controller/forecast/teamLabel", "does not match pattern"),
    (["controller.policies.noMatch=block"], "/controller/policies/noMatch", "must be one of"),
    (["controller.policies.namespace=a.b"], "/controller/policies/namespace", "does not match pattern"),
    (["controller.policies.namespace="], "/controller/policies/namespace", "does not match pattern"),
    (["controller.policies.enforceLabel=a/b/c"], "/controller/policies/enforceLabel", "does not match pattern"),
    (["controller.policies.keyServices.clouds={ibm}"], "/keyServices/clouds/0", "must be one of"),
    (["controller.policies.keyServices.endpoints={https://kms.lab}"], "/keyServices/endpoints/0", "does not match"),
    (["controller.policies.keyServices.vault.address=http://vault"], "/keyServices/vault/address", "does not match"),
    (["controller.policies.keyServices.vault.token=x"], "/keyServices/vault", "'token' not allowed"),
    (["controller.policies.references[0].namespace=a"], "/controller/policies/references/0", "minProperties"),
    (["controller.policies.references[0].secrets={a}"], "/controller/policies/references/0", "'namespace'"),
    (
        ["controller.policies.references[0].namespace=a", "controller.policies.references[0].configMaps={*}"],
        "/controller/policies/references/0/configMaps/0",
        "does not match pattern",
    ),
    (["controller.networkPolicy.apiServerPorts={0}"], "/controller/networkPolicy/apiServerPorts/0", "minimum"),
    (["prometheusRule.prefix=my-"], "/prometheusRule/prefix", "does not match pattern"),
    (
        ["prometheusRule.overrides.BestbeforeSlow.expr=1"],
        "/prometheusRule/overrides/BestbeforeSlow",
        "'expr' not allowed",
    ),
    (["prometheusRule.overrides.BestbeforeSlow.for=soon"], "/prometheusRule/overrides/BestbeforeSlow/for", "pattern"),
    (["prometheusRule.extraLabels.a-b=x"], "/prometheusRule/extraLabels", "'a-b' not allowed"),
    (["grafana.dashboards.labels.a=1"], "/grafana/dashboards/labels/a", "want string"),
    (["gatekeeper.auditIntervalSeconds=0"], "/gatekeeper/auditIntervalSeconds", "minimum"),
    (["metrics.serviceMonitor.interval=often"], "/metrics/serviceMonitor/interval", "does not match pattern"),
    (["provider.podDisruptionBudget.minAvailable=half"], "/provider/podDisruptionBudget/minAvailable", "pattern"),
    (["provider.autoscaling.minReplicas=0"], "/provider/autoscaling/minReplicas", "minimum"),
    (["provider.autoscaling.targetCPU=80"], "/provider/autoscaling", "'targetCPU' not allowed"),
    (["provider.strategy.type=Slowly"], "/provider/strategy/type", "must be one of"),
    (["provider.dnsPolicy=ClusterFirstWithHostNet"], "/provider/dnsPolicy", "must be one of"),
    (["provider.networkPolicy.dnsPorts={53,53}"], "/provider/networkPolicy/dnsPorts", "equal"),
    (["provider.proxy.url=http://me:secret@proxy.lab"], "/provider/proxy/url", "does not match pattern"),
    (["provider.registryHosts.a/b.inline=x"], "/provider/registryHosts", "'a/b' not allowed"),
    (["provider.registryHosts.lab.files.x.inline=x"], "/provider/registryHosts/lab/files/x", "'inline' not allowed"),
    (["provider.trustRoots.Own.inline=x"], "/provider/trustRoots", "'Own' not allowed"),
    (["provider.trustRoots.own.file=x"], "/provider/trustRoots/own", "'file' not allowed"),
    (["provider.trustRoots.own.configMap.name=x"], "/provider/trustRoots/own/configMap", "missing property 'key'"),
    (["namespaceOverride=a.b"], "/namespaceOverride", "does not match pattern"),
    (["gatekeeper.namespace=a.b"], "/gatekeeper/namespace", "does not match pattern"),
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
    (["certificates.client.secretName=x"], 'certificates.client.secretName is for certificates.mode "secret"'),
    (
        ["controller.enabled=false"],
        'controller.enabled is false, but certificates.mode is "controller"',
    ),
    (
        ["controller.enabled=false", "certificates.mode=certManager"],
        'controller.enabled is false, but certificates.mode is "certManager"',
    ),
    (
        ["certificates.mode=helm"],
        'certificates.mode is "helm", but the cluster cannot be looked at',
    ),
    (
        ["certificates.certManager.issuerRef.name=x"],
        'certificates.certManager.issuerRef is for certificates.mode "certManager"',
    ),
    (
        ["certificates.mode=certManager", "certificates.certManager.issuerRef.kind=Issuer"],
        "certificates.certManager.issuerRef.name is empty",
    ),
    (
        ["certificates.mode=certManager", "certificates.certManager.renewBefore=2160h"],
        "certificates.certManager.renewBefore must be less than certificates.certManager.duration",
    ),
    (
        ["controller.forecast.enabled=true"],
        "controller.resources.limits.memory (256Mi) is less than 512Mi, which the forecast takes",
    ),
    (
        [*SECRET, "controller.forecast.enabled=true", "controller.resources.limits.memory=512Mi"],
        "certificates.client.secretName is empty, but controller.forecast.enabled is true",
    ),
    (["gatekeeper.namespace=elsewhere"], "gatekeeper.clientCA.secretName is empty"),
    (["namespaceOverride=elsewhere", "gatekeeper.namespace=gatekeeper-system"], "gatekeeper.clientCA.secretName"),
    (["serviceAccount.create=false"], "serviceAccount.name is empty"),
    (
        ["provider.autoscaling.enabled=true", "provider.autoscaling.minReplicas=6"],
        "provider.autoscaling.minReplicas (6) is more than provider.autoscaling.maxReplicas (5)",
    ),
    (
        ["provider.autoscaling.enabled=true", "provider.autoscaling.targetCPUUtilizationPercentage=null"],
        "neither targetCPUUtilizationPercentage nor targetMemoryUtilizationPercentage is set",
    ),
    (
        ["provider.autoscaling.enabled=true", "provider.resources.requests.cpu=null"],
        "provider.resources.requests.cpu is not set, but provider.autoscaling aims at a share of it",
    ),
    (
        [
            *("provider.autoscaling.enabled=true", "provider.autoscaling.targetMemoryUtilizationPercentage=90"),
            *("provider.resources.requests.memory=null", "provider.resources.limits.memory=null"),
        ],
        "provider.resources.requests.memory is not set, but provider.autoscaling aims at a share of it",
    ),
    (["provider.strategy.type=Recreate"], "provider.strategy.type is Recreate"),
    (
        ["provider.strategy.rollingUpdate.maxUnavailable=2"],
        "provider.strategy.rollingUpdate.maxUnavailable (2) lets an upgrade take away every Pod while there are 2",
    ),
    (
        ["provider.strategy.rollingUpdate.maxUnavailable=100%"],
        "provider.strategy.rollingUpdate.maxUnavailable (100%) lets an upgrade take away every Pod while there are 2",
    ),
    (
        ["provider.strategy.rollingUpdate.maxSurge=0"],
        "provider.strategy.rollingUpdate.maxUnavailable and maxSurge are both 0",
    ),
    (
        ["provider.strategy.rollingUpdate.maxSurge=0%"],
        "provider.strategy.rollingUpdate.maxUnavailable and maxSurge are both 0",
    ),
    (
        ["provider.podDisruptionBudget.maxUnavailable=0"],
        "provider.podDisruptionBudget.maxUnavailable is 0: no node with a Pod of the provider could be drained",
    ),
    (["provider.podDisruptionBudget.maxUnavailable=0%"], "provider.podDisruptionBudget.maxUnavailable is 0"),
    (
        ["provider.podDisruptionBudget.maxUnavailable=2"],
        "provider.podDisruptionBudget.maxUnavailable (2) lets a drain take every Pod while there are 2 (provider.repl",
    ),
    (["provider.podDisruptionBudget.maxUnavailable=51%"], "(51%) lets a drain take every Pod while there are 2"),
    (
        ["provider.podDisruptionBudget.minAvailable=2"],
        "provider.podDisruptionBudget.minAvailable (2) keeps all Pods while there are 2 (provider.replicas)",
    ),
    (["provider.podDisruptionBudget.minAvailable=51%"], "(51%) keeps all Pods while there are 2"),
    (["provider.podDisruptionBudget.minAvailable=0"], "provider.podDisruptionBudget.minAvailable is 0"),
    (
        [
            *("provider.podDisruptionBudget.minAvailable=2", "provider.replicas=5"),
            "provider.autoscaling.enabled=true",
        ],
        "minAvailable (2) keeps all Pods while there are 2 (provider.autoscaling.minReplicas): no node",
    ),
    (
        ["provider.podDisruptionBudget.minAvailable=1", "provider.podDisruptionBudget.maxUnavailable=1"],
        "minAvailable and maxUnavailable exclude each other",
    ),
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
    (["provider.drainSeconds=1"], "provider.drainSeconds is less than provider.waits.validate"),
    (
        ["provider.timeouts.validate=3"],
        "provider.timeouts.validate (3) must be less than gatekeeper.validatingWebhookTimeoutSeconds (3)",
    ),
    (
        ["gatekeeper.validatingWebhookTimeoutSeconds=2"],
        "provider.timeouts.validate (2) must be less than gatekeeper.validatingWebhookTimeoutSeconds (2)",
    ),
    (
        ["provider.timeouts.mutate=2"],
        "provider.timeouts.mutate (2) must not be more than gatekeeper.mutatingWebhookTimeoutSeconds (1)",
    ),
    (["provider.resources.limits.memory=207Mi"], "provider.resources.limits.memory (207Mi) is less than 208Mi"),
    (["provider.resources.limits.memory=512"], "provider.resources.limits.memory (512) is less than 208Mi"),
    (["provider.resources.limits.memory=512m"], "provider.resources.limits.memory (512m) is less than 208Mi"),
    (["provider.resources.limits.memory=0.2G"], "provider.resources.limits.memory (0.2G) is less than 208Mi"),
    (["provider.resources.limits.memory=512MB"], "provider.resources.limits.memory (512MB) is no quantity of memory"),
    (
        ["provider.settings.memory_mib=400"],
        "provider.resources.limits.memory (512Mi) is less than 560Mi: the provider keeps up to 400 MiB",
    ),
    (["controller.resources.limits.memory=64Mi"], "controller.resources.limits.memory (64Mi) is less than 96Mi"),
    (["fullnameOverride=1st"], 'the objects would be called "1st", as no Service can be'),
    (["fullnameOverride=a.b"], 'the objects would be called "a.b", as no Service can be'),
    (["namespaceOverride=kube-system"], 'the namespace of the release (or namespaceOverride) is "kube-system"'),
    (["serviceAccount.name=default"], 'serviceAccount.name is "default", an account of other Pods'),
    (
        ["serviceAccount.create=false", "serviceAccount.name=gatekeeper-admin"],
        'serviceAccount.name is "gatekeeper-admin", an account of other Pods',
    ),
    (
        ["controller.serviceAccount.create=false", "controller.serviceAccount.name=default"],
        'controller.serviceAccount.name is "default", an account of other Pods',
    ),
    (["controller.serviceAccount.name=bestbefore-doctor"], 'controller.serviceAccount.name is "bestbefore-doctor"'),
    (
        ["serviceAccount.create=false", "serviceAccount.name=own", "serviceAccount.annotations.a=b"],
        "serviceAccount.annotations are for serviceAccount.create: true",
    ),
    (
        [f"controller.serviceAccount.{each}" for each in ("create=false", "name=own", "annotations.a=b")],
        "controller.serviceAccount.annotations are for controller.serviceAccount.create: true",
    ),
    (["provider.podSecurityContext.runAsUser=0"], "provider.podSecurityContext.runAsUser is 0, but runAsNonRoot"),
    (["controller.podSecurityContext.runAsUser=0"], "controller.podSecurityContext.runAsUser is 0, but runAsNonRoot"),
    (
        ["provider.podSecurityContext.fsGroup=null"],
        "provider.podSecurityContext.runAsUser is a number and fsGroup is null",
    ),
    (["provider.dnsPolicy=None"], "provider.dnsPolicy is None, but provider.dnsConfig.nameservers is empty"),
    (["controller.dnsPolicy=None"], "controller.dnsPolicy is None, but controller.dnsConfig.nameservers is empty"),
    (["provider.podAnnotations.checksum/settings=x"], 'provider.podAnnotations must not set "checksum/settings"'),
    (
        ["image.registry=https://registry.example.com"],
        'image.registry ("https://registry.example.com") has a scheme: write HOST',
    ),
    (
        ["global.imageRegistry=oci://a.example.com"],
        'global.imageRegistry ("oci://a.example.com") has a scheme: write HOST',
    ),
    (["image.registry=registry.example.com/team"], 'image.registry ("registry.example.com/team") has a path'),
    (["image.registry=registry_example"], 'image.registry ("registry_example") is no registry'),
    (
        ["image.registry=ghcr.io", "image.repository=ghcr.io/acme/bestbefore"],
        'image.repository ("ghcr.io/acme/bestbefore") begins with image.registry',
    ),
    (["image.repository=acme/bestbefore:1.0"], 'image.repository ("acme/bestbefore:1.0") has a tag'),
    ([f"image.tag=1.0@sha256:{'0' * 64}"], f'image.tag ("1.0@sha256:{"0" * 64}") has a digest in it'),
    ([f"image.tag=sha256:{'0' * 64}"], "has a digest in it"),
    (["image.tag=-a"], 'image.tag ("-a") is no tag'),
    (
        [f"provider.trustRoots.own.{each}" for each in ("inline=x", "secret.name=x", "secret.key=k")],
        "provider.trustRoots.own must have one of inline, configMap and secret, and has 2 of them",
    ),
    (
        [f"provider.registryHosts.lab.{each}" for each in ("inline=x", "secret.name=x", "secret.key=k")],
        "provider.registryHosts.lab must have one of inline, configMap and secret, and has 2 of them",
    ),
    (
        [r"provider.registryHosts.lab.inline=header.Authorization = 'x'"],
        "has an Authorization header, which whoever reads ConfigMaps would read: put the text into a Secret",
    ),
    (
        ["provider.authorities.own.inline=-----BEGIN PRIVATE KEY-----"],
        "provider.authorities.own.inline holds a private key",
    ),
    (["provider.authorities.own.inline=ssh-rsa AAAA"], "provider.authorities.own.inline is no public key in PEM"),
    (
        ["provider.extraEnv[0].name=BESTBEFORE_CLIENT_CA", "provider.extraEnv[0].value=/tmp/ca"],
        "provider.extraEnv has BESTBEFORE_CLIENT_CA",
    ),
    (
        ["controller.extraEnv[0].name=BESTBEFORE_CONTROL_POLICIES", "controller.extraEnv[0].value=x"],
        "controller.extraEnv has BESTBEFORE_CONTROL_POLICIES: it would go before what the values say",
    ),
    (
        ["provider.proxy.url=http://a:1", "provider.proxy.secret.name=x", "provider.proxy.secret.key=k"],
        "provider.proxy has a url and a secret: give one of them",
    ),
    (
        ["provider.networkPolicy.extraIngress[0].from=null"],
        "provider.networkPolicy.extraIngress has a rule without peers",
    ),
    (["provider.networkPolicy.extraEgress[0].to=null"], "provider.networkPolicy.extraEgress has a rule without peers"),
    (
        ["controller.networkPolicy.extraEgress[0].to=null"],
        "controller.networkPolicy.extraEgress has a rule without peers",
    ),
    (["mutation.namespaceSelector.matchExpressions:=[]"], "mutation.namespaceSelector is empty, which selects every"),
    (["provider.registries={a.example.com:65536}"], 'the port of "a.example.com:65536" is more than 65535'),
    (
        [
            "provider.networkPolicy.metricsFrom[0].podSelector.matchLabels.app=prometheus",
            *("metrics.podMonitor.enabled=true", "metrics.podMonitor.interval=1m"),
            "metrics.podMonitor.scrapeTimeout=1m1s",
        ],
        "metrics.podMonitor.scrapeTimeout (1m1s) is more than its interval (1m)",
    ),
    (
        ["provider.networkPolicy.enabled=false", "metrics.podMonitor.enabled=true"],
        "controller.networkPolicy.metricsFrom is empty, and provider.networkPolicy.metricsFrom, too",
    ),
    (
        ["commonLabels.app\\.kubernetes\\.io/name=x"],
        'commonLabels and provider.podLabels must not set "app.kubernetes.io/name"',
    ),
    (["provider.podLabels.helm\\.sh/chart=x"], 'commonLabels and provider.podLabels must not set "helm.sh/chart"'),
    (
        ["controller.serviceAccount.create=false"],
        "controller.serviceAccount.name is empty",
    ),
    (
        ["controller.serviceAccount.name=bestbefore"],
        "controller.serviceAccount.name and serviceAccount.name are one account",
    ),
    (
        [*SECRET, "controller.enabled=false", "controller.owners.enabled=true"],
        "controller.owners.enabled is true, but controller.enabled is false",
    ),
    (
        [*SECRET, "controller.enabled=false", "waivers.enabled=true"],
        "controller.enabled is false, but waivers.enabled is true",
    ),
    (
        ["controller.owners.enabled=true", "controller.denials.source=off"],
        'controller.owners.enabled is true, but controller.denials.source is "off"',
    ),
    (
        ["controller.policies.enabled=false", "controller.policies.shadow=true"],
        "controller.policies.shadow is true, but",
    ),
    (["controller.policies.enforceLabel=switched"], "controller.policies.enforceLabel is set, but"),
    *(
        (["controller.policies.shadow=true", f"controller.policies.enforceLabel={label}"], "every namespace has that")
        for label in ("policy.sigstore.dev/include", "kubernetes.io/metadata.name")
    ),
    (["certificates.helm.validityDays=365"], 'certificates.helm.validityDays is for certificates.mode "helm"'),
    (["certificates.certManager.duration=1000h"], 'renewBefore are for certificates.mode "certManager"'),
    (["certificates.certManager.renewBefore=100h"], 'renewBefore are for certificates.mode "certManager"'),
    (["controller.policies.shadow=true"], "mutation.enabled is true, but controller.policies.shadow is true"),
    (
        [*SECRET, "controller.enabled=false", *_keys("cosign-system")],
        "controller.policies.references is set, but",
    ),
    (
        [*_keys("cosign-system"), *_keys("cosign-system", 1)],
        'controller.policies.references names namespace "cosign-system"',
    ),
    (
        ["controller.policies.keyServices.clouds={aws}", "controller.policies.enabled=false"],
        "controller.policies.keyServices is set, but",
    ),
    (
        ["controller.policies.keyServices.vault.address=https://vault"],
        "keyServices.vault.tokenSecret.name is empty",
    ),
    (
        ["controller.policies.keyServices.vault.tokenSecret.name=x"],
        "controller.policies.keyServices.vault.address is empty",
    ),
    (
        [
            *("controller.policies.keyServices.endpoints={kms.lab}", "controller.extraEnv[0].name=KMS_ENDPOINTS"),
            "controller.extraEnv[0].value=x",
        ],
        'controller.extraEnv must not set "KMS_ENDPOINTS"',
    ),
    (
        [
            *("controller.policies.keyServices.vault.address=https://vault", *TOKEN),
            *("controller.extraEnv[0].name=TRANSIT_SECRET_ENGINE_PATH", "controller.extraEnv[0].value=x"),
        ],
        'controller.extraEnv must not set "TRANSIT_SECRET_ENGINE_PATH"',
    ),
    (
        ["controller.policies.keyServices.vault.engine=signing"],
        "controller.policies.keyServices.vault.address is empty",
    ),
    (
        ["controller.policies.keyServices.vault.tokenSecret.key=value"],
        "controller.policies.keyServices.vault.address is empty",
    ),
    (
        ["controller.policies.keyServices.endpoints={kms.lab:70000}"],
        'controller.policies.keyServices.endpoints has "kms.lab:70000", but the last port is 65535',
    ),
    (
        ["controller.policies.keyServices.vault.address=https://vault:65536/v", *TOKEN],
        'controller.policies.keyServices.vault.address is "https://vault:65536/v", but the last port is 65535',
    ),
    (_keys("elsewhere"), 'controller.policies.references names Secrets in namespace "elsewhere"'),
    (["controller.podLabels.helm\\.sh/chart=x"], 'controller.podLabels must not set "helm.sh/chart"'),
    (["grafana.operator.enabled=true"], "grafana.operator.enabled is true, but grafana.dashboards.enabled is false"),
    (
        ["prometheusRule.disabled={BestbeforeFast}"],
        'prometheusRule.disabled and prometheusRule.overrides name "BestbeforeFast"',
    ),
    (
        ["prometheusRule.overrides.BestbeforeFast.severity=info"],
        'prometheusRule.disabled and prometheusRule.overrides name "BestbeforeFast"',
    ),
    (
        ["provider.registries={a:1}", "provider.insecureRegistries={a:1}"],
        'provider.registries and provider.insecureRegistries both name "a:1"',
    ),
    (["provider.store.addresses={a:1}"], "provider.store.secret.name is empty, but"),
    (["provider.store.secret.name=x"], "provider.store.addresses is empty"),
    (["provider.store.user=bestbefore"], "provider.store.addresses is empty"),
    (["provider.store.addresses={a:1,b:2}", "provider.store.secret.name=x"], 'provider.store.kind is "single"'),
    (
        ["provider.store.addresses={a:1}", "provider.store.secret.name=x", "provider.store.secret.sentinelPassword=p"],
        'provider.store.kind is "single": there are no Sentinels',
    ),
    (
        [
            *("provider.store.addresses={a:1}", "provider.store.secret.name=x"),
            *("provider.store.tls.enabled=false", "provider.store.tls.caSecret=c"),
        ],
        "provider.store.tls.enabled is false, but",
    ),
]


@pytest.mark.parametrize(("values", "place", "words"), MISTYPED, ids=str)
def test_schema_refuses_and_names_the_value(helm: Helm, values: list[str], place: str, words: str) -> None:
    with pytest.raises(HelmError) as refused:
        helm.render(values=values)
    assert place in str(refused.value)
    assert words in str(refused.value)


@pytest.mark.parametrize(("values", "words"), CONTRADICTORY, ids=str)
def test_contradiction_is_refused_and_names_the_values(values: list[str], words: str) -> None:
    # One Helm is enough: what refuses is a template, and each Helm renders them all elsewhere.
    with pytest.raises(HelmError) as refused:
        Helm(program("helm4")).render(values=values)
    assert words in str(refused.value)


def test_setting_that_the_chart_makes_cannot_be_set_twice(helm: Helm) -> None:
    for name in helm.render().settings:
        with pytest.raises(HelmError, match=f"additional properties '{name}' not allowed"):
            helm.render(values=[f"provider.settings.{name}=x"])


def test_release_in_the_namespace_of_the_control_plane_is_refused(helm: Helm) -> None:
    with pytest.raises(HelmError, match=r'namespaceOverride\) is "kube-system"'):
        helm.render(namespace="kube-system")


def test_memory_that_is_enough_is_not_refused(helm: Helm) -> None:
    kept = model.fields()["memory_mib"].default
    for enough in (f"{160 + kept}Mi", "0.25Gi", "3e8", str(300 * 1024 * 1024)):
        helm.render(values=[f"provider.resources.limits.memory={enough}"])


@pytest.mark.parametrize("share", ["1", "50%"])
def test_budget_that_lets_one_go_is_not_refused(helm: Helm, share: str) -> None:
    helm.render(values=[f"provider.podDisruptionBudget.maxUnavailable={share}"])
    helm.render(values=[f"provider.podDisruptionBudget.minAvailable={share}"])


def test_budget_of_a_single_replica_is_not_there_and_not_judged(helm: Helm) -> None:
    helm.render(values=["provider.replicas=1", "provider.podDisruptionBudget.maxUnavailable=0"])


def test_every_check_of_the_chart_has_a_case_here() -> None:
    files = [*(CHART / "templates").glob("validate*.yaml"), CHART / "templates" / "_quantities.tpl"]
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    sentences = [
        sentence.replace('\\"', '"') for sentence in re.findall(r'fail (?:\(printf )?"((?:[^"\\]|\\.)*)"', text)
    ]
    assert len(sentences) == text.count("fail ")
    shown = [words for _, words in CONTRADICTORY]
    # What depends on a cluster is shown by helm-unittest, which can make one up.
    suite = yaml.safe_load((CHART / "tests" / "cluster_test.yaml").read_text(encoding="utf-8"))
    asserts = [
        each["failedTemplate"] for case in suite["tests"] for each in case["asserts"] if "failedTemplate" in each
    ]
    shown += [each["errorPattern"] for each in asserts]
    assert [sentence for sentence in sentences if not any(_is_of(words, sentence) for words in shown)] == []


def _is_of(words: str, sentence: str) -> bool:
    """Whether the words are of a message that is printed by this sentence."""
    fixed = [part for part in re.split(r"%[a-z]", sentence) if len(part.strip()) > _TELLING]
    return words in sentence or any(part[:_BEGINNING].strip() in words or words in part for part in fixed)


# Characters of a message that no other one has.
_TELLING = 8
_BEGINNING = 16
