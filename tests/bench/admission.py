"""The whole admission, on the real API server and Gatekeeper."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.bench.report import Section, Table, Value
from tests.e2e import seed
from tests.e2e.rig import admissions, objects
from tests.e2e.rig import world as worlds
from tests.e2e.rig.policies import Policies, translate
from tests.e2e.rig.provider import RealProvider, provider_objects
from tests.e2e.rig.registry import days_ago
from tests.e2e.rig.world import World
from tests.programs import ROOT

_POLICIES: Final = (0, 1, 10, 50)
_TIMES: Final = 40
_NEW_TIMES: Final = 10


def binaries() -> Path:
    """The folder of the rig's programs."""
    return Path(os.environ.get("BESTBEFORE_BIN") or ROOT / ".build" / "bin")


def missing() -> str:
    """Why it cannot be measured here; empty where it can."""
    absent = [name for name in worlds.PROGRAMS if not (binaries() / name).exists()]
    return f"{', '.join(absent)} not in {binaries()}: `make tools` builds them" if absent else ""


def measure() -> Section:
    """Dry runs of a Pod with more and more policies that all look at its image."""
    with (
        tempfile.TemporaryDirectory(prefix="bestbefore-bench-") as logs,
        worlds.running(binaries(), Path(logs)) as world,
    ):
        provider = RealProvider(world.provider_pair, [world.registry.host], world.logs)
        provider.start()
        try:
            return Section([_table(world, provider)])
        finally:
            provider.stop()


def _table(world: World, provider: RealProvider) -> Table:
    for provider_object in provider_objects(provider.address, world.authority):
        world.apply_provider(provider_object)
    space = world.namespace()
    old = world.registry.push("old", days_ago(31)).reference
    known = [world.registry.push("known", days_ago(1)).reference] * _TIMES
    policies = Policies(world.client)
    rows: dict[str, Sequence[Value]] = {}
    installed = 0
    for count in _POLICIES:
        for number in range(installed, count):
            documents = translate(seed.policy(f"bench-{number}", days=30), world.folder)
            policies.enforce(documents, objects.pod(space, old)) if number == 0 else policies.install(documents)
        installed = count
        new = [world.registry.push(objects.unique("new"), days_ago(1)).reference for _ in range(_NEW_TIMES)]
        times = admissions.milliseconds(world.client, space, known)
        fresh = admissions.milliseconds(world.client, space, new)
        rows[f"{count} policies" if count != 1 else "1 policy"] = [
            statistics.median(times),
            max(times),
            statistics.median(fresh),
            max(fresh),
        ]
    columns = ["known p50", "known longest", "new p50", "new longest"]
    return Table("Admission of a Pod by Gatekeeper: ms by policies that judge its image", columns, rows)
