"""A real Helm that installs into the rig, and what is in the way of the chart there."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import quick_yaml
from tests.e2e.rig import accounts, leftovers
from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.provider import RealProvider, provider_objects
from tests.e2e.rig.world import World

CHART = Path(__file__).parents[3] / "helm" / "bestbefore"
SECONDS = 120


@dataclass(frozen=True)
class Helm:
    """A Helm that installs into the rig.

    Attributes:
        program: where it is.
        kubeconfig: of the rig's API server.
        home: where it keeps what it keeps.
    """

    program: Path
    kubeconfig: Path
    home: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it; what it complains of is the failure's text."""
        done = self.try_run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done

    def try_run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it, whatever comes of it."""
        environment = {"KUBECONFIG": str(self.kubeconfig), "HOME": str(self.home), "PATH": "/usr/bin:/bin"}
        command: list[str | Path] = [self.program, *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=SECONDS, check=False)

    def hooks(self, release: str, namespace: str, event: str) -> list[Object]:
        """The objects of a release that it would create at an event, such as `pre-delete`."""
        text = self.run("get", "hooks", release, "--namespace", namespace).stdout
        found = [each for each in quick_yaml.load_all(text) if each]
        return [each for each in found if event in each["metadata"]["annotations"]["helm.sh/hook"].split(",")]


@contextmanager
def vacancy(world: World, provider: RealProvider) -> Iterator[None]:
    """Without the rig's Providers, which the chart brings, too; afterwards what a release leaves is gone."""
    ours = provider_objects(provider.address, world.authority)
    accounts.revoke(world.client)
    for provider_object in ours:
        world.client.delete(provider_object).expect_ok()
    try:
        yield
    finally:
        leftovers.take_away(world)
        for provider_object in ours:
            world.apply_provider(provider_object)
