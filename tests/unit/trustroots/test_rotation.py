"""From a TrustRoot to what Constraints ask for, over rotations, with Pods that are slow and processes that change."""

from __future__ import annotations

import json

import pytest

from gatekeeper.cluster.errors import AccessDeniedError
from gatekeeper.cluster.resource import CONFIG_MAPS, TRUST_ROOTS
from gatekeeper.trustroots import limits
from provider.signatures.trust import document as trust_document
from tests.unit.trustroots.world import NAME, NAMESPACE, Holder

DAY = 86_400.0


@pytest.fixture
def digest(document):
    return lambda number: trust_document.digest_of(document(number))


@pytest.fixture
def settled(world, digest):
    """The first root is in force."""
    world.apply_remote()
    world.run(200)
    assert world.asked == {"own": digest(0)}
    return world


def refresh(world, seconds=200.0):
    """The next look is due, and so much time after it."""
    world.clock.advance(3700)
    world.run(seconds)


def test_root_comes_into_force_when_every_pod_has_it(world, digest):
    world.apply_remote()
    world.pods["b"].mounts = False
    world.run(60)
    assert world.handed_over() == [digest(0)]
    assert world.holder.board.digests() == {}
    world.pods["b"].mounts = True
    world.run(10)
    assert world.holder.board.digests() == {"own": digest(0)}


def test_pods_are_asked_again_soon_after_something_was_handed_over(world):
    world.apply_remote()
    assert [world.holder.round() for _ in range(3)] == [limits.SOON_SECONDS] * 3
    world.run(30)
    assert world.holder.round() == limits.REST_SECONDS


def test_rotation_refuses_no_question_and_ends_with_the_old_root_gone(settled, document, digest):
    settled.sign(document(1))
    settled.pods["b"].mounts = False
    refresh(settled, 60)
    assert settled.handed_over() == [digest(0), digest(1)]
    assert settled.asked == {"own": digest(0)}
    settled.pods["b"].mounts = True
    settled.run(10)
    assert settled.asked == {"own": digest(1)}
    assert settled.handed_over() == [digest(1), digest(0)]
    settled.run(limits.UNASKED_SECONDS + 30)
    assert settled.handed_over() == [digest(1)]
    assert len(settled.data()) == 2, "the index and one root"
    assert settled.refusals == []


def test_old_root_stays_while_a_constraint_asks_for_it(settled, document, digest):
    settled.sign(document(1))
    settled.reconcile = lambda: settled.holder.board.named(frozenset({("own", digest(0))}))
    refresh(settled, limits.UNASKED_SECONDS + 60)
    assert settled.holder.board.digests() == {"own": digest(1)}
    assert settled.handed_over() == [digest(1), digest(0)]


def test_pod_that_never_loads_it_is_named_and_keeps_the_old_root_in_force(settled, document, digest):
    settled.sign(document(1))
    settled.pods["b"].mounts = False
    refresh(settled, limits.LATE_SECONDS - 30)
    assert settled.holder.board.waiting("own") == ""
    settled.run(60)
    sentence = "the newest TrustRoot own is not asked for yet: not loaded by b"
    assert settled.holder.board.waiting("own") == settled.holder.report("own").late == sentence
    assert settled.asked == {"own": digest(0)}
    settled.pods["b"].answers = False
    settled.pods["a"].answers = False
    settled.run(10)
    assert settled.holder.board.waiting("own").endswith("not loaded by a, b")


@pytest.mark.parametrize("fault", ["no pods", "forbidden"])
def test_pods_that_cannot_be_asked_keep_the_old_root_in_force(settled, document, digest, fault):
    settled.sign(document(1))
    if fault == "forbidden":
        settled.cluster.fail("pods", AccessDeniedError("list pods: 403"))
    else:
        for name in ("a", "b"):
            settled.cluster.add(
                settled_pods(),
                {"metadata": {"name": name, "namespace": NAMESPACE, "labels": {}}, "status": {}},
            )
    refresh(settled, limits.LATE_SECONDS + 60)
    assert settled.asked == {"own": digest(0)}
    said = {"no pods": "no Pod of the provider is ready", "forbidden": "list pods: 403"}[fault]
    assert said in settled.holder.board.waiting("own")


def settled_pods():
    from gatekeeper.cluster.resource import PODS  # noqa: PLC0415 - one place

    return PODS


def test_new_process_goes_on_where_the_last_one_was(settled, document, digest):
    settled.restart()
    settled.holder.looks.held = True
    settled.run(20)
    assert settled.holder.board.digests() == {"own": digest(0)}
    settled.holder.looks.held = False
    settled.run(20)
    assert settled.refusals == []
    assert settled.holder.report("own").in_force == digest(0)


def test_restart_in_the_middle_of_a_rotation_denies_nothing(settled, document, digest):
    settled.sign(document(1))
    settled.pods["b"].mounts = False
    refresh(settled, 60)
    settled.restart()
    settled.run(30)
    assert settled.asked == {"own": digest(0)}
    settled.pods["b"].mounts = True
    settled.run(30)
    assert settled.asked == {"own": digest(1)}
    assert settled.refusals == []


def test_rollback_of_the_mirror_is_refused_and_named_by_whoever_holds_the_lease_next(settled, document, digest):
    old = dict(settled.repository.files)
    settled.sign(document(1))
    refresh(settled)
    assert settled.asked == {"own": digest(1)}
    settled.mirror.files = old
    settled.restart()
    settled.run(limits.UNASKED_SECONDS + 60)
    assert settled.asked == {"own": digest(1)}
    assert settled.handed_over() == [digest(1)]
    [problem] = settled.holder.report("own").problems
    assert "BadVersionNumberError" in problem


def test_object_that_was_deleted_and_made_anew_has_not_forgotten_what_was_seen(settled, document, digest):
    old = dict(settled.repository.files)
    settled.sign(document(1))
    refresh(settled)
    settled.cluster.remove(TRUST_ROOTS, "own")
    settled.run(limits.GONE_SECONDS + 30)
    assert settled.handed_over() == []
    settled.mirror.files = old
    settled.apply_remote()
    settled.run(60)
    assert digest(0) not in settled.handed_over()


def test_two_holders_write_nothing_over_each_other(settled, document, digest):
    other = Holder(settled)
    settled.sign(document(1))
    settled.clock.advance(3700)
    for _ in range(30):
        settled.holder.round()
        other.round()
        settled.reconcile()
        for pod in settled.pods.values():
            pod.mount(settled.data())
        settled.ask()
        settled.clock.advance(2)
    assert settled.holder.board.digests() == other.board.digests() == {"own": digest(1)}
    assert settled.refusals == []


def test_holder_that_lost_the_lease_writes_nothing(settled, document):
    settled.holder.holds = False
    settled.sign(document(1))
    before = list(settled.cluster.writes)
    refresh(settled)
    assert settled.cluster.writes == before


def test_mirror_that_is_away_keeps_the_last_root_for_fourteen_days(settled, digest):
    settled.mirror.away()
    settled.clock.advance(13 * DAY)
    settled.run(30)
    assert settled.handed_over() == [digest(0)]
    assert "connection refused" in settled.holder.report("own").problems[0]
    assert settled.refusals == []
    settled.clock.advance(1.1 * DAY)
    settled.run(30)
    assert settled.handed_over() == []
    assert "TrustRootStale" in " ".join(settled.holder.report("own").problems)
    assert settled.refusals, "who asks for it is refused"


def test_fourteen_days_are_not_begun_anew_by_a_restart(settled):
    settled.mirror.away()
    settled.clock.advance(13 * DAY)
    settled.run(30)
    settled.restart()
    settled.clock.advance(1.1 * DAY)
    settled.run(30)
    assert settled.handed_over() == []


def test_bad_object_beside_a_good_one_disables_itself_alone(settled, document, digest):
    settled.apply_inline("inline", document(2))
    settled.apply("bad", {"trustedRootJSON": "e30="})
    settled.apply("both", {"trustedRootJSON": "e30=", "sigstoreKeys": {}})
    settled.run(60)
    assert settled.asked == {"own": digest(0), "inline": digest(2)}
    assert settled.holder.report("bad").problems[0].startswith("spec.trustedRootJSON: ")
    assert settled.holder.report("both").problems
    assert settled.refusals == []


def test_text_that_cannot_be_used_keeps_the_last_good_root(settled, digest):
    settled.apply("own", {"trustedRootJSON": "e30="})
    settled.run(60)
    assert settled.asked == {"own": digest(0)}
    assert settled.holder.report("own").problems


def test_inline_root_is_as_new_as_its_object_however_old_that_is(world, document, digest):
    world.apply_inline("own", document(0))
    world.run(30)
    world.clock.advance(40 * DAY)
    world.run(30)
    assert world.handed_over() == [digest(0)]


def test_change_of_an_object_counts_at_once(world, document, digest):
    world.apply_inline("own", document(0))
    world.run(30)
    world.apply_inline("own", document(1))
    world.run(30)
    assert world.asked == {"own": digest(1)}
    assert world.refusals == []


def test_what_does_not_fit_is_refused_by_name_and_its_neighbours_stay(world, document, digest, monkeypatch):
    world.apply_inline("a-small", document(0))
    world.run(30)
    monkeypatch.setattr(limits, "HANDED_OVER_BYTES", sum(len(n) + len(t) for n, t in world.data().items()) + 500)
    world.apply_inline("b-large", document(3))
    world.run(30)
    assert world.asked == {"a-small": digest(0)}
    assert "has no room" in world.holder.report("b-large").problems[0]
    assert world.holder.report("a-small").problems == []


def test_definition_that_comes_later_is_no_fault_and_counts_then(world, digest):
    world.cluster.without(TRUST_ROOTS)
    world.run(60)
    assert world.holder.reports[-1].faults == []
    assert world.holder.board.digests() == {}
    assert world.data() == {}
    world.cluster.bring(TRUST_ROOTS)
    world.apply_remote()
    world.run(60)
    assert world.asked == {"own": digest(0)}


def test_definition_that_goes_takes_no_root_along(settled, digest):
    settled.cluster.without(TRUST_ROOTS)
    settled.run(limits.GONE_SECONDS * 3)
    assert settled.handed_over() == [digest(0)]
    assert settled.refusals == []


@pytest.mark.parametrize("damage", ["gone", "index", "root"])
def test_what_is_handed_over_is_put_right_when_somebody_spoils_it(settled, digest, damage):
    if damage == "gone":
        settled.cluster.remove(CONFIG_MAPS, NAME, NAMESPACE)
    else:
        found = settled.cluster.get(CONFIG_MAPS, NAME, NAMESPACE)
        name = "index.json" if damage == "index" else next(each for each in found["data"] if each.startswith("own."))
        settled.cluster.add(CONFIG_MAPS, {**found, "data": {**found["data"], name: "{}"}})
    settled.run(60)
    assert settled.asked == {"own": digest(0)}
    assert json.loads(settled.data()["index.json"])["roots"] == {"own": [digest(0)]}
    assert settled.refusals == []


def test_config_map_of_somebody_else_is_left_alone(world):
    foreign = {"metadata": {"name": NAME, "namespace": NAMESPACE}, "data": {"x": "y"}}
    world.cluster.add(CONFIG_MAPS, foreign)
    world.apply_remote()
    world.run(30)
    assert world.data() == {"x": "y"}
    assert "was not made by bestbefore" in world.holder.reports[-1].faults[0].message
    assert world.holder.board.digests() is None


def test_state_that_cannot_be_written_gives_no_root(world):
    world.cluster.fail(f"create configmaps {NAME}-state-0", AccessDeniedError("create configmaps: 403"))
    world.apply_remote()
    world.run(30)
    assert world.handed_over() == []
    assert world.holder.report("own").problems == ["create configmaps: 403"]


def test_mirror_beyond_those_whose_state_is_kept_is_refused_by_name(world, monkeypatch):
    monkeypatch.setattr(limits, "MIRRORS", 0)
    world.apply_remote()
    world.run(30)
    assert "more than 0 mirrors" in world.holder.report("own").problems[0]
