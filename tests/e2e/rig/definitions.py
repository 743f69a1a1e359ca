"""The chart's definitions of kinds, without the rest of it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests import quick_yaml
from tests.e2e.rig import leftovers
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.world import World

PLURALS = {"ClusterImagePolicy": "clusterimagepolicies", "TrustRoot": "trustroots", "PolicyStatus": "policystatuses"}
_CHART = Path(__file__).parents[3] / "helm" / "bestbefore"
_OPTIONS = (
    "--kube-version=1.37.0",
    "--show-only=templates/crds.yaml",
    "--set=crds.clusterImagePolicies=true",
    "--set=crds.trustRoots=true",
)
_SECONDS = 20.0


@contextmanager
def of_chart(world: World) -> Iterator[None]:
    """All of them are served; afterwards they are gone, and with them what was there of their kinds and came of it.

    Raises:
        RigError: the API server refuses one.
    """
    command: list[str | Path] = [world.binaries / "helm", "template", "bestbefore", _CHART, *_OPTIONS]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: list[Object] = [each for each in quick_yaml.load_all(text) if each]
    try:
        apply(world.client, found)
        yield
    finally:
        leftovers.take_away(world)


def apply(client: KubernetesClient, wanted: Sequence[Object]) -> None:
    """Apply definitions, and wait until their kinds are served and listed.

    Raises:
        RigError: the API server refuses one.
    """
    for each in wanted:
        client.apply(each)
    wait_until(lambda: all(_served(client, each["spec"]) for each in wanted), "served kinds", _SECONDS)


def _served(client: KubernetesClient, spec: Object) -> bool:
    group, plural = spec["group"], spec["names"]["plural"]
    for version in spec["versions"]:
        root = f"/apis/{group}/{version['name']}"
        listed = client.request("GET", root).body.get("resources", [])
        if plural not in {each["name"] for each in listed} or not client.request("GET", f"{root}/{plural}").ok:
            return False
    return True
