"""The chart on a real API server, by Helm 3 and 4: accepted, and without a warning where Pods must be restricted."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.e2e.rig import gatekeeper, objects
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.provider import RealProvider, provider_objects
from tests.e2e.rig.world import World

_CHART = Path(__file__).parents[2] / "helm" / "bestbefore"
_RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
_ELSEWHERE = ["gatekeeper.namespace=gatekeeper-system", "gatekeeper.clientCA.secretName=gatekeeper-ca"]
_PROVIDERS = {"bestbefore", "bestbefore-audit", "bestbefore-mutate"}
_HELM_SECONDS = 120


@dataclass(frozen=True)
class Helm:
    """A Helm that installs into the rig.

    Attributes:
        program: where it is.
        kubeconfig: of the rig's API server.
        home: where it keeps what it keeps.
    """

    program: Path
    kubeconfig: Path
    home: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it; what it complains of is the failure's text."""
        environment = {"KUBECONFIG": str(self.kubeconfig), "HOME": str(self.home), "PATH": "/usr/bin:/bin"}
        command: list[str | Path] = [self.program, *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=_HELM_SECONDS, check=False
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done


@pytest.fixture(params=["helm", "helm4"])
def helm(world: World, tmp_path: Path, request: pytest.FixtureRequest) -> Helm:
    return Helm(world.binaries / str(request.param), world.server.kubeconfig, tmp_path)


@pytest.fixture
def vacant(world: World, client: KubernetesClient, provider: RealProvider) -> Iterator[None]:
    """Takes the rig's own Provider objects away, for the chart brings some of the same name."""
    ours = provider_objects(provider.address, world.authority)
    for provider_object in ours:
        client.delete(provider_object).expect_ok()
    yield
    for provider_object in ours:
        world.apply_provider(provider_object)


@pytest.fixture(params=["beside Gatekeeper", "elsewhere"])
def place(world: World, request: pytest.FixtureRequest) -> tuple[str, list[str]]:
    """A namespace where Pods must be restricted, and the values that an installation there needs."""
    if request.param == "elsewhere":
        return world.namespace(_RESTRICTED), _ELSEWHERE
    world.label(gatekeeper.NAMESPACE, _RESTRICTED)
    return gatekeeper.NAMESPACE, []


def test_lint_finds_nothing(helm: Helm) -> None:
    done = helm.run("lint", "--strict", str(_CHART))
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


@pytest.mark.usefixtures("vacant")
def test_release_is_installed_upgraded_and_removed_without_a_word(
    client: KubernetesClient, helm: Helm, place: tuple[str, list[str]]
) -> None:
    namespace, values = place
    options = ["--namespace", namespace, *(f"--set={value}" for value in values)]
    installed = helm.run("install", "bestbefore", str(_CHART), *options)
    try:
        upgraded = helm.run("upgrade", "bestbefore", str(_CHART), *options)
        provider = provider_objects_of(client)
    finally:
        removed = helm.run("uninstall", "bestbefore", "--namespace", namespace, "--no-hooks")
    assert provider == _PROVIDERS
    assert complaints(installed) == complaints(upgraded) == complaints(removed) == []
    assert provider_objects_of(client) == set()


@pytest.mark.usefixtures("vacant")
def test_upgrade_and_rollback_keep_the_certificate_that_was_made_first(client: KubernetesClient, helm: Helm) -> None:
    namespace = ["--namespace", gatekeeper.NAMESPACE]
    helm.run("install", "bestbefore", str(_CHART), *namespace)
    try:
        first = certificate_of(client)
        helm.run("upgrade", "bestbefore", str(_CHART), *namespace, "--set=provider.replicas=3")
        upgraded = certificate_of(client)
        helm.run("rollback", "bestbefore", "1", *namespace)
        rolled_back = certificate_of(client)
    finally:
        helm.run("uninstall", "bestbefore", *namespace, "--no-hooks")
    assert len(first["bundles"]) == len(_PROVIDERS)
    assert len({first["ca.crt"], *first["bundles"]}) == 1
    assert first == upgraded == rolled_back


def test_pod_that_is_not_restricted_is_refused_where_the_chart_is_accepted(
    world: World, client: KubernetesClient
) -> None:
    answer = client.create(objects.pod(world.namespace(_RESTRICTED), "registry.invalid/app"), dry_run=True)
    assert answer.status == 403
    assert "violates PodSecurity" in answer.message


def _render(helm: Helm, namespace: str, values: list[str]) -> list[Object]:
    options = ["--namespace", namespace, "--kube-version=1.36.2", *(f"--set={value}" for value in values)]
    # Without a cluster the chart cannot keep a certificate that it makes.
    options += ["--set=certificates.mode=secret", "--set=certificates.secret.name=serving"]
    options += [f"--set-file=certificates.caBundle={_authority(helm)}"]
    text = helm.run("template", "bestbefore", str(_CHART), *options).stdout
    documents = [document for document in yaml.safe_load_all(text) if document is not None]
    for document in documents:
        if document["kind"] not in {"Provider", "Assign"}:
            document["metadata"].setdefault("namespace", namespace)
    return documents


def _authority(helm: Helm) -> Path:
    configuration = yaml.safe_load(helm.kubeconfig.read_text())
    return Path(configuration["clusters"][0]["cluster"]["certificate-authority"])


def provider_objects_of(client: KubernetesClient) -> set[str]:
    """The names of the Providers that are there."""
    answer = client.request("GET", "/apis/externaldata.gatekeeper.sh/v1beta1/providers")
    names = {item["metadata"]["name"] for item in answer.expect_ok()["items"]}
    return {name for name in names if name.startswith("bestbefore")}


def certificate_of(client: KubernetesClient) -> Object:
    """The provider's certificate, and what Gatekeeper is told to trust."""
    secret = client.request("GET", f"/api/v1/namespaces/{gatekeeper.NAMESPACE}/secrets/bestbefore-tls").expect_ok()
    providers = client.request("GET", "/apis/externaldata.gatekeeper.sh/v1beta1/providers").expect_ok()["items"]
    # Other tests' Providers may stand beside the release's.
    ours = [provider for provider in providers if provider["metadata"]["name"] in _PROVIDERS]
    return {**secret["data"], "bundles": [provider["spec"]["caBundle"] for provider in ours]}


def complaints(done: subprocess.CompletedProcess[str]) -> list[str]:
    """What Helm wrote to standard error: the API server's warnings go there."""
    return done.stderr.splitlines()
