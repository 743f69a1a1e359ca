"""`bestbefore control`, the real program, with the rights of a service account."""

from __future__ import annotations

import json
import signal
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.rig import processes
from tests.e2e.rig.accounts import RIGHTS
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.processes import Program, RigError
from tests.e2e.rig.provider import command_line
from tests.integration.chart.helm import Helm, Rendering, component
from tests.ports import free_port
from tests.programs import program

ACCOUNT = "bestbefore-controller"
# Values with which the controller makes certificate and Providers, as by default.
CERTIFICATES = ("certificates.mode=controller", "certificates.secret.name=", "certificates.caBundle=")
_PART = "controller"
_START_SECONDS = 30.0
# The rig's provider has the rig's certificate, and its Providers lead to it: the controller leaves them alone.
_OWN_CERTIFICATE = (
    "certificates.mode=secret",
    "certificates.secret.name=rig",
    "certificates.caBundle=-----BEGIN CERTIFICATE-----",
)


@dataclass
class Control:
    """A controller on a port that stays the same over restarts.

    Attributes:
        kubeconfig: who it is.
        config: settings as the chart gives them.
        state: its folder, which outlives it.
        logs: folder of its log.
        name: what its log is called, and by what it holds the Lease.
        options: further words of the command.
    """

    kubeconfig: Path
    config: Path
    state: Path
    logs: Path
    name: str = "control"
    options: Sequence[str] = ()
    port: int = field(default_factory=free_port)
    program: Program | None = None

    def start(self, *, ready: bool = True) -> None:
        """Start it, and wait until it is ready; one that does not become so is ended.

        Raises:
            RigError: it did not.
        """
        self.state.mkdir(parents=True, exist_ok=True)
        command = [
            *command_line(),
            "control",
            f"--config={self.config}",
            f"--kubeconfig={self.kubeconfig}",
            f"--metrics-listen=127.0.0.1:{self.port}",
            f"--state-dir={self.state}",
            f"--identity={self.name}",
            *self.options,
        ]
        self.program = processes.start(self.name, command, self.logs)
        if not ready:
            return
        try:
            processes.wait_until(self.ready, "ready controller", _START_SECONDS, self.program)
        except RigError:
            self.stop()
            raise

    @contextmanager
    def running(self) -> Iterator[None]:
        """It runs meanwhile, and stops cleanly afterwards."""
        self.start()
        try:
            yield
        finally:
            code = self.stop()
        assert code == 0, f"{self.name} ended with {code}"

    def stop(self) -> int:
        """Stop it and return its exit code, 0 where it was not running."""
        program, self.program = self.program, None
        return program.stop() if program is not None else 0

    def kill(self) -> None:
        """SIGKILL."""
        program, self.program = self.program, None
        assert program is not None
        program.process.send_signal(signal.SIGKILL)
        program.process.wait()

    def ready(self) -> bool:
        """Whether it says so."""
        try:
            return self._get("/readyz")[0] == HTTPStatus.OK
        except OSError:
            return False

    def metrics(self) -> str:
        """Its metrics in Prometheus' text format."""
        return self._get("/metrics")[1]

    def total(self, name: str, **labels: str) -> float:
        """The sum over the series of a metric that have these labels; 0 where there are none."""
        return sum(value for _, value in self.series(name, **labels))

    def series(self, name: str, **labels: str) -> Iterator[tuple[Mapping[str, str], float]]:
        """The series of a metric that have these labels; its name is without `bestbefore_`."""
        yield from series_of(self.metrics(), name, **labels)

    def events(self, event: str) -> list[dict[str, Any]]:
        """Lines of its log with this event, those of earlier processes too."""
        text = processes.whole_lines(self.logs / f"{self.name}.log")
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == event]

    def _get(self, path: str) -> tuple[int, str]:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.port}{path}", timeout=processes.ANSWER_SECONDS
        ) as response:
            return response.status, response.read().decode()


def series_of(text: str, name: str, **labels: str) -> Iterator[tuple[Mapping[str, str], float]]:
    """The same of metrics that were read before: several of one moment."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == f"bestbefore_{name}" and labels.items() <= sample.labels.items():
                yield sample.labels, sample.value


def forget(client: KubernetesClient, namespace: str) -> None:
    """Forget how far controllers before read: the next one begins where the logs end now, as after an installation."""
    metadata = {"name": ACCOUNT, "namespace": namespace}
    client.delete({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata})


def rights(gatekeeper: str, *values: str) -> list[Object]:
    """The chart's objects that say what the controller may do, with Gatekeeper, itself and its Lease in one namespace.

    Args:
        gatekeeper: that namespace.
        values: of the chart, as `--set` takes them; the certificate is somebody else's unless they say otherwise.
    """
    documents = _rendered(gatekeeper, values).objects
    return [dict(found) for found in documents if found["kind"] in RIGHTS and component(found) == _PART]


def settings(gatekeeper: str, folder: Path, *values: str) -> Path:
    """The settings that the chart gives it, in a file; values as above."""
    path = folder / "settings.yaml"
    path.write_text(yaml.safe_dump(_rendered(gatekeeper, values).settings_of(_PART)))
    return path


@cache
def _rendered(gatekeeper: str, values: tuple[str, ...]) -> Rendering:
    return Helm(program("helm")).render(values=(*_OWN_CERTIFICATE, *values), namespace=gatekeeper)
