"""What is asked often is looked at again in the background, so that nobody waits for it; as audit asks, and bounded."""

import pytest

from provider import limits
from provider.cache.shared.seal import Seal
from provider.cache.shared.shared_memory import SharedMemory
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.archive.shared_archive import SharedArchive
from provider.registry.memory.renewals import Renewals
from provider.registry.reference import parse
from provider.registry.store import Store
from tests.simulators.value_store import ValueStoreSimulator

IMAGE = parse("reg.io/team/app:v1")
TTL = 30.0
LATE = TTL * limits.RENEWAL_SHARE
LATER = "2026-02-02T00:00:00Z"


@pytest.fixture
def renewed(observer):
    found = []
    observer.renewed = lambda what, *, done: found.append((what, done))
    return found


@pytest.fixture
def make_store(client, clock, observer, renewed):
    def make(archive=None):
        renewals = Renewals(clock, observer)
        return Store(
            client,
            clock,
            observer,
            memory_bytes=1 << 20,
            tag_ttl=TTL,
            stale_seconds=3600,
            archive=archive,
            renewals=renewals,
        )

    return make


@pytest.fixture
def store(make_store):
    return make_store()


@pytest.fixture
def pushed(registry):
    return registry.push_image("team/app", "v1")


@pytest.fixture
def ask(run, loop, clock, make_call, registry):
    """What a tag points to, and the seconds that somebody waited; then all that goes on has ended."""

    def ask(store, reference=IMAGE, *, audit=False, way="resolve"):
        began = clock.monotonic()
        found = run(getattr(store, way)(reference, make_call(audit=audit)))
        waited = clock.monotonic() - began
        loop.run_for(2)
        return found, waited

    return ask


def test_admission_that_asks_late_makes_the_next_one_wait_for_nothing(ask, store, registry, pushed, clock, renewed):
    ask(store)
    registry.delay = 0.5
    registry.requests.clear()
    clock.advance(LATE)
    assert ask(store)[1] == 0
    assert (registry.counts, renewed) == ({"HEAD manifest": 1}, [("tag", True)])
    clock.advance(TTL - LATE)
    assert ask(store)[1] == 0
    assert registry.counts == {"HEAD manifest": 1}


def test_tag_that_moved_is_seen_before_its_time_is_over(ask, store, registry, pushed, clock):
    ask(store)
    moved = registry.push_image("team/app", "v1", created=LATER)
    clock.advance(LATE)
    ask(store)
    assert ask(store)[0].document.digest == moved.digest


def test_what_is_asked_once_or_only_early_is_not_looked_at_again(ask, store, registry, pushed, clock):
    ask(store)
    registry.requests.clear()
    clock.advance(LATE - 5)
    ask(store)
    clock.advance(TTL)
    assert registry.requests == []


def test_audit_alone_renews_nothing(ask, store, registry, pushed, clock):
    ask(store)
    registry.requests.clear()
    clock.advance(LATE)
    ask(store, audit=True)
    assert registry.requests == []


@pytest.mark.parametrize("way", ["discover", "referrers"])
def test_signatures_are_renewed_whether_there_are_any_or_not(ask, store, registry, pushed, clock, renewed, way):
    registry.referrers_page = 10
    reference = parse("reg.io/team/app:none") if way == "discover" else IMAGE.at(pushed.digest)
    first, _ = ask(store, reference, way=way)
    clock.advance(LATE)
    ask(store, reference, way=way)
    second, _ = ask(store, reference, way=way)
    assert (bool(second), len(renewed)) == (False, 1)
    assert second.observed_at > first.observed_at + LATE - 1


def test_nothing_is_asked_of_a_registry_that_has_little_left(ask, store, registry, pushed, clock, renewed):
    registry.push_image("team/app", "v2", created=LATER)
    ask(store)
    clock.advance(LATE)
    registry.quota = {"RateLimit-Limit": "100;w=60", "RateLimit-Remaining": "3;w=60"}
    ask(store, parse("reg.io/team/app:v2"))
    registry.requests.clear()
    ask(store)
    assert (registry.requests, renewed) == ([], [("tag", False)])


def test_registry_that_is_away_is_tried_once_in_a_while_and_costs_no_answer(
    ask, store, registry, pushed, clock, renewed
):
    ask(store)
    registry.fail("any", how="unreachable")
    registry.requests.clear()
    clock.advance(LATE)
    for _ in range(2):
        assert ask(store)[0].document.digest == pushed.digest
    assert len(renewed) == 1
    clock.advance(limits.RENEWAL_PAUSE_SECONDS - 3)
    ask(store)
    assert renewed == [("tag", False)] * 2


def test_no_of_the_registry_is_believed_before_the_time_is_over(ask, store, registry, pushed, clock, renewed):
    ask(store)
    registry.forget("team/app", "v1")
    clock.advance(LATE)
    ask(store)
    with pytest.raises(ImageError) as caught:
        ask(store)
    assert (caught.value.reason, renewed) == (Reason.NOT_FOUND, [("tag", False)])


def test_number_at_once_has_a_bound(loop, ask, store, make_call, registry, clock, renewed):
    images = [parse(f"reg.io/team/app:v{number}") for number in range(limits.RENEWALS + 3)]
    for number, image in enumerate(images):
        registry.push_image("team/app", f"v{number}", os=f"x{number}")
        loop.run(store.resolve(image, make_call()))
    registry.requests.clear()
    registry.delay = 0.1
    clock.advance(LATE)
    for image in images:
        loop.run(store.resolve(image, make_call()))
    loop.run_for(5)
    assert len(registry.requests) == len(renewed) == limits.RENEWALS


def test_replicas_look_once(loop, make_store, make_call, registry, pushed, clock, observer, renewed):
    shared, seal = ValueStoreSimulator(clock), Seal(b"k" * 32)

    def replica():
        return make_store(SharedArchive(SharedMemory(shared, clock, observer), lambda: seal, clock, observer, 3600))

    replicas = [replica() for _ in range(5)]
    for one in replicas:
        loop.run(one.resolve(IMAGE, make_call()))
        loop.settle()
    registry.requests.clear()
    registry.delay = 0.1
    clock.advance(LATE)
    tasks = [loop.create_task(one.resolve(IMAGE, make_call())) for one in replicas]
    loop.run_for(3)
    assert all(task.result().document.digest == pushed.digest for task in tasks)
    assert (registry.counts, renewed) == ({"HEAD manifest": 1}, [("tag", True)] * 5)


def test_end_waits_for_none(loop, run, ask, store, make_call, registry, pushed, clock, renewed):
    ask(store)
    registry.delay = 60
    clock.advance(LATE)
    run(store.resolve(IMAGE, make_call()))
    loop.run_for(0.1)
    began = clock.monotonic()
    run(store.leave())
    assert (clock.monotonic(), renewed) == (began, [("tag", False)])
