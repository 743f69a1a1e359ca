"""Figures of the whole way, printed after the run: what an admission costs with no, one and ten policies."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from tests.bench import process
from tests.e2e import seed
from tests.e2e.rig import admissions, objects
from tests.e2e.rig.kubernetes import KubernetesClient
from tests.e2e.rig.policies import Policies, translate
from tests.e2e.rig.provider import RealProvider
from tests.e2e.rig.registry import Pushed
from tests.e2e.rig.world import World

_TIMES = 40
_NEW_TIMES = 10


def test_admission_is_measured_with_no_one_and_ten_policies(
    world: World,
    client: KubernetesClient,
    provider: RealProvider,
    policies: Policies,
    fresh: Pushed,
    old: Pushed,
    new_image: Callable[[], str],
    figures: Callable[[str], None],
) -> None:
    space = world.namespace()
    control = objects.pod(space, old.reference)
    known = [fresh.reference] * _TIMES
    figures(f"admission, no policy:                {_milliseconds(client, space, known)}")
    policies.enforce(translate(seed.policy("figure-0"), world.folder), control)
    figures(f"admission, 1 policy, known image:    {_milliseconds(client, space, known)}")
    figures(f"admission, 1 policy, new image:      {_milliseconds(client, space, _new(new_image))}")
    for number in range(1, 10):
        policies.install(translate(seed.policy(f"figure-{number}", days=30 + number), world.folder))
    figures(f"admission, 10 policies, known image: {_milliseconds(client, space, known)}")
    figures(f"admission, 10 policies, new image:   {_milliseconds(client, space, _new(new_image))}")
    figures(f"provider, memory:                    {_memory_mib(provider):.0f} MiB")


def _new(new_image: Callable[[], str]) -> list[str]:
    return [new_image() for _ in range(_NEW_TIMES)]


def _milliseconds(client: KubernetesClient, space: str, images: list[str]) -> str:
    """Median and longest time of dry runs, one for each image."""
    times = admissions.milliseconds(client, space, images)
    return f"p50 {statistics.median(times):.0f} ms, longest {max(times):.0f} ms"


def _memory_mib(provider: RealProvider) -> float:
    assert provider.program is not None
    return process.memory_mib(provider.program.process.pid)
