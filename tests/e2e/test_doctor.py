"""`bestbefore doctor`, the real program, on the rig as it is, and with one thing broken at a time."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.doctor.rights import RIGHTS
from tests.e2e.rig import accounts, objects
from tests.e2e.rig.control import ACCOUNT, Control, rights, settings
from tests.e2e.rig.gatekeeper import NAMESPACE, VALIDATION
from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.policies import until
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.provider import ENTRANCES, RealProvider, command_line, provider_objects
from tests.e2e.rig.registry import PushedImage
from tests.e2e.rig.world import World

_SECONDS = 60
_ACCOUNT = "doctor"
_BROKEN_SECONDS = 20.0
# The rig has one Pod of Gatekeeper and certificates for two days.
_RIG = {"error provider-certificate", "warning gatekeeper-pods"}
# Its provider is a process at 127.0.0.1, not a Service with Pods.
_OUTSIDE = {"bestbefore-version", "provider-pods", "clocks", "trust-roots", "pull-secrets"}


@dataclass(frozen=True)
class Report:
    """What doctor said.

    Attributes:
        code: its exit code.
        findings: as its JSON has them.
        error: what it wrote to the standard error.
    """

    code: int
    findings: list[dict[str, Any]]
    error: str

    def of(self, check: str) -> list[str]:
        """What it says of one check."""
        return [f"{each['subject']}: {each['message']}" for each in self.findings if each["check"] == check]

    @property
    def judged(self) -> set[str]:
        """`severity check` of what could be seen."""
        return {f"{each['severity']} {each['check']}" for each in self.findings if each["judged"]}

    @property
    def unjudged(self) -> set[str]:
        """Checks that could not be made."""
        return {each["check"] for each in self.findings if not each["judged"]}


def _doctor(kubeconfig: Path, *words: str) -> Report:
    command = [*command_line(), "doctor", "--kubeconfig", str(kubeconfig), "--output", "json", *words]
    result = subprocess.run(command, capture_output=True, text=True, timeout=3 * _SECONDS, check=False)
    found = json.loads(result.stdout)["findings"] if result.stdout else []
    return Report(result.returncode, found, result.stderr)


@pytest.fixture(autouse=True)
def _in_force(world: World, provider: RealProvider, seed_policy: list[Object]) -> None:
    world.namespace()


@pytest.fixture(scope="module")
def account(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kubeconfig of an account that may do what the page lists, and nothing else."""
    grant(world, NAMESPACE, _ACCOUNT)
    return accounts.kubeconfig(world.server, NAMESPACE, _ACCOUNT, tmp_path_factory.mktemp("doctor"))


def grant(world: World, namespace: str, account: str) -> None:
    """Give an account the rights of the page."""
    role = f"doctor-{account}"
    subject = {"kind": "ServiceAccount", "name": account, "namespace": namespace}
    documents: list[Object] = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account, "namespace": namespace}}
    ]
    for scope, kind in ((True, "ClusterRole"), (False, "Role")):
        rules = [
            {"apiGroups": [each.group], "resources": [*each.resources], "verbs": ["list"]}
            for each in RIGHTS
            if (each.where == "cluster") is scope
        ]
        metadata = {"name": role} if scope else {"name": role, "namespace": namespace}
        rbac = "rbac.authorization.k8s.io"
        reference = {"apiGroup": rbac, "kind": kind, "name": role}
        documents.append({"apiVersion": f"{rbac}/v1", "kind": kind, "metadata": metadata, "rules": rules})
        binding = {"roleRef": reference, "subjects": [subject]}
        documents.append({"apiVersion": f"{rbac}/v1", "kind": f"{kind}Binding", "metadata": metadata, **binding})
    accounts.grant(world.client, documents)


def test_rig_as_it_is(world: World, account: Path) -> None:
    found = _doctor(account)
    assert found.judged == _RIG, found.findings
    assert found.unjudged == _OUTSIDE
    assert found.code == 1
    (expiry,) = found.of("provider-certificate")
    assert expiry.startswith("Provider bestbefore, bestbefore-audit, bestbefore-mutate: the certificate that is served")


def test_account_without_rights_sees_that_it_sees_nothing(world: World, tmp_path: Path) -> None:
    name = objects.unique("nobody")
    metadata = {"name": name, "namespace": NAMESPACE}
    world.client.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    found = _doctor(accounts.kubeconfig(world.server, NAMESPACE, name, tmp_path))
    assert found.code == 1
    assert found.judged == set()
    assert len(found.unjudged) > 25
    assert "we may not read it (list providers: 403" in found.of("providers")[0]


@pytest.fixture
def careless(world: World) -> Iterator[str]:
    """Another Pod of Gatekeeper, which does not log denials."""
    replica = world.installation.replica("--log-denies=false")
    replica.start()
    yield replica.pod.name
    replica.remove()


def test_pod_that_does_not_log_denials_is_found(careless: str, account: Path) -> None:
    found = _doctor(account)
    assert found.of("deny-log") == [
        f"Pod {careless}: --log-denies is not set: denials leave no trace; it should be true"
    ]


@pytest.fixture
def distrusted(world: World, provider: RealProvider) -> Iterator[None]:
    """Providers that believe a stranger."""
    bundle = base64.b64encode(world.stranger.pem.encode()).decode()
    for name, _, _ in ENTRANCES:
        changed = {"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "Provider", "metadata": {"name": name}}
        world.client.patch(changed, {"spec": {"caBundle": bundle}}).expect_ok()
    yield
    for provider_object in provider_objects(provider.address, world.authority):
        world.apply_provider(provider_object)


@pytest.mark.usefixtures("distrusted")
def test_authority_that_does_not_vouch_for_what_is_served_is_found(provider: RealProvider, account: Path) -> None:
    address = provider.address.removeprefix("https://")
    said = _doctor(account).of("provider-certificate")[0]
    assert f"{address} serves a certificate of CN=rig, for which its caBundle does not vouch (" in said


@pytest.fixture
def lenient(world: World) -> Iterator[None]:
    """A webhook that admits what Gatekeeper does not answer."""
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": VALIDATION},
    }
    hooks = world.client.get(configuration).expect_ok()["webhooks"]
    changed = [{**each, "failurePolicy": "Ignore"} for each in hooks]
    world.client.patch(configuration, {"webhooks": changed}).expect_ok()
    yield
    world.client.patch(configuration, {"webhooks": hooks}).expect_ok()


@pytest.mark.usefixtures("lenient")
def test_webhook_that_ignores_failures_is_found(account: Path) -> None:
    found = _doctor(account)
    assert found.judged == {*_RIG, "error webhook-failure-policy", "warning webhook-failure-policy"}


@pytest.fixture
def broken(world: World) -> Iterator[str]:
    """A template that Gatekeeper accepted and cannot compile."""
    kind = objects.unique("Broken").replace("-", "")
    rego = 'package broken\n\nviolation[{"msg": msg}] {\n  msg := no_such_function(input)\n}\n'
    code = [{"engine": "Rego", "source": {"rego": rego}}]
    template = {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": kind.lower(), "annotations": {"bestbefore.dev/translator-version": "0.1.0"}},
        "spec": {
            "crd": {"spec": {"names": {"kind": kind}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "code": code}],
        },
    }
    world.client.apply(template)
    until(
        lambda: world.client.get(template),
        lambda answer: any(each.get("errors") for each in answer.body.get("status", {}).get("byPod", [])),
        "status with errors",
        _BROKEN_SECONDS,
    )
    yield kind.lower()
    world.client.delete(template)


def test_template_that_does_not_compile_is_found(world: World, broken: str, account: Path) -> None:
    (said,) = _doctor(account).of("template-status")
    assert said.startswith(f"ConstraintTemplate {broken}: Pod {world.gatekeeper.pod.name}: ingest_error: ")
    assert "no_such_function" in said


def test_namespace_that_is_exempt_though_it_opted_in_is_found(world: World, account: Path) -> None:
    world.label(NAMESPACE, dict(objects.INCLUDE))
    try:
        (said,) = _doctor(account).of("unseen-namespaces")
    finally:
        world.label(NAMESPACE, {"policy.sigstore.dev/include": None})
    assert said.startswith(f"Namespace {NAMESPACE}: its policies are not looked at")


def test_token_that_is_not_known_reads_nothing(world: World, tmp_path: Path, account: Path) -> None:
    document = json.loads(account.read_text())
    document["users"][0]["user"]["token"] = "expired"
    path = tmp_path / "kubeconfig.json"
    path.write_text(json.dumps(document))
    found = _doctor(path)
    assert found.code == 3
    assert "nothing of the cluster could be read: API server: we may not read it" in found.error
    assert "401" in found.error


@pytest.fixture
def control(world: World, tmp_path: Path) -> Iterator[Control]:
    """The controller, with the rights that the chart gives it."""
    accounts.grant(world.client, rights(NAMESPACE))
    kubeconfig = accounts.kubeconfig(world.server, NAMESPACE, ACCOUNT, tmp_path)
    found = Control(kubeconfig, settings(NAMESPACE, tmp_path), tmp_path / "state", world.logs, name="control-doctor")
    with found.running():
        yield found


@pytest.mark.usefixtures("lenient")
def test_controller_counts_what_doctor_finds(control: Control) -> None:
    # The last that is told of a look.
    wait_until(lambda: control.total("source_last_success_timestamp_seconds", source="doctor") > 0, "look", _SECONDS)
    assert control.total("doctor_findings", check="webhook-failure-policy", severity="error") == 1
    assert control.total("doctor_findings", check="gatekeeper-pods", severity="warning") == 1
    assert control.total("doctor_findings", check="deny-log") == 0


def test_provider_is_asked_about_images_from_where_it_is(world: World, account: Path, fresh: PushedImage) -> None:
    pair = world.authority.issue("doctor", server=False, client=True)
    gone = f"{world.registry.host}/nowhere:1"
    certificate = ("--client-cert", str(pair.certificate), "--client-key", str(pair.key))
    found = _doctor(account, *certificate, "--image", fresh.reference, "--image", gone)
    (said,) = found.of("registries")
    assert said.startswith(f"{gone}: NotFound: ")
