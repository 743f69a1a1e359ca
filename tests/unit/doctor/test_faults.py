"""A good cluster has no finding; each fault has its own, and no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gatekeeper.cluster import resource
from gatekeeper.doctor.provider_pod import ProviderReport
from gatekeeper.doctor.registries import ImageAnswer
from gatekeeper.doctor.served_certificate import ServedCertificate
from tests.simulators.clock import EPOCH
from tests.unit.doctor import world
from tests.unit.doctor.world import GATEKEEPER, HOME, KIND, DoctorWorld

_VALIDATION = "gatekeeper-validating-webhook-configuration"
_MUTATION = "gatekeeper-mutating-webhook-configuration"
_DAY = 86400.0
Fault = Callable[[DoctorWorld], object]


def _validation(change: Callable[[dict[str, Any]], object], number: int = 0) -> Fault:
    return lambda it: it.change(
        resource.VALIDATING_WEBHOOKS, _VALIDATION, lambda found: change(found["webhooks"][number])
    )


def _mutation(change: Callable[[dict[str, Any]], object]) -> Fault:
    return lambda it: it.change(resource.MUTATING_WEBHOOKS, _MUTATION, lambda found: change(found["webhooks"][0]))


def _flag(*arguments: str, pods: tuple[str, ...] = ("gatekeeper-0", "gatekeeper-1")) -> Fault:
    def fault(it: DoctorWorld) -> None:
        for name in pods:
            it.cluster.add(resource.PODS, world.gatekeeper_pod(name, arguments))

    return fault


def _pod(name: str, change: Callable[[dict[str, Any]], object], namespace: str = GATEKEEPER) -> Fault:
    return lambda it: it.change(resource.PODS, name, change, namespace)


def _provider(change: Callable[[dict[str, Any]], object], *names: str) -> Fault:
    def fault(it: DoctorWorld) -> None:
        for name in names or ("bestbefore",):
            it.change(resource.PROVIDERS, name, change)

    return fault


def _template(change: Callable[[dict[str, Any]], object]) -> Fault:
    return lambda it: it.change(resource.CONSTRAINT_TEMPLATES, KIND.lower(), change)


def _constraint(change: Callable[[dict[str, Any]], object]) -> Fault:
    return lambda it: it.change(resource.constraints(KIND), "maximum-image-age", change)


def _namespace(name: str, **labels: str) -> Fault:
    return lambda it: it.cluster.add(resource.NAMESPACES, {"metadata": {"name": name, "labels": labels}})


def _report(**changes: Any) -> Fault:
    def fault(it: DoctorWorld) -> None:
        assert isinstance(it.report, ProviderReport)
        it.report = replace(it.report, **changes)

    return fault


def _certificate(**changes: Any) -> Fault:
    def fault(it: DoctorWorld) -> None:
        assert isinstance(it.certificate, ServedCertificate)
        it.certificate = replace(it.certificate, **changes)

    return fault


def _status(number: int, **changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda found: found["status"]["byPod"][number].update(changes)


def _asked_by(*constraints: tuple[str, str]) -> Fault:
    """More Constraints, by name, each about one glob."""

    def fault(it: DoctorWorld) -> None:
        found = it.cluster.get(resource.constraints(KIND), "maximum-image-age")
        for name, glob in constraints:
            parameters = {**found["spec"]["parameters"], "images": [{"glob": glob}]}
            metadata = {**found["metadata"], "name": name}
            spec = {**found["spec"], "parameters": parameters}
            it.cluster.add(resource.constraints(KIND), {**found, "metadata": metadata, "spec": spec})

    return fault


def _all(*faults: Fault) -> Fault:
    def fault(it: DoctorWorld) -> None:
        for each in faults:
            each(it)

    return fault


def _without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda found: found.pop(name)


def _rules(*resources: str, operations: tuple[str, ...] = ("CREATE", "UPDATE")) -> Callable[[dict[str, Any]], object]:
    def change(webhook: dict[str, Any]) -> None:
        webhook["rules"] = [
            {"apiGroups": ["*"], "apiVersions": ["*"], "operations": [*operations], "resources": [*resources]}
        ]

    return change


_OPTED = {"policy.sigstore.dev/include": "true"}
_EXEMPT = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["shop"]}


def _config(processes: str, *namespaces: str) -> Fault:
    match = [{"processes": [processes], "excludedNamespaces": [*namespaces]}]
    body = {"metadata": {"name": "config", "namespace": GATEKEEPER}, "spec": {"match": match}}
    return lambda it: it.cluster.add(resource.CONFIGS, body)


# What is broken, the finding, and what its line says.
FAULTS: dict[str, tuple[Fault, str, str]] = {
    "old Kubernetes": (
        lambda it: setattr(it, "server", replace(it.server, version="v1.29.4-gke.100")),
        "error kubernetes-version",
        "it is Kubernetes v1.29.4-gke.100; 1.30 or newer is needed",
    ),
    "new Kubernetes": (
        lambda it: setattr(it, "server", replace(it.server, version="v1.40.0+k3s1")),
        "info kubernetes-version",
        "the newest that was tried is 1.36",
    ),
    "strange Kubernetes": (
        lambda it: setattr(it, "server", replace(it.server, version="main")),
        "warning kubernetes-version",
        "not judged: its version, 'main', is no version that we know",
    ),
    "old Gatekeeper": (
        _all(
            *(
                _pod(name, lambda pod: pod["spec"]["containers"][0].update(image="gatekeeper:v3.18.0"))
                for name in ("gatekeeper-0", "gatekeeper-1", "gatekeeper-audit")
            )
        ),
        "error gatekeeper-version",
        "it is 3.18.0; supported is 3.23",
    ),
    "two Gatekeepers": (
        _pod("gatekeeper-1", lambda pod: pod["spec"]["containers"][0].update(image="gatekeeper:v3.23.2")),
        "warning gatekeeper-version",
        "different versions: 3.23.1, 3.23.2",
    ),
    "Gatekeeper by digest": (
        _pod("gatekeeper-1", lambda pod: pod["spec"]["containers"][0].update(image="gatekeeper@sha256:00")),
        "warning gatekeeper-version",
        "not judged: neither image nor labels",
    ),
    "old provider": (_report(version="0.0.9"), "warning bestbefore-version", "the provider is bestbefore 0.0.9"),
    "other opa": (
        lambda it: it.vantage_with(opa="1.2.0"),
        "warning opa-version",
        "it is 1.2.0; that in Gatekeeper 3.23 is 1.17.1",
    ),
    "add-on of AKS": (
        _pod(
            "gatekeeper-0",
            lambda pod: pod["spec"]["containers"][0].update(
                image="mcr.microsoft.com/oss/v2/open-policy-agent/gatekeeper:v3.23.1"
            ),
        ),
        "warning managed-gatekeeper",
        "it is the Azure Policy add-on of AKS",
    ),
    "webhook absent": (
        lambda it: it.cluster.delete(resource.VALIDATING_WEBHOOKS, _VALIDATION),
        "error validating-webhook",
        "no ValidatingWebhookConfiguration has a webhook validation.gatekeeper.sh",
    ),
    "webhook twice": (
        lambda it: it.cluster.add(
            resource.VALIDATING_WEBHOOKS,
            {**it.cluster.get(resource.VALIDATING_WEBHOOKS, _VALIDATION), "metadata": {"name": "second"}},
        ),
        "warning validating-webhook",
        "stands in both",
    ),
    "webhook without authority": (
        _validation(lambda hook: hook["clientConfig"].pop("caBundle")),
        "error validating-webhook",
        "has no caBundle: each call fails, and everything that it sees is refused",
    ),
    "webhook that ignores": (
        _validation(lambda hook: hook.update(failurePolicy="Ignore")),
        "error webhook-failure-policy",
        "failurePolicy of validation.gatekeeper.sh is Ignore",
    ),
    "labels unchecked": (
        _validation(lambda hook: hook.update(failurePolicy="Ignore"), 1),
        "warning webhook-failure-policy",
        "failurePolicy of check-ignore-label.gatekeeper.sh is Ignore",
    ),
    "no check of labels": (
        lambda it: it.change(resource.VALIDATING_WEBHOOKS, _VALIDATION, lambda found: found["webhooks"].pop()),
        "warning webhook-failure-policy",
        "there is no webhook check-ignore-label.gatekeeper.sh",
    ),
    "webhook that gives up first": (
        _validation(lambda hook: hook.update(timeoutSeconds=2)),
        "warning webhook-timeout",
        "timeoutSeconds of validation.gatekeeper.sh is 2, and Gatekeeper waits 2 s",
    ),
    "webhook that sees no ephemeral containers": (
        _validation(_rules("*")),
        "error webhook-rules",
        "no rule sees UPDATE pods/ephemeralcontainers;",
    ),
    "webhook that sees no updates": (
        _validation(_rules("*", "pods/ephemeralcontainers", operations=("CREATE",))),
        "error webhook-rules",
        "no rule sees UPDATE pods, UPDATE replicationcontrollers, UPDATE replicasets.apps and 6 more",
    ),
    "objects that step out": (
        _validation(lambda hook: hook.update(objectSelector={"matchLabels": {"judge": "me"}})),
        "error webhook-selectors",
        "objectSelector",
    ),
    "condition of others": (
        _validation(lambda hook: hook["matchConditions"].append({"name": "no-pods", "expression": "false"})),
        "info webhook-conditions",
        "not judged: the match condition 'no-pods' is not one of ours",
    ),
    "condition that was changed": (
        _validation(lambda hook: hook["matchConditions"][-1].update(expression="false")),
        "info webhook-conditions",
        "not judged: the match condition 'is-not-the-api-server'",
    ),
    "Leases of nodes": (
        _validation(lambda hook: hook.update(matchConditions=[], namespaceSelector={})),
        "error control-plane",
        "sees the Leases in kube-node-lease",
    ),
    "no mutation": (
        lambda it: it.cluster.delete(resource.MUTATING_WEBHOOKS, _MUTATION),
        "error mutating-webhook",
        "there is no mutating webhook",
    ),
    "mutation that gives up first": (
        lambda it: it.change(resource.PROVIDERS, "bestbefore-mutate", lambda found: found["spec"].update(timeout=2)),
        "warning mutating-webhook",
        "timeoutSeconds of mutation.gatekeeper.sh is 1, and Gatekeeper waits 2 s",
    ),
    "mutation that refuses": (
        _mutation(lambda hook: hook.update(failurePolicy="Fail")),
        "warning mutating-webhook",
        "its failurePolicy is Fail",
    ),
    "mutation that sees no Pods": (
        _mutation(_rules("deployments")),
        "error mutating-webhook",
        "no rule sees CREATE pods",
    ),
    "mutation before others": (
        _mutation(lambda hook: hook.update(reinvocationPolicy="Never")),
        "info mutating-webhook",
        "its reinvocationPolicy is not IfNeeded",
    ),
    "Gatekeeper not ready": (
        _all(*(_pod(name, _without("status")) for name in ("gatekeeper-0", "gatekeeper-1"))),
        "error gatekeeper-pods",
        "none of its 2 Pods with the webhook is ready",
    ),
    "a Pod of Gatekeeper not ready": (
        _pod("gatekeeper-1", lambda pod: pod["metadata"].update(deletionTimestamp="2026-11-30T00:00:00Z")),
        "warning gatekeeper-pods",
        "not ready; of 2 Pods with the webhook 1 are",
    ),
    "one Pod of Gatekeeper": (
        lambda it: it.cluster.delete(resource.PODS, "gatekeeper-1", GATEKEEPER),
        "warning gatekeeper-pods",
        "it is the only Pod with the webhook",
    ),
    "denials not logged": (_flag("--log-denies=false"), "warning deny-log", "--log-denies is not set"),
    "denials not logged by one": (
        _flag("--log-denies=false", pods=("gatekeeper-1",)),
        "warning deny-log",
        "--log-denies is not set",
    ),
    "log of warnings": (_flag("--log-level", "ERROR"), "warning deny-log", "--log-level is ERROR"),
    "log of everything": (_flag("--log-level=debug"), "warning deny-log", "--log-level is DEBUG"),
    "log in a file": (_flag("--log-file=/tmp/log"), "warning deny-log", "--log-file is set"),
    "other key of the level": (_flag("--log-level-key=severity"), "info deny-log", "--log-level-key is 'severity'"),
    "few threads": (_flag("--max-serving-threads=2"), "warning serving-threads", "--max-serving-threads is 2"),
    "threads by default": (
        _flag("--max-serving-threads=-1"),
        "warning serving-threads",
        "not set: one for each processor",
    ),
    "builtin in braces": (
        _pod(
            "gatekeeper-0",
            lambda pod: pod["spec"]["containers"][0].update(
                args=[each.replace("=http.send", "={http.send}") for each in pod["spec"]["containers"][0]["args"]]
            ),
        ),
        "warning disabled-builtins",
        "http.send is not disabled (--disable-opa-builtin is '{http.send}', which is no function)",
    ),
    "no external data": (
        _flag("--enable-external-data=false"),
        "error external-data",
        "--enable-external-data is false",
    ),
    "templates that read Waivers without referential rules": (
        _all(
            _flag("--enable-referential-rules=false"),
            _template(
                lambda found: found["spec"]["targets"][0]["code"][0]["source"].update(rego="x := data.inventory")
            ),
        ),
        "error referential-rules",
        "after a restart of Gatekeeper they admit everything",
    ),
    "no cache of answers": (
        _flag("--external-data-provider-response-cache-ttl=0"),
        "warning answer-cache",
        "each admission and each audit asks anew",
    ),
    "long cache of answers": (
        _flag("--external-data-provider-response-cache-ttl=1h30m"),
        "warning answer-cache",
        "is 5400 s",
    ),
    "no audit": (
        lambda it: it.cluster.delete(resource.PODS, "gatekeeper-audit", GATEKEEPER),
        "warning audit",
        "no Pod in gatekeeper-system audits",
    ),
    "audit off": (
        _flag("--audit-interval=0", pods=("gatekeeper-audit",)),
        "warning audit",
        "--audit-interval is 0: audit is off",
    ),
    "audit too often": (
        _all(_flag("--audit-interval=1", pods=("gatekeeper-audit",)), _asked_by(*((f"c{n}", "**") for n in range(6)))),
        "warning audit",
        "--audit-interval is 1 s: with 8 Constraints these are 480 writes of status a minute; it should be 2 s or more",
    ),
    "rare audit": (
        _flag("--audit-interval=7200", pods=("gatekeeper-audit",)),
        "warning audit",
        "--audit-interval is 7200 s",
    ),
    "a Provider absent": (
        lambda it: it.cluster.delete(resource.PROVIDERS, "bestbefore-audit"),
        "error providers",
        "it is not there",
    ),
    "Provider with another path": (
        _provider(lambda found: found["spec"].update(url=f"https://bestbefore.{HOME}.svc:8443/audit")),
        "error providers",
        "its url ends with /audit; it should end with /validate",
    ),
    "Provider without timeout": (
        _provider(lambda found: found["spec"].pop("timeout")),
        "error providers",
        "its timeout is not set",
    ),
    "Provider that gives up first": (
        _provider(lambda found: found["spec"].update(timeout=1)),
        "error providers",
        "its timeout is 1 s, and the provider waits 1.2 s",
    ),
    "Provider with a broken authority": (
        _provider(lambda found: found["spec"].update(caBundle="-----BEGIN")),
        "error providers",
        "its caBundle is no base64",
    ),
    "Provider that nobody took up": (
        _provider(lambda found: found.pop("status")),
        "error provider-status",
        "no Pod of Gatekeeper has taken it up",
    ),
    "Provider that a Pod refused": (
        _provider(_status(1, active=False, errors=[{"type": "Conversion", "message": "bad"}])),
        "error provider-status",
        "Pod gatekeeper-1: Conversion: bad",
    ),
    "Provider that is not active": (
        _provider(_status(1, active=False)),
        "error provider-status",
        "Pod gatekeeper-1 does not have it in force",
    ),
    "Provider that changed": (
        _provider(lambda found: found["metadata"].update(generation=2)),
        "error provider-status",
        "Pods gatekeeper-0, gatekeeper-1, gatekeeper-audit has an older form of it in force, not generation 2",
    ),
    "Provider that a Pod has not seen": (
        _provider(lambda found: found["status"]["byPod"].pop()),
        "error provider-status",
        "Pod gatekeeper-audit has not taken it up",
    ),
    "no provider": (
        lambda it: [it.cluster.delete(resource.PODS, name, HOME) for name in ("bestbefore-0", "bestbefore-1")],
        "error provider-pods",
        "no Pod of it is in bestbefore-system",
    ),
    "one provider": (
        lambda it: it.cluster.delete(resource.PODS, "bestbefore-1", HOME),
        "warning provider-pods",
        "it is the only Pod of the provider",
    ),
    "provider not ready": (
        _all(
            *(
                _pod(name, lambda pod: pod["status"].pop("conditions"), HOME)
                for name in ("bestbefore-0", "bestbefore-1")
            )
        ),
        "error provider-pods",
        "no Pod of the provider is ready",
    ),
    "foreign certificate": (
        _certificate(problem="self-signed certificate", issuer="CN=stranger"),
        "error provider-certificate",
        "serves a certificate of CN=stranger, for which its caBundle does not vouch (self-signed certificate)",
    ),
    "certificate near its end": (
        _certificate(expires=EPOCH + 10 * _DAY),
        "warning provider-certificate",
        "the certificate that is served ends in 10 days",
    ),
    "certificate past its end": (
        _certificate(expires=EPOCH - 2 * _DAY),
        "error provider-certificate",
        "the certificate that is served ended 2 days ago",
    ),
    "open to everybody": (
        _certificate(asks_back=False),
        "error client-certificate",
        "answers a client without a certificate",
    ),
    "client's authority near its end": (
        _report(expiries={"client_ca": EPOCH + 10 * _DAY, "server": EPOCH}),
        "warning provider-certificate",
        "its client_ca ends in 10 days",
    ),
    "template that does not compile": (
        _template(_status(0, errors=[{"code": "ingest_error", "message": "rego_parse_error"}])),
        "error template-status",
        "Pod gatekeeper-0: ingest_error: rego_parse_error",
    ),
    "template of others that does not compile": (
        lambda it: it.cluster.add(
            resource.CONSTRAINT_TEMPLATES,
            {
                "metadata": {"name": "foreign", "generation": 1},
                "status": {"byPod": [{"id": "gatekeeper-0", "errors": [{"message": "no"}]}]},
            },
        ),
        "warning template-status",
        "Pod gatekeeper-0: no",
    ),
    "Constraint that is not enforced": (
        _constraint(_status(2, enforced=False)),
        "error constraint-status",
        "Pod gatekeeper-audit does not have it in force",
    ),
    "old policy": (
        _constraint(lambda found: found["metadata"].update(annotations={"bestbefore.dev/translator-version": "0.0.1"})),
        "warning translator-version",
        "made by bestbefore 0.0.1",
    ),
    "no policy": (
        lambda it: [
            it.cluster.delete(resource.constraints(KIND), name)
            for name in ("maximum-image-age", "maximum-image-age-warn")
        ],
        "warning enforcement",
        "no Constraint of bestbefore is there",
    ),
    "policy that only warns": (
        _constraint(lambda found: found["spec"].update(enforcementAction="dryrun")),
        "info enforcement",
        "no Constraint of bestbefore denies (dryrun, warn)",
    ),
    "many sets of images": (
        _asked_by(("a", "ghcr.io/**"), ("b", "quay.io/**")),
        "warning admission-time",
        "an admission may take 3.7 s, and the webhook's timeout is 3 s: 4 Constraints ask about 3 sets of images",
    ),
    "no namespace": (_namespace("shop"), "warning namespaces", "none has the label policy.sigstore.dev/include=true"),
    "namespace that the webhook does not see": (
        _validation(lambda hook: hook["namespaceSelector"]["matchExpressions"].append(_EXEMPT)),
        "error unseen-namespaces",
        "the namespaceSelector of validation.gatekeeper.sh leaves it out",
    ),
    "namespace that is ignored": (
        _namespace("web", **_OPTED, **{"admission.gatekeeper.sh/ignore": "yes"}),
        "error unseen-namespaces",
        "the namespaceSelector of validation.gatekeeper.sh leaves it out",
    ),
    "namespace that the Config leaves out": (
        _config("*", "kube-*", "sh*"),
        "error unseen-namespaces",
        "spec.match of Gatekeeper's Config leaves it out",
    ),
    "own namespace under policy": (
        _namespace(HOME, **_OPTED),
        "error bootstrap",
        "MaximumImageAge maximum-image-age looks at its Pods and asks the provider",
    ),
    "clock of the API server": (
        lambda it: setattr(it, "server", replace(it.server, ahead=-12.0)),
        "warning clocks",
        "its clock is 12 s behind that of this machine",
    ),
    "trust root that cannot be used": (
        _report(rejections={"trust_root": 2, "docker_config": 1}),
        "warning trust-roots",
        "files of trust roots that it could not use, since its start: 2",
    ),
    "trust root with members that cannot be used": (
        _report(unusable={"trust_root own": 1, "authority release": 1}),
        "warning trust-roots",
        "1 members of its trust root own are passed over",
    ),
    "right to read pull secrets that is missing": (
        _report(unusable={"pull_secret_namespace ": 2}),
        "warning pull-secrets",
        "namespaces that `pull_secret_namespace` names are missing: 2",
    ),
    "pull secret that may not be read": (
        _report(pull_secrets={"forbidden": 2, "missing": 7}),
        "warning pull-secrets",
        "pull secrets that it was not allowed to read, since its start: 2",
    ),
    "clock of the provider": (_report(ahead=75.0), "error clocks", "its clock is 75 s ahead of that of this machine"),
    "registry that is away": (
        lambda it: it.vantage_with(images=(ImageAnswer("ghcr.io/acme/shop:1", "Timeout", "no answer in time"),)),
        "warning registries",
        "Timeout: no answer in time",
    ),
}


def test_good_cluster_has_no_finding() -> None:
    found = world.good().examine()
    assert found.findings == ()
    assert found.healthy
    assert found.versions == {"bestbefore": "0.1.0", "Kubernetes": "v1.36.2", "Gatekeeper": "3.23.1", "opa": "1.17.1"}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_found_and_nothing_else(name: str) -> None:
    it = world.good()
    break_it, expected, words = FAULTS[name]
    break_it(it)
    assert {f"{each.severity} {each.check}" for each in it.findings()} == {expected}
    assert words in it.findings()[0].message


def test_without_providers_nothing_behind_them_is_judged() -> None:
    it = world.good()
    for name in ("bestbefore", "bestbefore-audit", "bestbefore-mutate"):
        it.cluster.delete(resource.PROVIDERS, name)
    worst, *others = it.findings()
    assert worst.message == "none of the Providers bestbefore, bestbefore-audit, bestbefore-mutate is there"
    assert {each.message for each in others} == {"not judged: there is no Provider"}
    assert {str(each.check) for each in others} == {
        "bestbefore-version",
        "provider-pods",
        "clocks",
        "trust-roots",
        "pull-secrets",
    }


def test_gatekeeper_that_is_not_there_leaves_its_flags_unjudged() -> None:
    it = world.good()
    for name in ("gatekeeper-0", "gatekeeper-1", "gatekeeper-audit"):
        it.cluster.delete(resource.PODS, name, GATEKEEPER)
    assert it.findings()[0].message == "no Pod with its webhook is in gatekeeper-system"
    assert [str(each.check) for each in it.findings() if not each.judged] == [
        "deny-log",
        "serving-threads",
        "disabled-builtins",
        "external-data",
        "answer-cache",
    ]


def test_gatekeeper_is_where_its_webhook_points_or_where_one_says() -> None:
    it = world.good()
    it.change(
        resource.VALIDATING_WEBHOOKS,
        _VALIDATION,
        lambda found: [hook["clientConfig"]["service"].update(namespace="policy") for hook in found["webhooks"]],
    )
    assert it.findings()[0].message == "no Pod with its webhook is in policy"
    assert it.examine(GATEKEEPER).healthy


def test_same_fault_of_several_pods_is_one_finding() -> None:
    it = world.good()
    _flag("--log-denies=false")(it)
    assert it.only().subject == "Pods gatekeeper-0, gatekeeper-1"


def test_policies_that_never_meet_add_no_waits() -> None:
    it = world.good()
    _asked_by(("a", "ghcr.io/**"), ("b", "quay.io/**"))(it)
    for name in ("a", "b"):
        it.change(resource.constraints(KIND), name, lambda found: found["spec"].update(match={"namespaces": ["other"]}))
    assert it.examine().healthy


def test_waits_are_those_that_the_provider_says() -> None:
    it = world.good()
    _report(waits={"validate": 1.9})(it)
    _asked_by(("a", "ghcr.io/**"))(it)
    assert "may take 3.9 s" in it.only().message


def test_webhook_that_ignores_lets_slow_admissions_through() -> None:
    it = world.good()
    _validation(lambda hook: hook.update(failurePolicy="Ignore", timeoutSeconds=1))(it)
    assert it.checks() == ["error webhook-failure-policy", "error webhook-timeout", "error admission-time"]


def test_without_pins_no_mutation_is_missed() -> None:
    it = world.good()
    it.cluster.delete(resource.ASSIGNS, "bestbefore-pin-containers")
    it.cluster.delete(resource.MUTATING_WEBHOOKS, _MUTATION)
    it.cluster.delete(resource.PROVIDERS, "bestbefore-mutate")
    assert it.examine().healthy


def test_webhook_that_sees_only_namespaces_that_opted_in_is_good() -> None:
    """As docs/how-to/install.md shows."""
    it = world.good()
    included = {"key": "policy.sigstore.dev/include", "operator": "In", "values": ["true"]}
    _validation(lambda hook: hook["namespaceSelector"]["matchExpressions"].append(included))(it)
    _validation(lambda hook: hook.update(matchConditions=[]))(it)
    assert it.examine().healthy


def test_own_namespace_that_the_webhook_leaves_out_may_be_under_policy() -> None:
    it = world.good()
    _namespace(GATEKEEPER, **_OPTED)(it)
    assert it.checks() == ["error unseen-namespaces"]


def test_what_a_pod_said_that_is_gone_does_not_count() -> None:
    it = world.good()
    gone = {"id": "gatekeeper-gone", "observedGeneration": 0, "active": False, "errors": [{"message": "old"}]}
    _provider(lambda found: found["status"]["byPod"].append(gone))(it)
    assert it.examine().healthy


def test_pod_that_is_not_ready_need_not_have_taken_up_anything() -> None:
    it = world.good()
    it.cluster.add(resource.PODS, {**world.gatekeeper_pod("gatekeeper-new"), "status": {}})
    assert it.checks() == ["warning gatekeeper-pods"]


def test_new_installation_without_policy_and_namespace_has_nothing_to_fix() -> None:
    it = world.good()
    for name in ("maximum-image-age", "maximum-image-age-warn"):
        it.cluster.delete(resource.constraints(KIND), name)
    it.cluster.delete(resource.CONSTRAINT_TEMPLATES, KIND.lower())
    _namespace("shop")(it)
    assert it.checks() == ["info enforcement", "info namespaces"]
    assert it.examine().healthy


def test_hooks_of_gatekeepers_chart_and_evicted_pods_are_none_of_its_pods() -> None:
    it = world.good()
    hook = world.gatekeeper_pod("gatekeeper-update-crds-hook-x")
    hook["metadata"]["labels"].pop("control-plane")
    hook["spec"]["containers"] = [{"name": "crds-upgrade", "args": ["apply", "-f", "crds/"]}]
    it.cluster.add(resource.PODS, {**hook, "status": {"phase": "Succeeded"}})
    evicted = {"status": {"phase": "Failed", "reason": "Evicted"}}
    it.cluster.add(resource.PODS, {**world.gatekeeper_pod("gatekeeper-evicted", ("--log-denies=false",)), **evicted})
    it.cluster.add(resource.PODS, {**world.provider_pod("bestbefore-evicted"), **evicted})
    assert it.examine().findings == ()


def test_leases_are_spared_where_their_namespace_is_labelled_so() -> None:
    it = world.good()
    ignored = {"matchExpressions": [{"key": "admission.gatekeeper.sh/ignore", "operator": "DoesNotExist"}]}
    _validation(lambda hook: hook.update(matchConditions=[], namespaceSelector=ignored))(it)
    assert it.checks() == ["error control-plane"]
    _namespace("kube-node-lease", **{"admission.gatekeeper.sh/ignore": "true"})(it)
    assert it.examine().healthy


def test_long_error_of_a_template_is_cut() -> None:
    it = world.good()
    _template(_status(0, errors=[{"code": "ingest_error", "message": "x\n" * 5000}]))(it)
    message = it.only().message
    assert len(message) < 600
    assert "\n" not in message


def test_constraint_for_everything_does_not_make_exempt_namespaces_a_fault_but_its_own_are_one() -> None:
    it = world.good()
    _constraint(lambda found: found["spec"]["match"].pop("namespaceSelector"))(it)
    assert it.checks() == ["error bootstrap"]
    assert it.only().subject == f"Namespace {HOME}"
    exempt = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": [HOME]}
    _validation(lambda hook: hook["namespaceSelector"]["matchExpressions"].append(exempt))(it)
    assert it.examine().healthy
