"""What measurements need: a registry, a load, the real provider, and what it is compared with."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.bench import loop_lag, registry, tools
from tests.bench.load import Load
from tests.bench.loop_lag import Lag
from tests.bench.registry import Registry
from tests.e2e.rig import processes
from tests.e2e.rig.certificates import Authority, Pair
from tests.e2e.rig.provider import RealProvider
from tests.ports import free_port

_ECHO_SECONDS: Final = 15.0


@dataclass
class Bench:
    """Everything, running.

    Attributes:
        registry: what images are in.
        load: who asks.
        folder: scratch space, with the logs.
        built: the folder of the programs.
        authority: certifies servers and clients.
        pair: the server's certificate.
        lags: of each provider's event loop, if it has one, by what it was measured for.
    """

    registry: Registry
    load: Load
    folder: Path
    built: Path
    authority: Authority
    pair: Pair
    lags: dict[str, Lag] = field(default_factory=dict)

    @contextlib.contextmanager
    def provider(self, purpose: str, *options: str) -> Iterator[RealProvider]:
        """A provider that has answered nothing yet and knows the registry; with further options."""
        provider = RealProvider(self.pair, [self.registry.address], self.folder, options=options)
        provider.start()
        try:
            yield provider
            lag = loop_lag.read(provider.metrics())
            if lag is not None:
                self.lags[purpose] = lag
        finally:
            provider.stop()

    @contextlib.contextmanager
    def another_registry(self, name: str, *, tls: bool = False, http2: bool = False) -> Iterator[Registry]:
        """A second one, certified by the authority where it speaks TLS."""
        pair = self.authority.issue(name) if tls else None
        other = registry.start(self.built, self.folder, name, pair, http2=http2)
        try:
            yield other
        finally:
            other.stop()

    @contextlib.contextmanager
    def echo(self) -> Iterator[str]:
        """The URL of a bare echo on the same server."""
        port = free_port()
        files = [self.pair.certificate, self.pair.key, self.pair.authority]
        program = processes.start("echo", [sys.executable, "-m", "tests.bench.echo", *files, str(port)], self.folder)
        try:
            processes.wait_until(lambda: processes.listening(port), "echo", _ECHO_SECONDS, program)
            yield f"https://127.0.0.1:{port}/"
        finally:
            program.stop()


@contextlib.contextmanager
def running() -> Iterator[Bench]:
    """Start what all sections use; the provider is each section's own."""
    built = tools.build()
    with tempfile.TemporaryDirectory(prefix="bestbefore-bench-") as name:
        folder = Path(name)
        authority = Authority("bench", folder / "pki")
        load = Load(built / "load", folder, authority.issue("client", server=False, client=True))
        images = registry.start(built, folder)
        try:
            yield Bench(images, load, folder, built, authority, authority.issue("server"))
        finally:
            images.stop()


def url(provider: RealProvider, path: str = "/validate") -> str:
    """Where questions go."""
    return f"{provider.address}{path}"
