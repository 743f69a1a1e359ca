"""What the chart brings for Waivers, and Waivers to apply."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from tests import quick_yaml
from tests.e2e.rig import definitions, leftovers
from tests.e2e.rig.kubernetes import Object
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.world import World

# Of the policy that the API server takes up a moment later.
_BOUND = "a Waiver lasts 90 days at most"
_SECONDS = 30.0
_CHART = Path(__file__).parents[3] / "helm" / "bestbefore"
_OPTIONS = (
    "--kube-version=1.37.0",
    "--show-only=templates/crds.yaml",
    "--show-only=templates/waivers.yaml",
    "--set=waivers.enabled=true",
)


@contextmanager
def of_chart(world: World) -> Iterator[list[Object]]:
    """All of it is there; afterwards it is gone."""
    command: list[str | Path] = [world.binaries / "helm", "template", "bestbefore", _CHART, *_OPTIONS]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: list[Object] = [each for each in quick_yaml.load_all(text) if each]
    rest = [each for each in found if each["kind"] != "CustomResourceDefinition"]
    try:
        definitions.apply(world.client, [each for each in found if each["kind"] == "CustomResourceDefinition"])
        for each in rest:
            world.client.apply(each)
        endless = waiver("endless", "nowhere", "registry.invalid/any:1", until=after(days=91))
        refused = partial(world.client.create, endless, dry_run=True)
        wait_until(lambda: _BOUND in refused().message, "bounds of Waivers", _SECONDS)
        yield rest
    finally:
        for each in rest:
            world.client.delete(each)
        leftovers.take_away(world)


def after(**span: float) -> str:
    """A time from now on, RFC 3339."""
    return f"{datetime.now(UTC) + timedelta(**span):%Y-%m-%dT%H:%M:%S.%fZ}"


def waiver(name: str, namespace: str, image: str, **spec: Any) -> Object:
    """A Waiver of an hour for all tags of an image."""
    repository = image.partition("@")[0]
    repository = repository.rpartition(":")[0] if ":" in repository.rpartition("/")[2] else repository
    given = {
        "policies": ["no-image"],
        "namespaces": [namespace],
        "images": [repository],
        "until": after(hours=1),
        "reason": "a test of the rig",
        "owner": "team-rig",
    }
    head = {"apiVersion": "bestbefore.dev/v1alpha1", "kind": "Waiver", "metadata": {"name": name}}
    return {**head, "spec": {**given, **spec}}
