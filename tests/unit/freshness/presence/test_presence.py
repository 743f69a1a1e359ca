"""What can be pulled: told when it is known to be gone, and never because nobody could look."""

import json

import pytest

from gatekeeper.denials.ledger.snapshot import SnapshotError
from gatekeeper.freshness.outlook import SECOND, Due, OutlookVerdict, Question
from gatekeeper.freshness.presence import limits
from provider.questions import question
from provider.questions.puller import Puller
from provider.questions.question import FactQuestion
from tests.unit.freshness.presence.world import (
    DIGEST,
    GONE,
    OTHER,
    PRESENT,
    UNASKED,
    UNKNOWN,
    World,
    running,
)


@pytest.fixture
def world() -> World:
    return World()


def images(world: World) -> list[str]:
    """What was asked about, in order."""
    return [json.loads(key)["image"] for keys in world.presence.asked for key in keys]


def test_image_that_is_gone_is_told_with_what_to_do(world: World) -> None:
    world.see()
    world.presence.answer = GONE
    world.look()
    (found,) = world.see()
    assert (found.question, found.now.verdict, found.now.reason) == (Question.PULL, OutlookVerdict.DENIED, "NotFound")
    assert found.now.sentence == (
        "reg.io had it, and has it no more. Push it again, or move to another digest, before a node is drained."
    )
    assert found.subject.running == 2


@pytest.mark.parametrize("answer", [UNKNOWN, UNASKED], ids=["registry-away", "provider-away"])
def test_nobody_who_looks_is_no_answer(world: World, answer) -> None:
    world.see()
    world.presence.answer = answer
    world.look()
    assert [each.now.verdict for each in world.see()] in ([], [OutlookVerdict.UNKNOWN])


def test_nothing_is_said_before_anybody_has_looked(world: World) -> None:
    assert world.see() == []


def test_each_digest_is_asked_for_once_a_day(world: World) -> None:
    several = [running(), running(name="other"), running(policy="signed"), running(namespace="pay")]
    world.see(*several)
    for _ in range(3 * 24):
        world.look()
    assert len(world.presence.asked) == 3
    assert [each.policy for each in world.see(*several)] == ["maximum-image-age"] * 3


def test_registry_that_is_away_for_a_day_makes_nothing_unpullable(world: World) -> None:
    world.see()
    world.look()
    world.presence.answer = UNKNOWN
    for _ in range(26):
        world.look()
    assert [each.now.verdict for each in world.see()] == [OutlookVerdict.ADMITTED]
    for _ in range(48):
        world.look()
    (found,) = world.see()
    assert (found.now.verdict, found.due(found.now.since)) == (OutlookVerdict.UNKNOWN, Due.UNKNOWN)


def test_what_is_gone_stays_so_while_nobody_can_look_and_since_when(world: World) -> None:
    world.see()
    world.presence.answer = GONE
    world.look()
    (before,) = world.see()
    world.presence.answer = UNKNOWN
    world.look(25)
    assert world.see() == [before]


def test_pushed_again_is_no_ticket_any_more(world: World) -> None:
    world.see()
    world.presence.answer = GONE
    world.look()
    world.presence.answer = PRESENT
    world.look(25)
    assert [each.now.verdict for each in world.see()] == [OutlookVerdict.ADMITTED]


def test_what_a_registry_is_asked_is_a_question_a_second(world: World) -> None:
    world.see(*[running(f"{host}/a{n}@{DIGEST}") for host in ("reg.io", "two.io") for n in range(3)])
    world.clock.advance(3600)
    assert world.rounds.step() == limits.PACE_SECONDS == 1.0
    hosts = [image.partition("/")[0] for image in images(world)]
    assert sorted(hosts) == ["reg.io", "two.io"]


def test_no_more_registries_are_asked_at_a_time_than_the_limit(world: World) -> None:
    world.see(*[running(f"r{n}.io/app@{DIGEST}") for n in range(20)])
    world.clock.advance(3600)
    world.rounds.step()
    assert len(images(world)) == limits.SIDE_BY_SIDE


def test_no_more_images_are_looked_for_than_the_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "QUESTIONS", 2)
    world.see(*[running(f"reg.io/a{n}@{DIGEST}") for n in range(5)])
    world.look()
    assert len(images(world)) == 2


def test_restart_asks_nobody_again(world: World) -> None:
    world.see()
    world.presence.answer = GONE
    world.look()
    before = world.see()
    world.restart(world.book.snapshot())
    assert world.see() == before
    world.look(20)
    assert len(world.presence.asked) == 1


def test_start_without_what_was_kept_spreads_over_an_hour(world: World) -> None:
    world.see()
    world.look(0.4)
    assert world.presence.asked == []
    world.look(0.2)
    assert len(world.presence.asked) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"version":2,"images":[]}',
        '{"version":1,"images":[["a"]]}',
        '{"version":1,"images":[[1,2,3,4,"","",""]]}',
        '{"version":1,"images":[["a",2,Infinity,4,"","",""]]}',
    ],
    ids=["empty", "no-json", "list", "version", "short", "number", "endless"],
)
def test_what_was_kept_and_cannot_be_used_is_said(world: World, text: str) -> None:
    with pytest.raises(SnapshotError):
        world.book.restore(text)


def test_clock_that_was_wrong_puts_no_look_off_for_ever(world: World) -> None:
    world.clock.advance(400 * 86_400)
    world.see()
    world.look()
    kept = world.book.snapshot()
    world.clock.advance(-400 * 86_400)
    world.restart(kept)
    world.see()
    world.look(25)
    assert len(world.presence.asked) == 2


@pytest.mark.parametrize("days", [400, 3], ids=["a-year", "days"])
def test_clock_that_was_ahead_for_a_while_hides_no_image_that_is_gone(world: World, days: int) -> None:
    world.see()
    world.look()
    world.clock.step(days * 86_400)
    world.look(0)
    world.clock.step(-days * 86_400)
    world.presence.answer = GONE
    for _ in range(3):
        world.look(12)
    (gone,) = world.see()
    assert gone.now.verdict is OutlookVerdict.DENIED
    assert gone.now.since <= int(world.clock.now()) * SECOND


def test_answer_of_a_time_that_is_yet_to_come_does_not_hold_for_ever(world: World) -> None:
    world.clock.step(400 * 86_400)
    world.see()
    world.look()
    world.clock.step(-400 * 86_400)
    world.presence.answer = UNKNOWN
    for _ in range(6):
        world.look(12)
    (found,) = world.see()
    assert found.now.verdict is OutlookVerdict.UNKNOWN


def test_provider_that_is_away_is_asked_again_soon(world: World) -> None:
    world.see()
    world.presence.answer = UNASKED
    world.look()
    world.look(0.5)
    assert len(world.presence.asked) == 2


def test_what_does_not_run_any_more_is_not_looked_for(world: World) -> None:
    world.see()
    world.see(running(running=0), running(question=Question.RESCHEDULE))
    world.look(48)
    assert world.presence.asked == []


class TestQuestions:
    """A node pulls what the Pod names."""

    @pytest.mark.parametrize(
        ("image", "digest", "asked"),
        [
            (f"reg.io/web:1@{OTHER}", DIGEST, f"reg.io/web@{OTHER}"),
            ("reg.io/web:1", DIGEST, f"reg.io/web:1@{DIGEST}"),
            ("reg.io/web", DIGEST, f"reg.io/web:latest@{DIGEST}"),
            ("alpine:3", DIGEST, f"index.docker.io/library/alpine:3@{DIGEST}"),
        ],
        ids=["pinned", "tag", "bare", "hub"],
    )
    def test_digest_of_the_pod_counts_and_else_its_tag_with_what_runs(
        self, world: World, image: str, digest: str, asked: str
    ) -> None:
        world.see(running(image, digest))
        world.look()
        assert images(world) == [asked]

    @pytest.mark.parametrize(
        ("image", "digest"),
        [("reg.io/web:1", ""), ("NOT AN IMAGE", DIGEST), ("reg.io/web:1", "sha256:abc")],
        ids=["no-digest", "no-reference", "no-such-digest"],
    )
    def test_image_without_digest_is_not_asked_for(self, world: World, image: str, digest: str) -> None:
        assert world.see(running(image, digest)) == []
        world.look()
        assert world.presence.asked == []

    def test_pods_ask_with_their_own_secrets_where_policies_do(self, world: World) -> None:
        puller = Puller("shop", "web", ("pull-me",))
        key = question.key_of(FactQuestion(f"reg.io/shop/web@{DIGEST}", config=True, puller=puller))
        world.see(running(), running(namespace="pay"), keys=[key, "{no key", "plain:1"])
        world.look()
        asked = [json.loads(key) for keys in world.presence.asked for key in keys]
        assert sorted((each.get("namespace", ""), each.get("pullSecrets", [])) for each in asked) == [
            ("", []),
            ("shop", ["pull-me"]),
        ]
