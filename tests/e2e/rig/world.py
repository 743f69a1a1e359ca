"""Everything that runs, started in order and stopped in the other order."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.rig import apiserver, gatekeeper, objects, registry
from tests.e2e.rig.apiserver import ApiServer
from tests.e2e.rig.certificates import Authority, Pair
from tests.e2e.rig.gatekeeper import Gatekeeper, Installation
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.node import Node
from tests.e2e.rig.processes import RigError, wait_until
from tests.e2e.rig.registry import Registry
from tests.e2e.rig.stubs import SilentRegistry

PROGRAMS = ("etcd", "kube-apiserver", "gatekeeper", "registry")
_PROVIDER_ATTEMPTS = 10
_PROVIDER_SECONDS = 1.0
_KUBECTL_SECONDS = 240.0


@dataclass(frozen=True)
class World:
    """The running rig.

    Attributes:
        binaries: folder of the programs.
        folder: scratch space of the run.
        logs: one file a program; they stay.
        authority: has issued every certificate that is to be trusted.
        stranger: an authority that nobody is to trust.
        provider_pair: the certificate for whatever plays the provider.
        silent: a registry that never answers.
        node: where Gatekeeper's Pods are, and their logs.
        installation: makes further replicas of Gatekeeper.
        gatekeeper: the first of them, which the webhooks point at.
        client: for the tests' own thread.
    """

    binaries: Path
    folder: Path
    logs: Path
    authority: Authority
    stranger: Authority
    provider_pair: Pair
    registry: Registry
    silent: SilentRegistry
    server: ApiServer
    node: Node
    installation: Installation
    gatekeeper: Gatekeeper
    client: KubernetesClient

    def namespace(self, labels: Mapping[str, str] | None = None) -> str:
        """A new namespace that asks for policies, or has the given labels."""
        space = objects.namespace(objects.INCLUDE if labels is None else labels)
        self.client.create(space).expect_ok()
        return str(space["metadata"]["name"])

    def label(self, namespace: str, labels: Mapping[str, str | None]) -> None:
        """Set labels of a namespace, or take away those that are None."""
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        self.client.patch(space, {"metadata": {"labels": labels}}).expect_ok()

    def kubectl(self, *words: str) -> str:
        """What kubectl prints, with all rights; a failure is the test's."""
        command: list[str | Path] = [self.binaries / "kubectl", f"--kubeconfig={self.server.kubeconfig}", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_KUBECTL_SECONDS, check=False)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def helm(self, *words: str) -> str:
        """What Helm prints, with all rights, whatever comes of it."""
        command: list[str | Path] = [self.binaries / "helm", f"--kubeconfig={self.server.kubeconfig}", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_KUBECTL_SECONDS, check=False)
        return done.stdout + done.stderr

    def apply_provider(self, provider: Object) -> None:
        """Apply a Provider and wait until Gatekeeper has taken it up.

        One that comes back right after its deletion may be taken for the former one, whose status is on its way out,
        and gets no status then until something changes: hence the annotation, which is set anew now and then.
        """
        attempts = (self._taken_up(provider) for _ in range(_PROVIDER_ATTEMPTS))
        if not any(attempts):
            raise RigError(f"Gatekeeper does not take up the Provider {provider['metadata']['name']}")

    def _taken_up(self, provider: Object) -> bool:
        annotations = {"rig.example.test/attempt": objects.unique("attempt")}
        applied = self.client.apply({**provider, "metadata": {**provider["metadata"], "annotations": annotations}})
        generation = applied["metadata"]["generation"]

        def active() -> bool:
            pods = self.client.get(applied).body.get("status", {}).get("byPod", [])
            return bool(pods) and all(p.get("active") and p.get("observedGeneration") == generation for p in pods)

        try:
            wait_until(active, "active Provider", _PROVIDER_SECONDS)
        except RigError:
            return False
        return True


@contextmanager
def running(binaries: Path, logs: Path) -> Iterator[World]:
    """Start everything but a provider; stop it all at the end."""
    _check(binaries)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bestbefore-e2e-")))
        authority = Authority("rig", folder / "pki")
        images = registry.start(binaries / "registry", logs)
        stack.callback(images.stop)
        silent = stack.enter_context(SilentRegistry())
        server = apiserver.start(binaries, folder, logs, authority)
        stack.callback(server.stop)
        client = server.client()
        stack.callback(client.close)
        reporter = server.client()
        stack.callback(reporter.close)
        node = Node(reporter, authority.issue("kubelet"), folder / "containers", logs)
        node.start()
        stack.callback(node.stop)
        node.join()
        installation = gatekeeper.install(binaries, folder, logs, authority, server, node)
        manager = gatekeeper.start(installation)
        stack.callback(manager.close)
        yield World(
            binaries=binaries,
            folder=folder,
            logs=logs,
            authority=authority,
            stranger=Authority("stranger", folder / "stranger"),
            provider_pair=authority.issue("provider"),
            registry=images,
            silent=silent,
            server=server,
            node=node,
            installation=installation,
            gatekeeper=manager,
            client=client,
        )


def _check(binaries: Path) -> None:
    missing = [name for name in (*PROGRAMS, "gatekeeper-crds") if not (binaries / name).exists()]
    if missing:
        raise RigError(f"{', '.join(missing)} not found in {binaries}: run `make tools`")
