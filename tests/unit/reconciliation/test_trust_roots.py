"""Constraints ask for trust roots by the digests that every Pod of the provider has."""

from __future__ import annotations

import pytest

from gatekeeper.translation import names, trust_roots
from gatekeeper.trustroots.board import RootBoard
from tests.unit.reconciliation.world import World

OLD, NEW = f"sha256:{64 * 'a'}", f"sha256:{64 * 'b'}"
KEYLESS = {"trustRootRef": "own", "identities": [{"issuer": "https://issuer.example.test", "subject": "me"}]}
AUTHORITY = {
    "keyless": KEYLESS,
    "ctlog": {"url": "https://log.example.test", "trustRootRef": "own"},
}


@pytest.fixture
def board():
    return RootBoard()


@pytest.fixture
def world(board):
    made = World()
    made.roots = board
    made.restart()
    made.apply("signed", "", authorities=[AUTHORITY])
    made.apply("young")
    return made


def asked(world):
    """What the Constraint of the policy asks for."""
    found = world.constraint("signed", names.SHARED_KIND)["spec"]["parameters"]
    return set(trust_roots.named(found))


def test_policy_waits_while_its_trust_roots_are_not_known_and_others_do_not(world):
    world.run()
    assert world.state("signed") == "pending Applying"
    assert "trust roots" in world.report("signed").message
    assert world.state("young") == "enforced InForce"


def test_digest_stands_in_every_question_and_follows_the_board(world, board):
    board.say({"own": OLD}, {})
    world.run()
    assert asked(world) == {("own", OLD)}
    assert world.state("signed") == "enforced InForce"
    before = list(world.writes)
    board.say({"own": NEW, "other": OLD}, {})
    world.run()
    assert asked(world) == {("own", NEW)}
    kind = names.SHARED_KIND
    assert world.writes[len(before) :] == [f"apply {kind} signed", f"apply {kind} signed-warn"]
    board.say({}, {})
    world.run()
    assert asked(world) == {("own", "")}


def test_new_process_changes_nothing_until_it_knows(world, board):
    board.say({"own": OLD}, {})
    world.run()
    world.roots = RootBoard()
    world.restart()
    world.run()
    assert asked(world) == {("own", OLD)}


def test_text_that_cannot_be_used_leaves_the_last_good_one_with_the_new_digest(world, board):
    board.say({"own": OLD}, {})
    world.run()
    world.apply("signed", "", authorities=[{"keyless": {"identities": []}}])
    world.run()
    assert world.report("signed").state == "rejected"
    board.say({"own": NEW}, {})
    world.run()
    assert asked(world) == {("own", NEW)}


def test_board_hears_what_constraints_ask_for(world, board):
    board.say({"own": OLD}, {})
    world.run()
    assert board.asked() == frozenset({("own", OLD)})


def test_status_names_what_keeps_a_newer_root_waiting(world, board):
    board.say({"own": OLD}, {"own": "not loaded by b"})
    world.run()
    assert world.state("signed") == "enforced InForce"
    assert world.report("signed").message.endswith("; not loaded by b")
    assert "not loaded" not in world.report("young").message


def test_without_a_board_a_name_means_what_the_provider_has():
    world = World()
    world.apply("signed", "", authorities=[AUTHORITY])
    world.run()
    assert asked(world) == {("own", "")}
