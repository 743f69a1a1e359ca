"""One Event when the class changes: with a date, an owner and what to do; none anew after a restart."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gatekeeper.cluster.errors import AccessDeniedError, ClusterUnavailableError
from gatekeeper.cluster.resource import EVENTS
from gatekeeper.denials.ledger.snapshot import SnapshotError
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from gatekeeper.freshness.announcement import limits
from gatekeeper.freshness.announcement.events import WorkloadEvents
from gatekeeper.freshness.announcement.round import Round
from gatekeeper.freshness.outlook import DAY, SECOND, Outlook, OutlookTurn, OutlookVerdict, Question
from tests.simulators.clock import FakeClock
from tests.simulators.cluster import ClusterSimulator
from tests.simulators.sources import HealthSimulator
from tests.unit.freshness.announcement.samples import NOW, WEB, denied, outlook, subject, unknown


class World:
    """A cluster, and who writes Events into it."""

    def __init__(self) -> None:
        self.cluster, self.clock, self.health = ClusterSimulator(), FakeClock(), HealthSimulator()
        self.events = self.process()

    def process(self) -> WorkloadEvents:
        uid = lambda workload: "uid-web" if workload == WEB else ""  # noqa: E731 - as short as it is
        return WorkloadEvents(self.cluster, uid, "control-0", self.health, self.clock)

    def tell(self, *outlooks: Outlook) -> None:
        now = int(self.clock.now()) * SECOND
        self.events.take(Round(outlooks, now, now), now)
        self.events.write()

    def pass_days(self, days: float) -> None:
        self.clock.advance(days * 86_400)

    def written(self) -> list[dict[str, Any]]:
        return self.cluster.objects(EVENTS)

    def reasons(self) -> list[str]:
        return [each["reason"] for each in self.written()]


@pytest.fixture
def world() -> World:
    return World()


def test_event_says_from_which_date_on_what_is_denied_whose_it_is_and_what_to_do(world: World) -> None:
    world.tell(outlook(days=3))
    (event,) = world.written()
    assert event["note"] == (
        "From 2026-11-27 22:40:00 UTC on, policy maximum-image-age denies each new Pod of Deployment web: a drain, a "
        "crash or a scale-up. ImageTooOld: registry.example.com/shop/web:1.4 (spec.template.spec.containers[0].image). "
        "Rebuild it, or move to a newer tag. Who can fix it: the image's publisher. To let it run for a time, ask for "
        "a Waiver. Owner: team-shop."
    )
    assert event["regarding"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "namespace": "shop",
        "name": "web",
        "uid": "uid-web",
    }
    assert (event["type"], event["reason"]) == ("Warning", "ImageExpiring")
    assert event["metadata"]["annotations"]["bestbefore.dev/best-before"] == "2026-11-27T22:40:00Z"


def test_one_event_a_class_and_none_a_day(world: World) -> None:
    image = outlook(days=20)
    for _ in range(24 * 25):
        world.tell(image)
        world.clock.advance(3600)
    assert world.reasons() == ["ImageExpiring"] * 4 + ["ImageExpired"]
    assert len({each["metadata"]["name"] for each in world.written()}) == 5


def test_restart_tells_nothing_anew_and_forgets_nothing(world: World) -> None:
    world.tell(outlook(days=3))
    kept = world.events.snapshot()
    world.cluster.remove(EVENTS, world.written()[0]["metadata"]["name"], "shop")
    world.events = world.process()
    world.events.restore(kept)
    world.tell(outlook(days=3))
    assert world.written() == []
    world.pass_days(2)
    world.tell(outlook(days=3))
    assert world.reasons() == ["ImageExpiring"]


def test_process_without_memory_writes_no_second_event_beside_one_that_is_there(world: World) -> None:
    world.tell(outlook(days=3))
    world.events = world.process()
    world.tell(outlook(days=3))
    assert len(world.written()) == 1


@pytest.mark.parametrize("text", ["", "[]", '{"version": 2, "said": []}', '{"version": 1, "said": [[1]]}'])
def test_state_that_cannot_be_used_is_refused_whole(world: World, text: str) -> None:
    with pytest.raises(SnapshotError):
        world.events.restore(text)


def test_waiver_moves_the_announcement_to_its_end(world: World) -> None:
    world.tell(outlook(days=1))
    end = NOW + 10 * DAY
    waived = [OutlookTurn(NOW, OutlookVerdict.ADMITTED), OutlookTurn(NOW + DAY, OutlookVerdict.WAIVED), denied(end)]
    world.tell(outlook(turns=waived, waived_until=end))
    _, second = world.written()
    assert "From 2026-12-04 22:40:00 UTC on" in second["note"]
    assert "A waiver holds until 2026-12-04 22:40:00 UTC." in second["note"]


def test_another_date_within_a_class_is_told_too(world: World) -> None:
    world.tell(outlook(days=3))
    world.tell(outlook(days=2))
    assert len(world.written()) == 2


def test_what_is_true_again_is_said_again_while_the_event_about_it_is_still_there(world: World) -> None:
    waived = outlook(turns=[OutlookTurn(NOW, OutlookVerdict.WAIVED, "ImageTooOld"), denied(NOW + 20 * DAY)])
    for _ in range(2):
        world.tell(outlook(days=3))
        world.clock.advance(600)
        world.tell(waived)
        world.clock.advance(600)
    world.tell(outlook(days=3))
    assert world.reasons() == ["ImageExpiring", "ImageNotExpiring"] * 2 + ["ImageExpiring"]
    assert world.written()[-1]["eventTime"] > world.written()[-2]["eventTime"], "the last word is the newest"


def test_policy_that_is_away_for_a_round_has_no_second_event_beside_the_first(world: World) -> None:
    for outlooks in ([outlook(days=3)], [], [outlook(days=3)]):
        world.tell(*outlooks)
        world.clock.advance(600)
    assert world.reasons() == ["ImageExpiring"]


def test_what_was_announced_and_does_not_come_is_told(world: World) -> None:
    world.tell(outlook(days=3))
    world.tell(outlook(days=None))
    assert world.reasons() == ["ImageExpiring", "ImageNotExpiring"]
    assert world.written()[1]["type"] == "Normal"
    world.tell(outlook(days=None))
    assert len(world.written()) == 2


def test_registry_that_is_away_is_told_to_no_owner(world: World) -> None:
    world.tell(outlook(turns=[unknown()]))
    world.tell(outlook(days=3))
    world.tell(outlook(turns=[unknown()]))
    world.tell(outlook(days=3))
    assert world.reasons() == ["ImageExpiring"]


def test_gone_from_its_registry_is_no_event_for_owners_and_neither_is_a_rollback(world: World) -> None:
    world.tell(outlook(days=0, question=Question.PULL), outlook(days=0, question=Question.ROLLBACK))
    assert world.written() == []


def test_where_only_people_are_denied_the_event_says_so(world: World) -> None:
    world.tell(outlook(days=None), outlook(days=3, question=Question.APPLY))
    (event,) = world.written()
    assert event["note"].startswith(
        "Whoever applies Deployment web again as it is, is denied by policy maximum-image-age from 2026-11-27 22:40:00 "
        "UTC on; what runs is replaced."
    )


def test_what_controllers_do_comes_before_what_people_apply(world: World) -> None:
    world.tell(outlook(days=9), outlook(days=3, question=Question.APPLY))
    (event,) = world.written()
    assert "each new Pod of Deployment web" in event["note"]


def test_cron_job_is_told_when_its_next_run_fails(world: World) -> None:
    nightly = subject(WorkloadName("shop", "CronJob", "nightly"))
    world.tell(outlook(days=1, of=nightly, effect=NOW + 2 * DAY))
    (event,) = world.written()
    assert "its first run after that is on 2026-11-26 22:40:00 UTC" in event["note"]


def test_cron_job_that_is_denied_is_not_told_of_drains(world: World) -> None:
    world.tell(outlook(days=0, of=subject(WorkloadName("shop", "CronJob", "backup")), effect=NOW))
    (event,) = world.written()
    assert event["reason"] == "ImageExpired"
    assert event["note"].startswith(
        "Policy maximum-image-age denies the Pods of CronJob backup now: its runs fail. ImageTooOld: "
    )


def test_several_images_of_a_workload_are_one_event(world: World) -> None:
    world.tell(outlook(days=3), outlook(days=2.5, of=subject(path="b", image="shop/b:1")))
    (event,) = world.written()
    assert "2 images are due alike." in event["note"]
    assert "shop/b:1" in event["note"], "the first one"


def test_several_policies_that_change_at_once_are_one_event(world: World) -> None:
    sidecar = subject(path="b", image="shop/sidecar:2")
    several = [outlook(days=3), outlook(days=9, policy="later"), outlook(days=4, policy="other", of=sidecar)]
    several.append(outlook(days=2, policy="person", question=Question.APPLY))
    world.tell(*several, outlook(days=30, policy="far"))
    (event,) = world.written()
    assert event["note"].startswith(
        "From 2026-11-27 22:40:00 UTC on, policy maximum-image-age denies each new Pod of Deployment web: a drain, a "
        "crash or a scale-up. ImageTooOld: "
    )
    assert event["note"].endswith(
        "3 other policies deny it, too: other (shop/sidecar:2, each new Pod, from 2026-11-28 22:40:00 UTC on), later "
        "(each new Pod, from 2026-12-03 22:40:00 UTC on), person (who applies it, from 2026-11-26 22:40:00 UTC on)."
    )
    assert event["reason"] == "ImageExpiring"
    annotations = event["metadata"]["annotations"]
    assert annotations["bestbefore.dev/policy"] == "maximum-image-age"
    assert annotations["bestbefore.dev/policies"] == "maximum-image-age,other,later,person"
    world.tell(*several)
    assert len(world.written()) == 1, "each of them was said"


def test_image_that_expires_soon_is_not_hidden_by_one_that_has_expired(world: World) -> None:
    expired = outlook(days=0, policy="cooldown", question=Question.APPLY)
    world.tell(expired, outlook(days=1, of=subject(path="b", image="shop/sidecar:2")))
    assert sorted(world.reasons()) == ["ImageExpired", "ImageExpiring"]
    assert sum("shop/sidecar:2" in each["note"] for each in world.written()) == 1


def test_policy_that_changes_later_has_an_event_of_its_own(world: World) -> None:
    several = [outlook(days=3), outlook(days=9, policy="later")]
    world.tell(*several)
    world.pass_days(2)
    world.tell(*several)
    _, both = world.written()
    assert "1 other policy denies it, too: later" in both["note"], "3 and 14 days became 1 and 7 at once"
    world.pass_days(1)
    world.tell(*several)
    assert world.written()[2]["note"].startswith("From 2026-11-27 22:40:00 UTC on, policy maximum-image-age denies")
    assert "other" not in world.written()[2]["note"]


def test_what_several_policies_announced_and_does_not_come_is_one_event_beside_what_comes(world: World) -> None:
    names = ("one", "two", "three")
    world.tell(*(outlook(days=3, policy=name) for name in names))
    gone = [outlook(days=None, policy="one"), outlook(days=20, policy="two")]
    world.tell(*gone, outlook(days=1, policy="three"))
    assert world.reasons() == ["ImageExpiring", "ImageNotExpiring", "ImageExpiring"]
    assert world.written()[1]["note"] == (
        "Policy one does not deny the next Pod of Deployment web within the time that is looked ahead, as announced "
        "before. The same is true of 1 other policy: two (before 2026-12-14 22:40:00 UTC)."
    )


def test_note_about_twenty_policies_with_long_names_fits_and_says_how_many_there_are(world: World) -> None:
    world.tell(*(outlook(days=3, policy=f"policy-{number:02}-{'x' * 40}") for number in range(20)))
    (event,) = world.written()
    assert "19 other policies deny it, too: " in event["note"]
    assert event["note"].endswith(" and 15 more.")
    assert len(event["note"].encode()) <= 1024
    named = event["metadata"]["annotations"]["bestbefore.dev/policies"].split(",")
    assert (len(named), len(set(named)), {len(each) for each in named}) == (20, 20, {50})


def test_names_that_are_too_long_for_an_annotation_are_whole_and_the_others_counted(world: World) -> None:
    world.tell(*(outlook(days=3, policy=f"{number:02}{'x' * 251}") for number in range(20)))
    (event,) = world.written()
    assert "ImageTooOld: " in event["note"], "the reason is not cut"
    *named, more = event["metadata"]["annotations"]["bestbefore.dev/policies"].split(",")
    assert {len(each) for each in named} == {253}
    assert more == f"and {20 - len(named)} more"
    assert len(named) > 10


def test_events_that_are_refused_hold_up_no_other_and_are_tried_again_minutes_later(world: World) -> None:
    other = outlook(days=3, of=subject(WorkloadName("lab", "Deployment", "other")))
    world.cluster.webhook = lambda _resource, body: "no" if body["metadata"]["namespace"] == "shop" else ""
    for _ in range(10):
        world.tell(outlook(days=3), other)
        world.clock.advance(5)
    assert [each["metadata"]["namespace"] for each in world.written()] == ["lab"]
    assert sum("Event web" in each for each in world.cluster.writes) == 1
    assert (SourceName.EVENTS, SourceProblem.INVALID) in world.health.events
    world.cluster.webhook = lambda _resource, _body: ""
    world.clock.advance(limits.EVENT_RETRY_SECONDS)
    world.tell(outlook(days=3), other)
    assert len(world.written()) == 2


def test_policy_whose_event_is_refused_silences_no_other_of_its_workload(world: World) -> None:
    several = [outlook(days=3, policy=name) for name in ("one", "refused", "two")]
    world.cluster.webhook = lambda _resource, body: "no" if "refused" in body["note"] else ""
    for _ in range(10):
        world.tell(*several)
        world.clock.advance(5)
    assert {each["metadata"]["annotations"]["bestbefore.dev/policy"] for each in world.written()} == {"one", "two"}
    assert sum("Event web" in each for each in world.cluster.writes) == 4, "once together, and each by itself"
    assert (SourceName.EVENTS, SourceProblem.INVALID) in world.health.events
    world.cluster.webhook = lambda _resource, _body: ""
    world.clock.advance(limits.EVENT_RETRY_SECONDS)
    world.tell(*several)
    assert len(world.written()) == 3
    assert world.health.events[-1] == (SourceName.EVENTS, None)


def test_what_is_new_is_not_held_up_by_what_was_refused_before(world: World) -> None:
    world.cluster.fail("events", AccessDeniedError("create events: 403"))
    world.tell(outlook(days=3))
    world.cluster.recover()
    world.tell(outlook(days=3), outlook(days=3, policy="other"))
    (event,) = world.written()
    assert event["metadata"]["annotations"]["bestbefore.dev/policies"] == "maximum-image-age,other"


def test_api_server_that_is_away_is_asked_once_a_turn(world: World) -> None:
    several = [outlook(days=3, of=subject(WorkloadName("shop", "Pod", str(n)))) for n in range(30)]
    world.cluster.fail("*", ClusterUnavailableError("no answer"))
    world.tell(*several)
    assert len(world.cluster.writes) == 1
    world.cluster.recover()
    world.tell(*several)
    assert len(world.written()) == limits.EVENTS
    world.events.write()
    assert len(world.written()) == 2 * limits.EVENTS, "and the next turn goes on"


def test_without_the_right_nothing_is_said_to_be_told(world: World) -> None:
    world.cluster.fail("events", AccessDeniedError("create events: 403"))
    world.tell(outlook(days=3))
    assert world.health.events == [(SourceName.EVENTS, SourceProblem.FORBIDDEN)]
    assert '"said":[]' in world.events.snapshot()


def test_notes_have_no_ages_and_fit_into_an_event(world: World) -> None:
    world.tell(outlook(days=0, of=subject(image="x" * 2000, note="what runs is another digest")))
    (event,) = world.written()
    assert len(event["note"].encode()) <= 1024
    assert not re.search(r"\bin \d+ (days|hours)|\d+ days (ago|left)", event["note"])
