"""What was known stays while nobody can look, and classes change between rounds."""

from __future__ import annotations

from gatekeeper.freshness.announcement import limits
from gatekeeper.freshness.announcement.round import RoundMemory
from gatekeeper.freshness.outlook import DAY, Due, OutlookVerdict, Question
from tests.unit.freshness.announcement.samples import NOW, denied, outlook, subject, unknown


def test_dates_stay_while_the_registry_is_away_for_a_day_and_their_age_is_told() -> None:
    memory = RoundMemory()
    memory.round([outlook(days=3)], NOW)
    away = memory.round([outlook(turns=[unknown(NOW + DAY)])], NOW + DAY)
    (kept,) = away.outlooks
    assert kept.due(NOW + DAY) is Due.IN_3_DAYS
    assert (away.at, away.known) == (NOW + DAY, NOW)


def test_dates_stay_also_where_the_digest_behind_a_tag_cannot_be_had() -> None:
    memory = RoundMemory()
    memory.round([outlook(days=3)], NOW)
    (kept,) = memory.round([outlook(of=subject(digest=""), turns=[unknown()])], NOW).outlooks
    assert kept.due(NOW) is Due.IN_3_DAYS


def test_two_digests_of_one_image_that_run_are_two() -> None:
    both = [outlook(days=3), outlook(days=5, of=subject(digest="sha256:b"))]
    assert len(RoundMemory().round(both, NOW).outlooks) == 2


def test_what_was_known_is_given_up_after_a_week() -> None:
    memory = RoundMemory()
    memory.round([outlook(days=3)], NOW)
    later = NOW + limits.KEPT_DAYS * DAY + 1
    (found,) = memory.round([outlook(turns=[unknown(later)])], later).outlooks
    assert found.due(later) is Due.UNKNOWN


def test_another_image_takes_nothing_over_from_the_one_before() -> None:
    memory = RoundMemory()
    memory.round([outlook(days=3)], NOW)
    other = outlook(of=subject(image="registry.example.com/shop/web:2"), turns=[unknown()])
    assert memory.round([other], NOW).outlooks == [other]


def test_what_is_gone_from_the_cluster_is_gone() -> None:
    memory = RoundMemory()
    memory.round([outlook()], NOW)
    assert memory.round([], NOW).outlooks == []
    assert memory.round([outlook(turns=[unknown()])], NOW).outlooks[0].due(NOW) is Due.UNKNOWN


def test_what_is_denied_keeps_the_date_that_was_announced_or_its_first_sight() -> None:
    memory = RoundMemory()
    memory.round([outlook(days=1), outlook(days=0, of=subject(path="b"))], NOW)
    later = NOW + 5 * DAY
    both = [outlook(turns=[denied(later)]), outlook(of=subject(path="b"), turns=[denied(later)])]
    found = memory.round(both, later).outlooks
    assert [each.best_before for each in found] == [NOW + DAY, NOW]
    again = memory.round(both, later).outlooks
    assert [each.best_before for each in again] == [NOW + DAY, NOW]


def test_turns_of_what_is_denied_since_one_moment_are_kept_once() -> None:
    memory = RoundMemory()
    memory.round([outlook(days=0, of=subject(path=f"p{n}")) for n in range(50)], NOW)
    later = NOW + DAY
    found = memory.round([outlook(of=subject(path=f"p{n}"), turns=[denied(later)]) for n in range(50)], later).outlooks
    assert (len(found), len({id(each.turns) for each in found})) == (50, 1)
    assert found[0].best_before == NOW


def test_next_edge_is_when_the_first_one_changes_its_class() -> None:
    found = RoundMemory().round([outlook(days=20), outlook(days=5, of=subject(path="b"))], NOW)
    assert found.next_edge(NOW) == NOW + 2 * DAY
    assert found.next_edge(NOW + 5 * DAY) == NOW + 6 * DAY, "of the other one: 14 days left"
    assert found.next_edge(NOW + 21 * DAY) is None


def test_what_can_be_pulled_is_not_remembered_here_for_it_has_a_memory_of_its_own() -> None:
    memory = RoundMemory()
    memory.round([outlook(question=Question.PULL, turns=[denied()])], NOW)
    found = memory.round([outlook(question=Question.PULL, turns=[unknown(NOW + 2 * DAY)])], NOW + 2 * DAY)
    assert [each.now.verdict for each in found.outlooks] == [OutlookVerdict.UNKNOWN]
