"""What measurements need: the registry, a load, the real provider and an echo beside it."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench import registry, tools
from tests.bench.load import Load
from tests.bench.registry import Registry
from tests.e2e.rig import processes
from tests.e2e.rig.certificates import Authority, Pair
from tests.e2e.rig.provider import RealProvider

_ECHO_SECONDS = 15.0


@dataclass
class Bench:
    """Everything, running.

    Attributes:
        registry: what images are in.
        load: who asks.
        folder: scratch space, with the logs.
        pair: the server's certificate.
    """

    registry: Registry
    load: Load
    folder: Path
    pair: Pair

    @contextlib.contextmanager
    def provider(self) -> Iterator[RealProvider]:
        """A provider that has answered nothing yet."""
        provider = RealProvider(self.pair, [self.registry.address], self.folder)
        provider.start()
        try:
            yield provider
        finally:
            provider.stop()

    @contextlib.contextmanager
    def echo(self) -> Iterator[str]:
        """The URL of a bare echo on the same server."""
        port = processes.free_port()
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
        client = authority.issue("client", server=False, client=True)
        images = registry.start(built, folder)
        try:
            yield Bench(images, Load(built / "load", folder, client), folder, authority.issue("server"))
        finally:
            images.stop()


def url(provider: RealProvider, path: str = "/validate") -> str:
    """Where questions go."""
    return f"{provider.address}{path}"
