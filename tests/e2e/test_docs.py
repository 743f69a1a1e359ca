"""Every kubectl and helm command of every page, typed into a shell at the real API server and Gatekeeper.

A world of its own, since pages install the chart, take policies away, and change webhooks. There are no nodes: what a
command starts does not run, so `tests/documentation/exceptions.py` names the commands that wait for it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.documentation import folders, images
from tests.documentation.exceptions import CLUSTER_EXIT_CODES, EXIT_CODES, NOT_RUN
from tests.documentation.reader import Reader
from tests.e2e.rig import definition_end
from tests.e2e.rig import world as worlds
from tests.e2e.rig.provider import RealProvider, provider_objects
from tests.e2e.rig.shell import Shell
from tests.e2e.rig.world import World
from tests.programs import ROOT, program
from tests.unit.docs.pages import PAGES, commands, name

_INSTALL: Final = (
    "helm install bestbefore helm/bestbefore -n gatekeeper-system --set image.registry=registry.example.com"
)
_INSTALL_DEFINITIONS: Final = f"{_INSTALL} --set crds.clusterImagePolicies=true"
# The definitions alone, without what the chart has beside them.
_DEFINE: Final = (
    "helm template bestbefore helm/bestbefore --kube-version 1.36.2 --show-only templates/crds.yaml "
    "--set crds.clusterImagePolicies=true | kubectl apply --server-side -f -"
)
_APPLY: Final = "until kubectl apply --server-side -f {}; do sleep 1; done"
_DEPLOY: Final = (
    "kubectl -n gatekeeper-system create deployment gatekeeper-controller-manager --image=openpolicyagent/gatekeeper"
)
_SECRET: Final = (
    "kubectl -n gatekeeper-system create secret generic gatekeeper-webhook-server-cert --from-literal=ca.crt="
)
# policy-controller, as far as its release has the definitions of its kinds, and a policy with its finalizer.
_FINALIZED: Final = '{"metadata":{"finalizers":["policy.sigstore.dev/stand-in"]}}'
_POLICY_CONTROLLER: Final = (
    "kubectl create namespace cosign-system",
    # What takes the definitions over has to be Helm 4, or they go with the release that was before.
    'helm() { helm4 "$@"; }',
    "mkdir sigstore && cp -r tests/assets/policy-controller sigstore/policy-controller",
    "helm install policy-controller sigstore/policy-controller -n cosign-system",
    "sed s/v1beta1/v1alpha1/ policies/maximum-image-age/cip.yaml > own.yaml",
    _APPLY.format("own.yaml"),
    f"kubectl patch -f own.yaml --type=merge -p '{_FINALIZED}'",
)
# What the reader of a page has in the cluster already.
_BEFORE: Final = {
    # Nobody makes policies here, so what the controller would make is there already.
    "README.md": [_APPLY.format("translated.yaml")],
    "docs/tutorials/first-policy.md": [_DEFINE, _APPLY.format("translated.yaml")],
    "docs/explanation/policies-in-the-cluster.md": [_INSTALL],
    "docs/how-to/check-in-ci.md": [_APPLY.format("translated")],
    "docs/how-to/coming-from-policy-controller.md": [*_POLICY_CONTROLLER],
    "docs/how-to/nothing-can-be-deployed.md": [
        f"{_INSTALL} --set certificates.mode=helm",
        _APPLY.format("translated.yaml"),
        _DEPLOY,
        _SECRET,
    ],
    "docs/how-to/gitops.md": [_INSTALL],
    "docs/how-to/private-registries.md": [_INSTALL],
    "docs/how-to/uninstall.md": [_INSTALL, _APPLY.format("translated.yaml")],
    "docs/how-to/upgrade.md": [_INSTALL],
    "docs/reference/policystatus.md": [_INSTALL],
    "docs/runbooks/BestbeforeEnforcementLost.md": [_INSTALL],
    "docs/runbooks/BestbeforePoliciesHeld.md": [_INSTALL_DEFINITIONS],
    "helm/bestbefore/README.md": [_APPLY.format("translated.yaml")],
}
# The chart leaves its definitions behind.
_KEPT: Final = (
    "policystatuses.bestbefore.dev",
    "clusterimagepolicies.policy.sigstore.dev",
    "trustroots.policy.sigstore.dev",
)
# Of GitOps only the objects are needed, not who acts on them.
_GITOPS: Final = (
    ("argoproj.io", "v1alpha1", "Application", "argocd", "policies"),
    ("argoproj.io", "v1alpha1", "Application", "argocd", "bestbefore"),
    ("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "flux-system", "policies"),
    ("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "gatekeeper-system", "gatekeeper"),
)
_ON_A_CLUSTER = [page for page in PAGES if any("kubectl " in line or "helm " in line for line in commands(page))]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world that is not shared with other tests."""
    logs = tmp_path_factory.mktemp("logs")
    binaries = Path(os.environ.get("BESTBEFORE_BIN") or ROOT / ".build" / "bin")
    with worlds.running(binaries, logs) as running:
        for group, version, kind, space, instance in _GITOPS:
            running.client.apply(_definition(group, version, kind))
            running.client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})
            metadata = {"name": instance, "namespace": space}
            running.client.apply({"apiVersion": f"{group}/{version}", "kind": kind, "metadata": metadata, "spec": {}})
        yield running


@pytest.fixture(scope="module")
def reachable(cluster: World) -> Mapping[str, str]:
    """The pages' images, by what they replace."""
    return images.push(cluster.registry)


@pytest.fixture
def reader(cluster: World, reachable: Mapping[str, str], tmp_path: Path) -> Iterator[Reader]:
    """A reader with a namespace `shop` and nothing else in the cluster; what they leave there is taken away."""
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    path = [Path(sys.executable).parent, program("kubectl").parent, program("helm").parent, program("opa").parent]
    variables = {"PYTHONPATH": str(ROOT), "KUBECONFIG": str(cluster.server.kubeconfig)}
    yield Reader(folder, home, path, reachable, variables)
    shell = Shell(cluster.server.kubeconfig, tmp_path, path)
    shell.run("helm uninstall bestbefore -n gatekeeper-system --no-hooks")
    shell.run("helm uninstall policy-controller -n cosign-system --no-hooks")
    definition_end.take_away(cluster.client, *_KEPT)
    shell.run("kubectl get constraints -o name | xargs -r kubectl delete")
    shell.run("kubectl delete constrainttemplates,providers.externaldata.gatekeeper.sh --all")
    shell.run("kubectl -n gatekeeper-system delete deployments,secrets --all")
    shell.run("kubectl delete namespace shop --wait=false")
    final = json.dumps(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}, "spec": {"finalizers": []}}
    )
    shell.run(f"echo '{final}' | kubectl replace --raw /api/v1/namespaces/shop/finalize -f -")


@pytest.fixture
def provider(cluster: World) -> Iterator[RealProvider]:
    """The real provider; its Provider objects are for pages that do not install the chart."""
    real = RealProvider(cluster.provider_pair, [cluster.registry.host], cluster.logs)
    real.start()
    yield real
    real.stop()


def _definition(group: str, version: str, kind: str) -> dict[str, object]:
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    plural = f"{kind.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "scope": "Namespaced",
            "versions": [served],
        },
    }


def _expected(command: str) -> int:
    return EXIT_CODES.get(command, CLUSTER_EXIT_CODES.get(command, 0))


@pytest.mark.parametrize("page", _ON_A_CLUSTER, ids=name)
def test_commands_of_a_page_run_as_printed(page: Path, cluster: World, reader: Reader, provider: RealProvider) -> None:
    folders.fill(reader, name(page))
    typed = [line for line in commands(page) if not any(entry.rig and entry.covers(line) for entry in NOT_RUN)]
    before = [*folders.BEFORE.get(name(page), []), *_BEFORE.get(name(page), [])]
    if not any("helm install" in line for line in [*before, *typed]):
        for provider_object in provider_objects(provider.address, cluster.authority):
            cluster.apply_provider(provider_object)
    if "kubectl create namespace shop" not in typed:
        before.insert(0, "kubectl create namespace shop")
    for run in reader.type([*before, *typed]):
        assert run.code == _expected(run.command), f"{run.command}\n{run.output}"
