"""A Pod that looks like Gatekeeper's and whose log the test writes: faster than Gatekeeper denies, or nonsense."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.e2e.rig import gatekeeper, objects
from tests.e2e.rig.kubelet.attempt import AttemptLog
from tests.e2e.rig.node import Node, NodePod
from tests.simulators import denials

_NOWHERE = 9
# Which changes are of what the template says, not of the line.
_DETAILS = ("owner", "policy")
# No log of Gatekeeper is empty.
_STARTING = b'{"level":"info","ts":1796000000.0,"logger":"controller-runtime.metrics","msg":"Starting metrics server"}'


@dataclass
class Ghost:
    """The Pod.

    Attributes:
        pod: on the rig's node.
        log: of the present attempt.
        sent: uids of the denied requests that it has written.
    """

    pod: NodePod
    log: AttemptLog
    sent: list[str] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)

    def deny(self, times: int = 1, **changes: Any) -> None:
        """Write so many deny lines, each of another request and Pod."""
        self.log.write(self.lines(times, **changes))

    def lines(self, times: int, **changes: Any) -> list[bytes]:
        """Deny lines, as if they were written now."""
        uids = [f"{self.pod.name}-{next(self._numbers)}" for _ in range(times)]
        self.sent += uids
        return [_line(uid, changes).encode() for uid in uids]

    def write(self, lines: Iterable[bytes]) -> None:
        """Write lines of another kind."""
        self.log.write(lines)

    def restart(self) -> None:
        """The container ends and begins again, with a new log."""
        self.log.end()
        self.log = AttemptLog(self.pod.next_attempt())
        self.pod.report(ready=True)

    def close(self) -> None:
        """The test is over."""
        self.log.close()
        self.pod.close()

    def remove(self) -> None:
        """The Pod is deleted, and its log with it."""
        self.log.end()
        self.pod.remove()


def appear(node: Node, namespace: str) -> Ghost:
    """A new one, ready."""
    pod = node.pod(gatekeeper.pod_object(namespace, []), gatekeeper.METRICS_PORT, _NOWHERE)
    ghost = Ghost(pod, AttemptLog(pod.next_attempt()))
    ghost.write([_STARTING])
    pod.report(ready=True)
    return ghost


def _line(uid: str, changes: dict[str, Any]) -> str:
    name = objects.unique("web")
    said = {key: changes[key] for key in _DETAILS if key in changes}
    fields = {key: value for key, value in changes.items() if key not in _DETAILS}
    return denials.text(denials.details(uid=uid, **said), **{"ts": time.time(), "resource_name": name, **fields})
