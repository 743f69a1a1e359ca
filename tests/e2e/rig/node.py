"""A node without containers: its object, its kubelet, and Pods whose processes run beside it."""

from __future__ import annotations

import errno
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.rig import objects, processes
from tests.e2e.rig.certificates import Pair
from tests.e2e.rig.forwarding import Forwarding
from tests.e2e.rig.kubelet import runtime
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.network import POD_ADDRESSES
from tests.e2e.rig.processes import Program
from tests.ports import free_port

_START_SECONDS = 30.0
_STARTED = "2026-01-01T00:00:00Z"


@dataclass
class Node:
    """A node whose kubelet serves logs.

    Attributes:
        client: of the API server, for status reports.
        pair: the kubelet's certificate.
        folder: logs of containers, `NAMESPACE/POD/CONTAINER/N.log`.
        logs: of the kubelet itself.
        port: the kubelet's; the same over its restarts.
        program: the kubelet; none while it is away.
    """

    client: KubernetesClient
    pair: Pair
    folder: Path
    logs: Path
    name: str = field(default_factory=lambda: objects.unique("node"))
    port: int = field(default_factory=free_port)
    program: Program | None = None

    def start(self) -> None:
        """Start the kubelet and wait until it listens."""
        self.folder.mkdir(exist_ok=True)
        words = [self.port, self.pair.certificate, self.pair.key, self.folder]
        command = [sys.executable, "-m", "tests.e2e.rig.kubelet.server", *(str(word) for word in words)]
        self.program = processes.start("kubelet", command, self.logs)
        processes.wait_until(lambda: processes.listening(self.port), "kubelet", _START_SECONDS, self.program)

    def stop(self) -> None:
        """Stop the kubelet; logs that are followed end without a word."""
        program, self.program = self.program, None
        if program is not None:
            program.stop()

    def restart(self) -> None:
        """Stop and start the kubelet."""
        self.stop()
        self.start()

    def join(self) -> None:
        """Make the Node object, with the kubelet's address."""
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self.port}},
            "conditions": [{"type": "Ready", "status": "True"}],
        }
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": self.name}, "status": status}
        self.client.create(node).expect_ok()

    def pod(self, pod: Object, port: int, target: int) -> NodePod:
        """Create a Pod that lies here; nothing runs in it yet.

        Args:
            pod: what is created.
            port: where its process listens, at the Pod's address.
            target: where it really does, on 127.0.0.1.

        Raises:
            OSError: all addresses of Pods are taken.
        """
        created = self.client.create({**pod, "spec": {**pod["spec"], "nodeName": self.name}}).expect_ok()
        try:
            return NodePod(self, created, Forwarding(port, target))
        except OSError as error:
            # No network of our own has none; where all are taken, it would be told as the address of another Pod.
            if error.errno != errno.EADDRNOTAVAIL:
                raise
            return NodePod(self, created)


@dataclass
class NodePod:
    """A Pod with one container, on the node.

    Attributes:
        object: as the API server made it.
        forwarding: makes its port; none where addresses of Pods cannot be had.
        restarts: of its container.
    """

    node: Node
    object: Object
    forwarding: Forwarding | None = None
    restarts: int = -1

    @property
    def name(self) -> str:
        """The Pod's name."""
        return str(self.object["metadata"]["name"])

    @property
    def uid(self) -> str:
        """The Pod's uid."""
        return str(self.object["metadata"]["uid"])

    @property
    def address(self) -> str:
        """Its IP."""
        return str(POD_ADDRESSES[1]) if self.forwarding is None else self.forwarding.address

    @property
    def log(self) -> Path:
        """Of the last attempt to run the container."""
        return self._folder / f"{self.restarts}.log"

    def run(self, name: str, command: list[str | Path], environment: dict[str, str]) -> Program:
        """Run the container's command, once more where it ran already; a log of its own each time."""
        self.next_attempt()
        words = [sys.executable, "-m", runtime.__name__, self.log, *command]
        return processes.start(name, words, self.node.logs, environment)

    def next_attempt(self) -> Path:
        """The log for the next attempt, whoever writes it."""
        self.restarts += 1
        self._folder.mkdir(parents=True, exist_ok=True)
        return self.log

    def process_id(self) -> int:
        """The process of the container."""
        return int(self.log.with_suffix(".pid").read_text())

    def report(self, *, ready: bool) -> None:
        """Tell the API server how it is."""
        self.node.client.patch(self.object, {"status": self._status(ready=ready)}, "status").expect_ok()

    def remove(self) -> None:
        """Delete the Pod, and with it its log, as a kubelet does."""
        self.node.client.delete(self.object)
        self.close()
        folder = self._folder
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        folder.parent.rmdir()

    def close(self) -> None:
        """Its address is free again."""
        if self.forwarding is not None:
            self.forwarding.stop()

    @property
    def _container(self) -> Object:
        (container,) = self.object["spec"]["containers"]
        return dict(container)

    @property
    def _folder(self) -> Path:
        space, container = str(self.object["metadata"]["namespace"]), str(self._container["name"])
        return self.node.folder / space / self.name / container

    def _status(self, *, ready: bool) -> dict[str, Any]:
        word = "True" if ready else "False"
        running = {"running": {"startedAt": _STARTED}}
        waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
        container = {
            "name": self._container["name"],
            "image": self._container["image"],
            "imageID": "",
            "containerID": f"rig://{self.uid}-{self.restarts}",
            "ready": ready,
            "started": ready,
            "restartCount": max(self.restarts, 0),
            "state": running if ready else waiting,
        }
        return {
            "phase": "Running",
            "podIP": self.address,
            "podIPs": [{"ip": self.address}],
            "startTime": _STARTED,
            "conditions": [{"type": kind, "status": word} for kind in ("Ready", "ContainersReady")],
            "containerStatuses": [container],
        }
