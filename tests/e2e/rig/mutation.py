"""The chart's objects that pin tags to digests, on and off."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import quick_yaml
from tests.e2e.rig import objects
from tests.e2e.rig.kubernetes import Answer, Object
from tests.e2e.rig.policies import until
from tests.e2e.rig.world import World

_CHART = Path(__file__).parents[3] / "helm" / "bestbefore"
_VALUES = _CHART / "ci" / "secret-values.yaml"


@contextmanager
def in_force(world: World, image: str) -> Iterator[None]:
    """Pin tags meanwhile; the image, named by its tag, shows when that has begun and ended."""
    assigns = _mutators(world)
    for assign in assigns:
        world.client.apply(assign)
    probe = objects.pod(world.namespace(), image)
    until(lambda: world.client.create(probe, dry_run=True), _pinned, "pinned image")
    try:
        yield
    finally:
        for assign in assigns:
            world.client.delete(assign)
    until(lambda: world.client.create(probe, dry_run=True), lambda answer: not _pinned(answer), "image left alone")


def _mutators(world: World) -> list[Object]:
    options = ["--values", str(_VALUES), "--show-only", "templates/mutation.yaml", "--kube-version", "1.36.2"]
    command: list[str | Path] = [world.binaries / "helm", "template", "bestbefore", _CHART, *options]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [document for document in quick_yaml.load_all(text) if document is not None]


def _pinned(answer: Answer) -> bool:
    return "@sha256:" in str(answer.body.get("spec"))
