"""etcd and the Kubernetes API server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.rig import processes
from tests.e2e.rig.certificates import Authority, Pair, write_rsa_key
from tests.e2e.rig.kubernetes import Endpoint, KubernetesClient
from tests.e2e.rig.processes import Program
from tests.ports import free_port

_TOKEN = "rig-token"
_START_SECONDS = 60.0


@dataclass
class ApiServer:
    """A running API server with its store.

    Attributes:
        endpoint: how to reach it.
        kubeconfig: the same for programs that read a kubeconfig.
        command: its program and options.
        logs: for what it says.
        store: etcd.
        program: the process; none while it is away.
    """

    endpoint: Endpoint
    kubeconfig: Path
    command: Sequence[str | Path]
    logs: Path
    store: Program
    program: Program | None = None

    def client(self) -> KubernetesClient:
        """A client with all rights."""
        return KubernetesClient(self.endpoint)

    def go(self) -> None:
        """Be away: connections are refused, what is stored stays."""
        # Not asked to: it would wait a long time for those who watch. All that is stored is in etcd.
        program, self.program = self.program, None
        if program is not None:
            program.kill()

    def come(self) -> None:
        """Start, and wait until it is ready."""
        self.program = processes.start("kube-apiserver", self.command, self.logs)
        client = self.client()
        processes.wait_until(lambda: _ready(client), "ready API server", _START_SECONDS, self.program)
        client.close()

    def stop(self) -> None:
        """Stop it, then its store."""
        self.go()
        self.store.stop()


def start(binaries: Path, folder: Path, logs: Path, authority: Authority) -> ApiServer:
    """Start both and wait until they are ready."""
    store, store_port = _start_etcd(binaries, folder, logs)
    endpoint = Endpoint(free_port(), _TOKEN, authority.pem)
    command = _command(binaries, folder, authority.issue("apiserver"), store_port, endpoint.port)
    server = ApiServer(endpoint, write_kubeconfig(folder, endpoint), command, logs, store)
    server.come()
    return server


def _start_etcd(binaries: Path, folder: Path, logs: Path) -> tuple[Program, int]:
    port, peer_port = free_port(), free_port()
    client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
    command: list[str | Path] = [
        binaries / "etcd",
        f"--data-dir={folder / 'etcd'}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
    ]
    program = processes.start("etcd", command, logs)
    processes.wait_until(lambda: processes.listening(port), "listening etcd", _START_SECONDS, program)
    return program, port


def _command(binaries: Path, folder: Path, pair: Pair, store_port: int, port: int) -> list[str | Path]:
    tokens = folder / "tokens.csv"
    tokens.write_text(f'{_TOKEN},rig,rig,"system:masters"\n')
    key = write_rsa_key(folder / "service-accounts.key")
    return [
        binaries / "kube-apiserver",
        f"--etcd-servers=http://127.0.0.1:{store_port}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={pair.certificate}",
        f"--tls-private-key-file={pair.key}",
        f"--token-auth-file={tokens}",
        "--authorization-mode=RBAC",
        "--anonymous-auth=false",
        "--endpoint-reconciler-type=none",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-cluster-ip-range=10.96.0.0/24",
        # Its controller, which makes the default service account, does not run here.
        "--disable-admission-plugins=ServiceAccount",
        "--allow-privileged=true",
        # So that what a kubelet with this feature reports is kept, not dropped.
        "--feature-gates=ImageVolumeWithDigest=true",
    ]


def _ready(client: KubernetesClient) -> bool:
    try:
        return client.request("GET", "/readyz").ok
    except OSError:
        return False


def write_kubeconfig(folder: Path, endpoint: Endpoint) -> Path:
    """A kubeconfig for who has the endpoint's token, readable by us alone."""
    authority = folder / "apiserver-ca.crt"
    authority.write_text(endpoint.authority)
    server = {"server": f"https://127.0.0.1:{endpoint.port}", "certificate-authority": str(authority)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "rig", "cluster": server}],
        "users": [{"name": "rig", "user": {"token": endpoint.token}}],
        "contexts": [{"name": "rig", "context": {"cluster": "rig", "user": "rig"}}],
        "current-context": "rig",
    }
    path = folder / "kubeconfig.json"
    path.write_text(json.dumps(document))
    path.chmod(0o600)
    return path
