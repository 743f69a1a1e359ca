"""The chart on a real API server, by Helm 3 and 4: accepted, and without a warning where Pods must be restricted."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests import quick_yaml
from tests.e2e.rig import gatekeeper, objects
from tests.e2e.rig import helm as helms
from tests.e2e.rig.helm import CHART, Helm
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.provider import RealProvider
from tests.e2e.rig.world import World

_RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
_ELSEWHERE = ["gatekeeper.namespace=gatekeeper-system", "gatekeeper.clientCA.secretName=gatekeeper-ca"]
_OPTIONAL = ["controller.owners.enabled=true", "grafana.dashboards.enabled=true"]
_PROVIDERS = {"bestbefore", "bestbefore-audit", "bestbefore-mutate"}
_CLUSTER_WIDE = {"Provider", "Assign", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}
_DEPLOYMENT: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "bestbefore", "namespace": gatekeeper.NAMESPACE},
}
_DEFINITION: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "policystatuses.bestbefore.dev"},
}


@pytest.fixture(params=["helm", "helm4"])
def helm(world: World, tmp_path: Path, request: pytest.FixtureRequest) -> Helm:
    return Helm(world.binaries / str(request.param), world.server.kubeconfig, tmp_path)


@pytest.fixture
def vacant(world: World, provider: RealProvider) -> Iterator[None]:
    """Room for a release, which is taken away after it."""
    with helms.vacancy(world, provider):
        yield


@pytest.fixture(params=["beside Gatekeeper", "elsewhere"])
def place(world: World, request: pytest.FixtureRequest) -> Iterator[tuple[str, list[str]]]:
    """A namespace where Pods must be restricted, and the values that an installation there needs."""
    if request.param == "elsewhere":
        yield world.namespace(_RESTRICTED), [*_ELSEWHERE, *_OPTIONAL]
        return
    world.label(gatekeeper.NAMESPACE, _RESTRICTED)
    yield gatekeeper.NAMESPACE, _OPTIONAL
    world.label(gatekeeper.NAMESPACE, dict.fromkeys(_RESTRICTED))


def test_lint_finds_nothing(helm: Helm) -> None:
    done = helm.run("lint", "--strict", str(CHART))
    assert "0 chart(s) failed" in done.stdout


def test_every_object_is_accepted_without_a_warning(
    client: KubernetesClient, helm: Helm, place: tuple[str, list[str]]
) -> None:
    namespace, values = place
    documents = _render(helm, namespace, values)
    assert "Deployment" in {document["kind"] for document in documents}
    for document in documents:
        answer = client.try_apply(document, dry_run=True)
        assert answer.ok, f"{document['kind']}: {answer.message}"
        assert answer.warnings == ()


@pytest.mark.parametrize("name", ["autoscaled", "openshift", "trust"])
def test_values_that_people_have_are_accepted_by_the_api_server(
    world: World, client: KubernetesClient, tmp_path: Path, name: str
) -> None:
    helm = Helm(world.binaries / "helm4", world.server.kubeconfig, tmp_path)
    for document in _render(helm, gatekeeper.NAMESPACE, [], CHART / "ci" / f"{name}-values.yaml"):
        answer = client.try_apply(document, dry_run=True)
        assert answer.ok, f"{document['kind']}: {answer.message}"


@pytest.mark.usefixtures("vacant")
def test_release_is_installed_upgraded_and_removed_without_a_word(
    client: KubernetesClient, helm: Helm, place: tuple[str, list[str]]
) -> None:
    namespace, values = place
    options = ["--namespace", namespace, *(f"--set={value}" for value in values)]
    installed = helm.run("install", "bestbefore", str(CHART), *options)
    try:
        upgraded = helm.run("upgrade", "bestbefore", str(CHART), *options)
        provider = provider_objects_of(client)
    finally:
        removed = helm.run("uninstall", "bestbefore", "--namespace", namespace, "--no-hooks")
    assert provider == set(), "the controller writes them"
    assert complaints(installed) == complaints(upgraded) == complaints(removed) == []
    assert provider_objects_of(client) == set()
    assert client.get(_DEFINITION).ok, "with a definition its objects would go"


@pytest.mark.usefixtures("vacant")
def test_upgrade_and_rollback_keep_the_certificate_that_helm_made_first(client: KubernetesClient, helm: Helm) -> None:
    namespace = ["--namespace", gatekeeper.NAMESPACE]
    by_helm = "--set=certificates.mode=helm"
    helm.run("install", "bestbefore", str(CHART), *namespace, by_helm)
    try:
        first = certificate_of(client)
        helm.run("upgrade", "bestbefore", str(CHART), *namespace, by_helm, "--set=provider.replicas=3")
        upgraded = certificate_of(client)
        helm.run("rollback", "bestbefore", "1", *namespace)
        rolled_back = certificate_of(client)
    finally:
        helm.run("uninstall", "bestbefore", *namespace, "--no-hooks")
    assert len(first["bundles"]) == len(_PROVIDERS)
    assert len({first["ca.crt"], *first["bundles"]}) == 1
    assert first.keys() == {"tls.crt", "tls.key", "ca.crt", "client", "bundles"}, "no key of an authority is kept"
    assert first["client"]["ca.crt"] != first["ca.crt"]
    proved(first)
    proved(first["client"])
    assert first == upgraded == rolled_back


@pytest.mark.usefixtures("vacant")
def test_upgrade_keeps_the_number_of_pods_that_an_autoscaler_chose(client: KubernetesClient, helm: Helm) -> None:
    namespace = ["--namespace", gatekeeper.NAMESPACE]
    scaled = ["--set=provider.autoscaling.enabled=true", "--set=provider.autoscaling.minReplicas=3"]
    helm.run("install", "bestbefore", str(CHART), *namespace, *scaled)
    try:
        # The rig has no autoscaler: the test writes where one does.
        client.patch(_DEPLOYMENT, {"spec": {"replicas": 4}}, "scale").expect_ok()
        helm.run("upgrade", "bestbefore", str(CHART), *namespace, *scaled, "--set=provider.log.level=debug")
        upgraded = client.get(_DEPLOYMENT).expect_ok()["spec"]["replicas"]
        helm.run("rollback", "bestbefore", "1", *namespace)
        rolled_back = client.get(_DEPLOYMENT).expect_ok()["spec"]["replicas"]
    finally:
        helm.run("uninstall", "bestbefore", *namespace, "--no-hooks")
    assert (upgraded, rolled_back) == (4, 4)


def test_pod_that_is_not_restricted_is_refused_where_the_chart_is_accepted(
    world: World, client: KubernetesClient
) -> None:
    answer = client.create(objects.pod(world.namespace(_RESTRICTED), "registry.invalid/app"), dry_run=True)
    assert answer.status == 403
    assert "violates PodSecurity" in answer.message


@pytest.mark.usefixtures("vacant")
@pytest.mark.parametrize(
    ("flag", "words"),
    [
        (None, "there is no Deployment gatekeeper-controller-manager in the namespace gatekeeper-system"),
        ("--log-denies=false", "logDenies of Gatekeeper's chart is false"),
        ("--log-denies=true", ""),
    ],
)
def test_notes_say_whether_gatekeeper_writes_denials_into_its_log(
    client: KubernetesClient, helm: Helm, flag: str | None, words: str
) -> None:
    manager = _manager([flag or ""])
    if flag:
        client.apply(manager)
    try:
        options = ["--namespace", gatekeeper.NAMESPACE, "--dry-run=server"]
        notes = helm.run("install", "other", str(CHART), *options).stdout.partition("WARNINGS")[2]
    finally:
        client.delete(manager)
    assert words in notes
    assert ("into its log" in notes or "its log has" in notes) == ("logDenies" in words)
    assert ("gatekeeper-controller-manager" in notes) == bool(words)


def _manager(flags: list[str]) -> Object:
    """Gatekeeper's Deployment, of which the rig has only the process."""
    labels = {"app": "gatekeeper-notes"}
    container = {"name": "manager", "image": "registry.invalid/gatekeeper", "args": flags}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "gatekeeper-controller-manager", "namespace": gatekeeper.NAMESPACE},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _render(helm: Helm, namespace: str, values: list[str], *files: Path) -> list[Object]:
    options = [f"--values={file}" for file in files]
    options += ["--namespace", namespace, "--kube-version=1.36.2", *(f"--set={value}" for value in values)]
    # Without a cluster the chart cannot keep a certificate that it makes.
    options += ["--set=certificates.mode=secret", "--set=certificates.secret.name=serving"]
    options += [f"--set-file=certificates.caBundle={_authority(helm)}"]
    text = helm.run("template", "bestbefore", str(CHART), *options).stdout
    documents = [document for document in quick_yaml.load_all(text) if document is not None]
    for document in documents:
        if document["kind"] not in _CLUSTER_WIDE:
            document["metadata"].setdefault("namespace", namespace)
    return documents


def _authority(helm: Helm) -> Path:
    configuration = quick_yaml.load(helm.kubeconfig.read_text())
    return Path(configuration["clusters"][0]["cluster"]["certificate-authority"])


def provider_objects_of(client: KubernetesClient) -> set[str]:
    """The names of the Providers that are there."""
    answer = client.request("GET", "/apis/externaldata.gatekeeper.sh/v1beta1/providers")
    names = {item["metadata"]["name"] for item in answer.expect_ok()["items"]}
    return {name for name in names if name.startswith("bestbefore")}


def certificate_of(client: KubernetesClient) -> Object:
    """The provider's certificate, that of its own clients, and what Gatekeeper is told to trust."""
    secrets = f"/api/v1/namespaces/{gatekeeper.NAMESPACE}/secrets"
    secret = client.request("GET", f"{secrets}/bestbefore-tls").expect_ok()
    clients = client.request("GET", f"{secrets}/bestbefore-client-tls").expect_ok()
    providers = client.request("GET", "/apis/externaldata.gatekeeper.sh/v1beta1/providers").expect_ok()["items"]
    # Other tests' Providers may stand beside the release's.
    ours = [provider for provider in providers if provider["metadata"]["name"] in _PROVIDERS]
    return {**secret["data"], "client": clients["data"], "bundles": [provider["spec"]["caBundle"] for provider in ours]}


def proved(secret: Object) -> None:
    """A certificate is of its authority, and its key belongs to it."""
    data = {name: base64.b64decode(secret[name]) for name in ("tls.crt", "tls.key", "ca.crt")}
    leaf, authority = (x509.load_pem_x509_certificate(data[name]) for name in ("tls.crt", "ca.crt"))
    leaf.verify_directly_issued_by(authority)
    assert serialization.load_pem_private_key(data["tls.key"], None).public_key() == leaf.public_key()


def complaints(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What Helm wrote to standard error: the API server's warnings go there."""
    return done.stderr.splitlines()
