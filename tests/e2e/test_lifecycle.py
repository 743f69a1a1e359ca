"""A release from its installation to its end, by Helm 3 and 4, while the real controller writes.

There is no node: the controller runs beside, as its service account and with the settings of the release, and a Pod
object stands for it. What the Job of a hook would run, the test runs: with the Job's words, account and rights.
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gatekeeper.translation import names
from tests.e2e.rig import accounts, helm, objects
from tests.e2e.rig.control import Control
from tests.e2e.rig.gatekeeper import NAMESPACE
from tests.e2e.rig.helm import CHART, Helm
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.provider import RealProvider, command_line
from tests.e2e.rig.world import World

_SECONDS = 40.0
_IN = ("--namespace", NAMESPACE)
_CONTROLLER, _UNINSTALL = "bestbefore-controller", "bestbefore-uninstall"
_LABELS = {
    "app.kubernetes.io/name": "bestbefore",
    "app.kubernetes.io/instance": "bestbefore",
    "app.kubernetes.io/component": "controller",
}
_PROVIDERS = {"bestbefore", "bestbefore-audit", "bestbefore-mutate"}
_KIND = names.kind_of("lifecycle")
# What a release or the controller leaves, by the labels that they give.
_OURS = ("app.kubernetes.io/part-of=bestbefore", "app.kubernetes.io/managed-by=bestbefore")


@dataclass
class Release:
    """The chart, installed, and its controller.

    Attributes:
        world: where.
        helm: by whom.
        folder: for files.
        control: the controller.
    """

    world: World
    helm: Helm
    folder: Path
    control: Control = field(init=False)

    def __post_init__(self) -> None:
        kubeconfig = self.folder / "account" / "kubeconfig.json"
        self.control = Control(
            kubeconfig, self.folder / "settings.yaml", self.folder / "state", self.world.logs, "lifecycle"
        )

    def install(self, *values: str) -> None:
        """Install it, and have its controller run."""
        self.helm.run("install", "bestbefore", str(CHART), *_IN, *(f"--set={value}" for value in values))
        accounts.kubeconfig(self.world.server, NAMESPACE, _CONTROLLER, self.control.kubeconfig.parent)
        self.roll()

    def roll(self) -> None:
        """The controller's Pod is replaced by one with the settings that the release has now."""
        self.control.stop()
        name = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": _CONTROLLER, "namespace": NAMESPACE}}
        found = self.world.client.get(name).expect_ok()
        self.control.config.write_text(found["data"]["settings.yaml"])
        self.world.client.apply(self.pod)
        self.control.start()

    def end(self) -> None:
        """The controller's Pod ends."""
        self.control.stop()
        self.world.client.delete(self.pod)

    @property
    def pod(self) -> Object:
        """The controller's Pod."""
        found = objects.pod(NAMESPACE, "registry.invalid/bestbefore")
        return {**found, "metadata": {"name": "lifecycle", "namespace": NAMESPACE, "labels": _LABELS}}

    @property
    def replicas(self) -> int:
        """How many Pods the controller's Deployment is to have."""
        metadata = {"name": _CONTROLLER, "namespace": NAMESPACE}
        deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata}
        return int(self.world.client.get(deployment).expect_ok()["spec"]["replicas"])

    @contextmanager
    def hook(self) -> Iterator[subprocess.Popen[str]]:
        """What runs before the deletion, with the account and rights that it has then; they are gone afterwards."""
        found = self.helm.hooks("bestbefore", NAMESPACE, "pre-delete")
        accounts.grant(self.world.client, found)
        (job,) = (each for each in found if each["kind"] == "Job")
        # As Helm does: one that failed goes before the next.
        self.world.client.request("DELETE", self.world.client.path(job), query={"propagationPolicy": "Background"})
        (container,) = job["spec"]["template"]["spec"]["containers"]
        kubeconfig = accounts.kubeconfig(self.world.server, NAMESPACE, _UNINSTALL, self.folder / "hook")
        command = [*command_line(), *container["args"], f"--kubeconfig={kubeconfig}"]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        with subprocess.Popen(command, text=True, **streams) as running:  # type: ignore[call-overload]
            yield running
        for each in found:
            if each["kind"] in accounts.RIGHTS:
                self.world.client.delete(each)


@dataclass
class Probe:
    """Asks again and again whether an image is admitted.

    Attributes:
        denied: how often it was not.
        admitted: how often it was.
    """

    denied: int = 0
    admitted: int = 0

    @contextmanager
    def asking(self, client: KubernetesClient, namespace: str) -> Iterator[None]:
        """Ask during a block."""
        stop = threading.Event()

        def ask() -> None:
            own = client.clone()
            while not stop.wait(0.1):
                if _admits(own, namespace):
                    self.admitted += 1
                else:
                    self.denied += 1
            own.close()

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


@pytest.fixture(params=["helm", "helm4"])
def release(world: World, provider: RealProvider, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Release]:
    """The chart with a policy in force."""
    made = Release(world, Helm(world.binaries / str(request.param), world.server.kubeconfig, tmp_path), tmp_path)
    with helm.vacancy(world, provider):
        try:
            made.install("crds.clusterImagePolicies=true")
            yield made
        finally:
            made.end()
            made.helm.try_run("uninstall", "bestbefore", *_IN, "--no-hooks")


def test_policies_hold_over_upgrade_and_rollback_and_end_before_the_release(release: Release, world: World) -> None:
    namespace, probe = world.namespace(), Probe()
    world.client.apply(_policy())
    wait_until(lambda: not _admits(world.client, namespace), "policy in force", _SECONDS)
    wait_until(lambda: len(_trusted(world)) == len(_PROVIDERS), "Providers", _SECONDS)
    trusted = _trusted(world)
    with probe.asking(world.client, namespace):
        release.helm.run("upgrade", "bestbefore", str(CHART), *_IN, "--reuse-values", "--set=provider.replicas=3")
        release.roll()
        wait_until(lambda: release.control.total("leader") == 1, "the new controller", _SECONDS)
        release.helm.run("rollback", "bestbefore", "1", *_IN)
        release.roll()
        wait_until(lambda: release.control.total("leader") == 1, "the old controller", _SECONDS)
    assert (probe.admitted, probe.denied > 10) == (0, True)
    assert _trusted(world) == trusted, "the certificate that the controller made lasts"

    world.client.apply(_theirs())
    with release.hook() as hook:
        said, _ = hook.communicate(timeout=3 * _SECONDS)
    assert (hook.returncode, f"{_KIND} theirs" in said) == (1, True)
    assert release.replicas == 1
    world.client.delete(_theirs()).expect_ok()

    # The Job of the real hook cannot run here, so it fails: whoever changes their mind then says rollback.
    assert release.helm.try_run("uninstall", "bestbefore", *_IN, "--timeout=2s").returncode != 0
    assert not [each for each in _left(world) if _UNINSTALL in each and not each.startswith(("job", "pod"))]
    release.helm.run("rollback", "bestbefore", "3", *_IN)

    with release.hook() as hook:
        wait_until(lambda: release.replicas == 0 or hook.poll() is not None, "controller that is to stop", _SECONDS)
        assert hook.poll() is None, hook.communicate()[0]
        assert not _admits(world.client, namespace), "while the controller lives nothing is taken away"
        release.end()
        said, _ = hook.communicate(timeout=3 * _SECONDS)
        assert hook.returncode == 0, said
    wait_until(lambda: _admits(world.client, namespace), "end of the policy", _SECONDS)
    removed = release.helm.run("uninstall", "bestbefore", *_IN, "--no-hooks")
    assert removed.stderr == ""
    assert _left(world) == {
        "customresourcedefinition.apiextensions.k8s.io/policystatuses.bestbefore.dev",
        "customresourcedefinition.apiextensions.k8s.io/clusterimagepolicies.policy.sigstore.dev",
    }
    assert world.client.get(_policy()).ok, "it is the user's"


def _policy() -> Object:
    return {
        "apiVersion": "policy.sigstore.dev/v1alpha1",
        "kind": "ClusterImagePolicy",
        "metadata": {"name": "lifecycle"},
        "spec": {
            "images": [{"glob": "**"}],
            "authorities": [{"static": {"action": "pass"}}],
            "policy": {"type": "rego", "data": "package sigstore\nisCompliant { false }\n"},
        },
    }


def _trusted(world: World) -> dict[str, str]:
    """The authority that each Provider of the controller names."""
    found = world.client.request("GET", "/apis/externaldata.gatekeeper.sh/v1beta1/providers").expect_ok()["items"]
    ours = (each for each in found if each["metadata"]["name"] in _PROVIDERS)
    return {each["metadata"]["name"]: each["spec"]["caBundle"] for each in ours}


def _theirs() -> Object:
    """A Constraint that somebody made of the policy's template; it matches nothing."""
    return {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": _KIND,
        "metadata": {"name": "theirs"},
        "spec": {"match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}], "namespaces": ["nowhere"]}},
    }


def _admits(client: KubernetesClient, namespace: str) -> bool:
    return client.create(objects.pod(namespace, "registry.invalid/image:1"), dry_run=True).ok


def _left(world: World) -> set[str]:
    """What is there of a release and its controller, `KIND.GROUP/NAME`."""
    kinds = world.kubectl("api-resources", "--verbs=list", "-o=name").split()
    # Events tell what was; metrics and component statuses are no objects.
    wanted = ",".join(sorted({*kinds} - {"events", "events.events.k8s.io", "componentstatuses"}))
    found = (world.kubectl("get", wanted, "--all-namespaces", "-o=name", f"-l={labels}") for labels in _OURS)
    # The definition of a template's kind goes with it: by the garbage collector, which is not here.
    return {line for text in found for line in text.split() if not line.endswith(".constraints.gatekeeper.sh")}
