"""What the story needs to be told: certificates, the running provider, Gatekeeper's part, a policy to apply."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import yaml

from demo.gatekeeper import Admission, Gatekeeper, Namespace
from demo.provider import Connection, Provider, ProviderError
from gatekeeper.evaluation import opa
from gatekeeper.evaluation.opa import NoVerdictError
from tests.e2e.rig.certificates import Authority

POLICY: Final = Path(__file__).parents[1] / "policies" / "maximum-image-age" / "cip.yaml"
SHOP: Final = Namespace("shop", {"policy.sigstore.dev/include": "true"})
PLAYGROUND: Final = Namespace("playground", {})

NANOSECONDS: Final = 1_000_000_000
_DOCKER_CONFIG: Final = Path("~/.docker/config.json")
_COMMAND_SECONDS: Final = 60
_EVALUATION_SECONDS: Final = 60.0


class DemoError(Exception):
    """The story cannot be told; the message says what to do about it."""


@dataclass(frozen=True)
class Command:
    """What a command of `bestbefore` said.

    Attributes:
        words: as a person would type them.
        code: its exit code.
        output: what it printed.
        errors: what it complained of.
    """

    words: str
    code: int
    output: str
    errors: str


@dataclass(frozen=True)
class Reach:
    """Which registries the provider may reach although their addresses are private.

    Attributes:
        insecure: over plain HTTP.
        named: over TLS.
        credentials: whether the person's own Docker credentials are used.
    """

    insecure: Sequence[str]
    named: Sequence[str] = ()
    credentials: bool = False

    @property
    def options(self) -> list[str]:
        """As options of `bestbefore serve`."""
        options = [f"--insecure-registry={host}" for host in self.insecure]
        options += [f"--named-registry={host}" for host in self.named]
        path = _DOCKER_CONFIG.expanduser()
        return [*options, f"--docker-config={path}"] if self.credentials and path.exists() else options


@dataclass
class Stage:
    """Everything that runs.

    Attributes:
        folder: scratch space.
        authority: PEM file of who has issued all certificates.
        provider: the real one.
        gatekeeper: Gatekeeper's part.
    """

    folder: Path
    authority: Path
    provider: Provider
    gatekeeper: Gatekeeper

    def create(self, name: str, *images: str, namespace: Namespace = SHOP) -> Admission:
        """What comes of a Pod with these images."""
        return self.gatekeeper.create(pod(name, images, namespace), namespace, time.time_ns())

    def bestbefore(self, *words: str) -> Command:
        """Run a command of this checkout."""
        done = subprocess.run(
            [sys.executable, "-m", "gatekeeper.cli", *words],
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
            # One that is ended in the middle leaves its files where they go with ours.
            env=os.environ | {"TMPDIR": tempfile.gettempdir()},
        )
        typed = " ".join(word.replace(str(Path.cwd()) + "/", "") for word in words)
        return Command(f"bestbefore {typed}", done.returncode, done.stdout, done.stderr)

    def translate(self, policy: Path) -> tuple[Command, list[dict[str, Any]]]:
        """Translate a policy and apply what it becomes."""
        done = self.bestbefore("translate", str(policy))
        objects = [each for each in yaml.safe_load_all(done.output) if each] if done.code == 0 else []
        self.gatekeeper.apply(objects)
        return done, objects

    @property
    def props(self) -> list[str]:
        """What has been set up, for whoever wonders whether it is real."""
        return [
            f"provider    bestbefore serve, a process of its own, https://127.0.0.1:{self.provider.port}, TLS 1.3",
            "clients     must show a certificate of the demo's own authority, as Gatekeeper does",
            f"verdicts    {self.gatekeeper.engine.path}, the OPA that Gatekeeper has",
        ]

    def stranger(self) -> Connection:
        """The way to the provider for somebody who has no certificate."""
        return Connection(self.provider.port, self.authority, None)


@contextmanager
def stage(reach: Reach) -> Iterator[Stage]:
    """Set everything up, and take it down whatever happens.

    Raises:
        DemoError: no opa, or a provider that does not start.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bestbefore-demo-")))
        # What is interrupted while it makes a folder of its own leaves that here, and this one goes at the end.
        scratch = folder / "scratch"
        scratch.mkdir()
        stack.callback(setattr, tempfile, "tempdir", tempfile.tempdir)
        tempfile.tempdir = str(scratch)
        authority = Authority("demo", folder / "certificates")
        # Gatekeeper shows the provider the certificate of its webhook, which serves and asks.
        client = authority.issue("gatekeeper", client=True)
        provider = Provider(authority.issue("provider"), folder, reach.options)
        stack.callback(provider.stop)
        try:
            # The story is told on busy machines, too; the commands' own wait is for policies that loop.
            engine = replace(opa.find(), seconds=_EVALUATION_SECONDS)
            provider.start()
        except (NoVerdictError, ProviderError) as error:
            raise DemoError(str(error)) from error
        connection = Connection(provider.port, client.authority, client)
        yield Stage(folder, client.authority, provider, Gatekeeper(connection, engine))


def pod(name: str, images: Sequence[str], namespace: Namespace) -> dict[str, Any]:
    """A Pod with a container for each image."""
    containers = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace.name},
        "spec": {"containers": containers},
    }
