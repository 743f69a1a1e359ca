"""An image that is deleted in a real registry, looked for by the real provider, and told by what the controller has."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.freshness.outlook import OutlookVerdict
from gatekeeper.freshness.presence.presence_book import PresenceBook
from gatekeeper.freshness.presence.presence_outlooks import PresenceOutlooks
from gatekeeper.freshness.presence.presence_rounds import PresenceRounds
from gatekeeper.freshness.presence.provider_presence import ProviderPresence, path_of
from gatekeeper.freshness.provider_facts import ProviderFacts, ProviderTarget
from provider.registry.presence import PresenceState
from tests.e2e.rig import registry as registries
from tests.e2e.rig.registry import PushedImage, Registry, days_ago
from tests.integration.server.conftest import Provider
from tests.programs import program
from tests.simulators.certificates import Authority
from tests.simulators.clock import FakeClock
from tests.unit.freshness.presence.world import running

pytestmark = pytest.mark.integration


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    started = registries.start(program("registry"), tmp_path)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def provider(registry: Registry, authority: Authority, tmp_path: Path) -> Iterator[Provider]:
    flags = ("--insecure-registry", registry.host)
    found = Provider(authority.server(tmp_path), tmp_path, *flags, program=("-m", "gatekeeper.cli", "serve"))
    yield found
    found.close()


class World:
    """A controller that looks through the provider, at a clock of the test's.

    Attributes:
        facts: asks for facts, as audit does.
        presence: asks what is present.
    """

    def __init__(self, port: int, authority: Authority, folder: Path) -> None:
        target = ProviderTarget(f"https://127.0.0.1:{port}/audit", authority.pem)
        self.facts = ProviderFacts(lambda: target, *authority.client(folder))
        self.presence = ProviderPresence(ProviderFacts(lambda: path_of(target), *authority.client(folder)))
        self.clock = FakeClock()
        book = PresenceBook(self.clock)
        self.outlooks, self.rounds = PresenceOutlooks(book), PresenceRounds(book, self.presence)

    def day(self, image: str, digest: str = "") -> list[OutlookVerdict]:
        """What is told of an image that runs, after a day."""
        found = running(image, digest)
        self.outlooks.of([found], ())
        self.clock.advance(86_400)
        self.rounds.step()
        return [each.now.verdict for each in self.outlooks.of([found], ())]

    def state(self, image: str) -> PresenceState:
        return self.presence.ask([image])[image].state


@pytest.fixture
def world(provider: Provider, authority: Authority, tmp_path: Path) -> World:
    return World(provider.port, authority, tmp_path)


def delete(registry: Registry, image: PushedImage, name: str) -> None:
    """Delete what a digest or a tag names."""
    host, _, repository = image.repository.partition("/")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("DELETE", f"/v2/{repository}/manifests/{name}")
    assert connection.getresponse().status == http.client.ACCEPTED
    connection.close()


def test_deleted_image_is_told_the_day_after_and_one_that_is_pushed_again_is_not(
    registry: Registry, world: World
) -> None:
    created = days_ago(3)
    image = registry.push("shop/web", created)
    pinned = f"{image.repository}@{image.digest}"
    assert world.day(pinned) == [OutlookVerdict.ADMITTED]
    delete(registry, image, image.digest)
    assert world.day(pinned) == [OutlookVerdict.DENIED]
    registry.push("shop/web", created)
    assert world.day(pinned) == [OutlookVerdict.ADMITTED]


def test_tag_that_stays_can_be_pulled_and_one_that_goes_cannot(registry: Registry, world: World) -> None:
    image = registry.push("shop/web", days_ago(3))
    tagged = f"{image.repository}:latest"
    assert world.day(tagged, image.digest) == [OutlookVerdict.ADMITTED]
    delete(registry, image, image.digest)
    assert world.day(tagged, image.digest) == [OutlookVerdict.ADMITTED]
    delete(registry, image, "latest")
    assert world.day(tagged, image.digest) == [OutlookVerdict.DENIED]


def test_what_the_provider_has_read_for_audit_counts_as_seen(registry: Registry, world: World) -> None:
    image = registry.push("shop/web", days_ago(3))
    pinned = f"{image.repository}@{image.digest}"
    assert pinned in world.facts.answers([pinned]).values
    delete(registry, image, image.digest)
    assert world.state(pinned) is PresenceState.GONE


def test_what_was_never_seen_is_not_known_to_be_gone(registry: Registry, world: World) -> None:
    image = registry.push("shop/web", days_ago(3))
    delete(registry, image, image.digest)
    assert world.state(f"{image.repository}@{image.digest}") is PresenceState.UNKNOWN


def test_platform_of_an_index_is_looked_for_by_its_own_digest(registry: Registry, world: World) -> None:
    index = registry.push_index("shop/multi", {"linux/amd64": days_ago(3), "linux/arm64": days_ago(3)})
    host, _, repository = index.repository.partition("/")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("GET", f"/v2/{repository}/manifests/{index.digest}")
    child = json.load(connection.getresponse())["manifests"][0]["digest"]
    connection.close()
    part, whole = f"{index.repository}@{child}", f"{index.repository}@{index.digest}"
    assert [world.state(part), world.state(whole)] == [PresenceState.PRESENT] * 2
    delete(registry, index, child)
    assert [world.state(part), world.state(whole)] == [PresenceState.GONE, PresenceState.PRESENT]


def test_registry_that_is_away_for_a_day_makes_nothing_unpullable(registry: Registry, world: World) -> None:
    image = registry.push("shop/web", days_ago(3))
    pinned = f"{image.repository}@{image.digest}"
    assert world.day(pinned) == [OutlookVerdict.ADMITTED]
    registry.stop()
    assert world.day(pinned) == [OutlookVerdict.ADMITTED]
    assert world.state(pinned) is PresenceState.UNKNOWN


def test_image_without_digest_is_refused(registry: Registry, world: World) -> None:
    found = world.presence.ask([f"{registry.host}/shop/web:latest"])
    assert [(each.state, each.reason) for each in found.values()] == [(PresenceState.UNKNOWN, "KeyInvalid")]


def test_provider_that_is_away_was_not_asked(authority: Authority, tmp_path: Path) -> None:
    found = World(1, authority, tmp_path).presence.ask(["reg.io/a@sha256:" + "a" * 64])
    assert [(each.state, each.asked) for each in found.values()] == [(PresenceState.UNKNOWN, False)]
