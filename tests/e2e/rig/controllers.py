"""kube-controller-manager: it makes ReplicaSets of Deployments, Pods of ReplicaSets, and takes away what has no owner.

Most tests assume that nothing acts but they themselves, so it runs only in the world of those that want it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.e2e.rig import processes
from tests.e2e.rig.apiserver import ApiServer
from tests.e2e.rig.processes import Program
from tests.ports import free_port

PROGRAM: Final = "kube-controller-manager"
REPLICA_SETS: Final = "system:serviceaccount:kube-system:replicaset-controller"
_CONTROLLERS: Final = (
    "deployment",
    "replicaset",
    "statefulset",
    "daemonset",
    "job",
    "cronjob",
    "garbage-collector",
    "namespace",
)
_START_SECONDS: Final = 60.0


@contextmanager
def running(binaries: Path, logs: Path, server: ApiServer, *, own_accounts: bool = True) -> Iterator[Program]:
    """Run it.

    Args:
        own_accounts: each controller is a service account of its own, as kubeadm has it; without, all of them are one
            user.
    """
    port = free_port()
    command: list[str | Path] = [
        binaries / PROGRAM,
        f"--kubeconfig={server.kubeconfig}",
        f"--controllers={','.join(f'{name}-controller' for name in _CONTROLLERS)}",
        f"--use-service-account-credentials={str(own_accounts).lower()}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
    ]
    program = processes.start(PROGRAM, command, logs)
    try:
        processes.wait_until(lambda: processes.listening(port), PROGRAM, _START_SECONDS, program)
        yield program
    finally:
        program.stop()
