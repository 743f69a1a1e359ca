"""The real provider, as its own process behind mutual TLS, and the Provider objects that lead to it."""

from __future__ import annotations

import base64
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final

from tests.e2e.rig import processes
from tests.e2e.rig.certificates import Authority, Pair
from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.processes import Program
from tests.ports import free_port

_START_SECONDS = 30.0
# name, path, seconds that Gatekeeper waits
ENTRANCES: Final = (
    ("bestbefore", "/validate", 2),
    ("bestbefore-audit", "/audit", 10),
    ("bestbefore-mutate", "/mutate", 1),
)


def command_line() -> list[str]:
    """The words that run `bestbefore` of this checkout."""
    script = Path(sys.executable).with_name("bestbefore")
    return [str(script)] if script.exists() else [sys.executable, "-m", "gatekeeper.cli.main"]


@dataclass
class RealProvider:
    """`bestbefore serve` on a port that stays the same over restarts.

    Attributes:
        pair: its certificate; Gatekeeper's authority is its own here.
        insecure_registries: hosts that it may talk to over plain HTTP, on loopback.
        logs: folder of its log.
        trust_roots: files of trust roots by the names that policies use; taken up by the next start.
        options: further words of the command.
    """

    pair: Pair
    insecure_registries: Sequence[str]
    logs: Path
    trust_roots: Mapping[str, Path] = field(default_factory=dict)
    options: Sequence[str] = ()
    port: int = field(default_factory=free_port)
    metrics_port: int = field(default_factory=free_port)
    program: Program | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        command = [
            *command_line(),
            "serve",
            f"--listen=127.0.0.1:{self.port}",
            f"--tls-cert={self.pair.certificate}",
            f"--tls-key={self.pair.key}",
            f"--client-ca={self.pair.authority}",
            f"--metrics-listen=127.0.0.1:{self.metrics_port}",
            *(f"--insecure-registry={host}" for host in self.insecure_registries),
            *(f"--trust-root={name}={path}" for name, path in self.trust_roots.items()),
            *self.options,
        ]
        self.program = processes.start("provider", command, self.logs)
        processes.wait_until(self._ready, "ready provider", _START_SECONDS, self.program)

    def running(self) -> bool:
        """Whether its process has not ended."""
        return self.program is not None and self.program.running()

    def stop(self) -> int:
        """Stop it and return its exit code, 0 where it was not running."""
        program, self.program = self.program, None
        return program.stop() if program is not None else 0

    def metrics(self) -> str:
        """Its metrics in Prometheus' text format."""
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=processes.ANSWER_SECONDS
        ) as response:
            return str(response.read().decode())

    @property
    def address(self) -> str:
        """`https://127.0.0.1:PORT`."""
        return f"https://127.0.0.1:{self.port}"

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.metrics_port}/readyz", timeout=processes.ANSWER_SECONDS
            ) as response:
                return bool(response.status == HTTPStatus.OK) and processes.listening(self.port)
        except OSError:
            return False


def provider_objects(address: str, authority: Authority) -> list[Object]:
    """The three Providers that the chart installs, for a provider at this address."""
    return [provider_object(name, f"{address}{path}", authority, seconds) for name, path, seconds in ENTRANCES]


def provider_object(name: str, url: str, authority: Authority, seconds: int = 2) -> Object:
    """A Provider that trusts what the authority has issued."""
    bundle = base64.b64encode(authority.pem.encode()).decode()
    return {
        "apiVersion": "externaldata.gatekeeper.sh/v1beta1",
        "kind": "Provider",
        "metadata": {"name": name},
        "spec": {"url": url, "timeout": seconds, "caBundle": bundle},
    }
