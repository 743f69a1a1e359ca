"""Each container is in one class of a policy, and labels are bounded."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.freshness.announcement import limits
from gatekeeper.freshness.announcement.metrics import FreshnessMetrics
from gatekeeper.freshness.announcement.round import Round
from gatekeeper.freshness.outlook import DAY, SECOND, Outlook, Question
from tests.unit.freshness.announcement.samples import NOW, POLICY, outlook, subject, unknown

Labels = dict[str, str]


class World:
    """Metrics, and how often each was folded."""

    def __init__(self, *, per_workload: bool = False) -> None:
        self.registry = CollectorRegistry()
        self.folded: list[str] = []
        self.metrics = FreshnessMetrics(
            self.registry, lambda name: lambda: self.folded.append(name), per_workload=per_workload
        )

    def show(self, *outlooks: Outlook, now: int = NOW) -> None:
        self.metrics.show(Round(outlooks, now, now), now)

    def samples(self, name: str) -> dict[tuple[str, ...], float]:
        found = [each for family in self.registry.collect() for each in family.samples]
        return {tuple(each.labels.values()): each.value for each in found if each.name == f"bestbefore_{name}"}


def test_containers_are_counted_by_how_soon_they_are_denied() -> None:
    world = World()
    world.show(
        outlook(days=3),
        outlook(days=3, of=subject(path="b", running=5)),
        outlook(days=0, of=subject(path="c", running=1)),
        outlook(days=None, of=subject(path="d", running=7)),
        outlook(of=subject(path="e", running=1), turns=[unknown()]),
    )
    assert world.samples("running_containers") == {
        ("shop", POLICY, "3d"): 7,
        ("shop", POLICY, "expired"): 1,
        ("shop", POLICY, "later"): 7,
        ("shop", POLICY, "unknown"): 1,
    }


def test_classes_change_with_the_time_and_what_is_empty_has_no_series() -> None:
    world = World()
    world.show(outlook(days=3))
    world.show(outlook(days=3), now=NOW + 3 * DAY)
    assert world.samples("running_containers") == {("shop", POLICY, "expired"): 2}


def test_what_people_apply_is_counted_apart_and_once_for_all_its_pods() -> None:
    world = World()
    world.show(outlook(days=3, of=subject(running=9)), outlook(days=0, question=Question.APPLY))
    assert world.samples("apply_blocked_containers") == {("shop", POLICY, "expired"): 1}
    assert world.samples("running_containers") == {("shop", POLICY, "3d"): 9}


def test_best_before_is_the_earliest_of_what_runs() -> None:
    world = World()
    world.show(outlook(days=5), outlook(days=3, of=subject(path="b")), outlook(days=1, of=subject(path="c", running=0)))
    assert world.samples("best_before_timestamp_seconds") == {("shop", POLICY): (NOW + 3 * DAY) / SECOND}


def test_image_that_is_gone_counts_once_for_all_policies() -> None:
    world = World()
    gone = outlook(days=0, question=Question.PULL)
    world.show(gone, outlook(days=0, question=Question.PULL, policy="other"))
    assert world.samples("unpullable_containers") == {("shop",): 2}


def test_team_of_a_namespace_is_a_series_of_its_own() -> None:
    world = World()
    world.show(outlook(), outlook(of=subject(WorkloadName("lab", "Pod", "one"), team="")))
    assert world.samples("namespace_team") == {("shop", "team-shop"): 1}


def test_workloads_have_a_series_only_where_it_is_switched_on_and_only_the_soonest() -> None:
    several = [outlook(days=n + 1, of=subject(WorkloadName("shop", "Pod", f"n{n}"))) for n in range(250)]
    silent, loud = World(), World(per_workload=True)
    silent.show(*several)
    loud.show(*several)
    assert silent.samples("workload_best_before_timestamp_seconds") == {}
    found = loud.samples("workload_best_before_timestamp_seconds")
    assert len(found) == limits.WORKLOAD_SERIES
    assert max(found.values()) == (NOW + limits.WORKLOAD_SERIES * DAY) / SECOND


def test_series_stay_within_their_bounds_and_no_container_is_lost() -> None:
    world = World()
    many = [
        outlook(days=days, of=subject(WorkloadName(f"ns-{n}", "Pod", "one"), running=1), policy=f"p-{policy}")
        for n in range(700)
        for policy in range(3)
        for days in (0, 2)
    ]
    world.show(*many)
    found = world.samples("running_containers")
    assert len(found) <= limits.DUE_SERIES
    assert sum(found.values()) == len(many)
    assert world.folded
    assert len(world.samples("best_before_timestamp_seconds")) <= limits.BEST_BEFORE_SERIES


def test_age_of_what_is_known_is_shown() -> None:
    world = World()
    world.metrics.show(Round([], NOW, NOW - DAY), NOW)
    assert world.samples("forecast_known_timestamp_seconds") == {(): (NOW - DAY) / SECOND}
