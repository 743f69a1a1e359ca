"""The answer comes in time: after the webhook's timeout it would be an open door wherever failures are ignored."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

import pytest

from tests.e2e import seed
from tests.e2e.rig import objects
from tests.e2e.rig.kubernetes import Answer, KubernetesClient
from tests.e2e.rig.policies import Policies, translate
from tests.e2e.rig.provider import RealProvider
from tests.e2e.rig.registry import PushedImage
from tests.e2e.rig.world import World

_POLICIES = 10
_DENIAL_SECONDS = 2.8
# Half of what the silent registry is waited for: who waits behind it takes longer, who does not is far below.
_NEIGHBOUR_SECONDS = 0.6
# Other work on the machine may cost one attempt its bound; a lock that is held costs it to all of them.
_ATTEMPTS = 5
# As long as the provider leaves a registry alone that did not answer, and a bit.
_FORGET_SECONDS = 4.0


@dataclass(frozen=True)
class Attempt:
    """What happened while a registry kept silent.

    Attributes:
        denial: of the Pod whose image is there.
        neighbours: of Pods with a known image, one after the other in the meantime.
    """

    denial: Answer
    neighbours: list[Answer]

    @property
    def in_time(self) -> bool:
        """Whether every answer was."""
        slowest = max(answer.seconds for answer in self.neighbours)
        # An answer that Gatekeeper has no time to wait for is another one.
        right = self.denial.status == HTTPStatus.FORBIDDEN and all(answer.ok for answer in self.neighbours)
        return right and self.denial.seconds < _DENIAL_SECONDS and slowest < _NEIGHBOUR_SECONDS

    def __str__(self) -> str:
        neighbours = ", ".join(f"{answer.seconds * 1000:.0f}" for answer in self.neighbours)
        return f"{self.denial.status} after {self.denial.seconds:.2f} s; neighbours (ms): {neighbours}"


@pytest.fixture(scope="module")
def ten_policies(world: World, provider: RealProvider, old: PushedImage) -> Iterator[None]:
    """Ten policies with limits of 30 to 39 days: ten kinds, which Gatekeeper evaluates one after the other."""
    policies = Policies(world.client)
    control = objects.pod(world.namespace(), old.reference)
    for number in range(_POLICIES):
        policies.install(translate(seed.policy(f"age-{number}", days=30 + number), world.folder))
    yield
    policies.remove(control)


@pytest.mark.usefixtures("ten_policies")
def test_silent_registry_denies_in_time_and_delays_no_neighbour(
    world: World, namespace: str, fresh: PushedImage, figures: Callable[[str], None]
) -> None:
    attempts: list[Attempt] = []
    while not any(attempt.in_time for attempt in attempts):
        assert len(attempts) < _ATTEMPTS, "; ".join(map(str, attempts))
        attempt = _attempt(world, namespace, fresh.reference)
        figures(f"ten policies, silent registry: {attempt}")
        assert not attempt.denial.ok, "an open door"
        attempts.append(attempt)
        time.sleep(_FORGET_SECONDS)
    assert attempts[-1].denial.message.count("Timeout") >= _POLICIES


def _attempt(world: World, namespace: str, known: str) -> Attempt:
    """Create a Pod from a silent registry, and meanwhile Pods with an image that the provider knows."""
    client = world.client
    neighbour = objects.pod(namespace, known)
    client.create(neighbour, dry_run=True).expect_ok()
    silent = f"{world.silent.host}/{objects.unique('app')}:1"
    denial = _InBackground(world.client.clone(), objects.pod(namespace, silent))
    neighbours = []
    while denial.running:
        neighbours.append(client.create(neighbour, dry_run=True))
    return Attempt(denial.answer(), neighbours)


class _InBackground:
    """The creation of an object on a thread and a connection of its own."""

    def __init__(self, client: KubernetesClient, obj: dict[str, object]) -> None:
        self._answers: list[Answer] = []
        self._thread = threading.Thread(target=self._create, args=(client, obj), daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def answer(self) -> Answer:
        self._thread.join()
        return self._answers[0]

    def _create(self, client: KubernetesClient, obj: dict[str, object]) -> None:
        try:
            self._answers.append(client.create(obj, dry_run=True))
        finally:
            client.close()
