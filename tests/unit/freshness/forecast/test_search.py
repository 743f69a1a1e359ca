"""Moments at which rules turn, of rules that are functions of the clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import pytest

from gatekeeper.evaluation.program import Template
from gatekeeper.freshness.forecast.clue import Clue
from gatekeeper.freshness.forecast.line import Line, Search
from gatekeeper.freshness.forecast.search import HOUR, SearchPart, search, together
from gatekeeper.freshness.forecast.unit import Unit
from gatekeeper.freshness.outlook import DAY, SECOND
from gatekeeper.own.maximum_image_age import KIND
from tests.unit.freshness.objects import NOW

NOTHING = Clue(frozenset(), frozenset(), complete=False)
_DENIED = frozenset({("", "", "Denied", "no")})
_ADMITTED: frozenset[tuple[str, str, str, str]] = frozenset()

Rule = Callable[[Unit, int], bool]


class RuleDouble:
    """Denies where a function says so; counts evaluations."""

    def __init__(self, denies: Rule) -> None:
        self.denies = denies
        self.evaluations = 0

    def answer(self, its: Search) -> dict[Unit, Line]:
        """What a search finds."""
        wanted = next(its)
        while True:
            try:
                wanted = its.send({unit: self._line(unit, clocks) for unit, clocks in wanted.items()})
            except StopIteration as end:
                found: dict[Unit, Line] = end.value
                return found

    def search(self, clue: Clue, births: Mapping[Unit, Sequence[int]], days: int = 30) -> dict[Unit, Line]:
        """Of units, from now on."""
        present = {unit: self._line(unit, (NOW,))[0][1] for unit in births}
        self.evaluations = 0
        return self.answer(search([SearchPart(clue, births)], present, NOW, NOW + days * DAY))

    def _line(self, unit: Unit, clocks: Sequence[int]) -> Line:
        self.evaluations += len(clocks)
        found: Line = []
        for at in clocks:
            rows = _DENIED if self.denies(unit, at) else _ADMITTED
            if not found or found[-1][1] != rows:
                found.append((at, rows))
        return found


def moments(denies: Callable[[int], bool], clue: Clue = NOTHING, days: int = 30) -> list[int]:
    unit = Unit("head", "part")
    rule = RuleDouble(lambda _unit, at: denies(at))
    return [at for at, _ in rule.search(clue, {unit: ()}, days)[unit]]


@pytest.mark.parametrize(
    "at",
    [NOW + SECOND, NOW + 17 * SECOND, NOW + HOUR, NOW + 3 * DAY + 12_345 * SECOND, NOW + 30 * DAY],
    ids=["next-second", "soon", "on-the-hour", "third-day", "end"],
)
def test_turn_is_found_to_the_second(at: int) -> None:
    assert moments(lambda clock: clock >= at) == [NOW, at]


def test_moment_between_two_seconds_is_the_next_whole_one() -> None:
    at = NOW + 5 * DAY + 1
    assert moments(lambda clock: clock >= at) == [NOW, NOW + 5 * DAY + SECOND]


def test_rule_that_denies_at_weekends_turns_back() -> None:
    def weekend(clock: int) -> bool:
        return (clock // DAY + 4) % 7 in {0, 6}

    saturday = next(at for at in range(NOW - NOW % DAY, NOW + 8 * DAY, DAY) if weekend(at) and not weekend(at - 1))
    found = moments(weekend, days=14)
    assert found == [NOW, saturday, saturday + 2 * DAY, saturday + 7 * DAY, saturday + 9 * DAY]


def test_what_turns_back_within_an_hour_is_missed() -> None:
    start = NOW - NOW % HOUR + 5 * HOUR + 600 * SECOND
    assert moments(lambda clock: start <= clock < start + 1800 * SECOND) == [NOW]


def test_dates_that_are_named_are_looked_at_however_short_what_begins_there() -> None:
    start = NOW + 5 * DAY + 600 * SECOND
    clue = Clue(frozenset({start, start + 60 * SECOND}), frozenset(), complete=True)
    found = moments(lambda clock: start <= clock < start + 60 * SECOND, clue)
    assert found == [NOW, start, start + 60 * SECOND]


@pytest.mark.parametrize("complete", [True, False], ids=["of ours", "of others"])
@pytest.mark.parametrize("denied", [True, False], ids=["denied in between", "admitted in between"])
def test_image_that_turns_at_its_age_turns_back_at_a_moment_at_which_all_are_looked_at(
    complete: bool, denied: bool
) -> None:
    thursday = int(datetime(2026, 12, 10, tzinfo=UTC).timestamp()) * SECOND
    turn = thursday - 600 * SECOND
    unit = Unit("head", "part")
    rule = RuleDouble(lambda _unit, at: (turn <= at < thursday) is denied)
    clue = Clue(frozenset({thursday}), frozenset({30 * DAY}), complete=complete)
    found = rule.search(clue, {unit: (turn - 30 * DAY,)})
    assert [at for at, _ in found[unit]] == [NOW, turn, thursday]


def test_many_images_are_looked_at_seldom_and_each_has_its_own_moment() -> None:
    births = {Unit("head", f"image-{number}"): (NOW - 29 * DAY + number * 977 * SECOND + 5,) for number in range(300)}
    rule = RuleDouble(lambda unit, at: at >= births[unit][0] + 30 * DAY)
    found = rule.search(NOTHING, births)
    expected = {unit: [NOW, -(-(birth + 30 * DAY) // SECOND) * SECOND] for unit, (birth,) in births.items()}
    assert {unit: [at for at, _ in line] for unit, line in found.items()} == expected
    assert rule.evaluations < 300 * 150


@pytest.mark.parametrize("by_age", [True, False], ids=["by-age", "by-date"])
def test_moment_of_a_few_images_is_looked_at_of_others_only_where_it_is_no_age_of_theirs(by_age: bool) -> None:
    births = {Unit("head", f"image-{number}"): (NOW - 29 * DAY + number * 977 * SECOND,) for number in range(300)}
    first, other = Unit("head", "image-0"), Unit("head", "image-1")
    turn = births[first][0] + 30 * DAY + 17 * SECOND
    looked: set[int] = set()

    def denies(unit: Unit, at: int) -> bool:
        if unit == other:
            looked.add(at)
        return at >= (births[unit][0] + 30 * DAY + 17 * SECOND if by_age else turn)

    found = RuleDouble(denies).search(NOTHING, births)
    assert [at for at, _ in found[first]] == [NOW, turn]
    assert (turn in looked) is not by_age


def test_dates_of_a_rule_are_looked_at_of_all_though_images_of_whole_days_have_the_same_ages_then() -> None:
    midnight = NOW - NOW % DAY
    births = {Unit("head", f"image-{number}"): (midnight - number // 75 * 7 * DAY,) for number in range(299)}
    other = Unit("head", "other")
    births[other] = (midnight - 5 * HOUR - 123 * SECOND,)

    def on_friday_night(_unit: Unit, at: int) -> bool:
        return (at // DAY + 4) % 7 == 5 and at % DAY // HOUR == 22

    found = RuleDouble(on_friday_night).search(NOTHING, births)
    assert len(found[Unit("head", "image-0")]) > 6, "four Fridays, there and back"
    assert [at for at, _ in found[other]] == [at for at, _ in found[Unit("head", "image-0")]]


def test_rule_that_turns_each_hour_is_shown_up_to_a_limit() -> None:
    assert len(moments(lambda clock: clock // HOUR % 2 == 0)) == 64


def test_known_rule_is_looked_at_where_it_can_turn_and_nowhere_else() -> None:
    births = {Unit("head", f"image-{number}"): (NOW - 29 * DAY + number * 977 * SECOND + 5,) for number in range(300)}
    births |= {Unit("head", f"old-{number}"): (NOW - 90 * DAY - number,) for number in range(300)}
    rule = RuleDouble(lambda unit, at: at >= births[unit][0] + 30 * DAY)
    found = rule.search(Clue(frozenset(), frozenset({30 * DAY, 60 * DAY}), complete=True), births)
    for unit, (birth,) in births.items():
        at = -(-(birth + 30 * DAY) // SECOND) * SECOND
        assert [each for each, _ in found[unit]] == ([NOW, at] if at > NOW else [NOW])
    assert rule.evaluations < 300 * 2


def test_ages_that_follow_each_other_within_a_day_are_told_apart() -> None:
    unit = Unit("head", "part")
    birth = NOW - 29 * DAY
    ages = {30 * DAY, 30 * DAY + HOUR, 30 * DAY + 2 * HOUR}
    others = {Unit("head", f"image-{number}"): (NOW - 29 * DAY - 9 * HOUR,) for number in range(4)}
    rule = RuleDouble(lambda _unit, at: birth + 30 * DAY <= at < birth + 30 * DAY + HOUR)
    found = rule.search(Clue(frozenset(), frozenset(ages), complete=True), {**others, unit: (birth,)})
    assert [at for at, _ in found[unit]] == [NOW, birth + 30 * DAY, birth + 30 * DAY + HOUR]


def test_rule_that_was_thought_to_be_known_and_turns_at_another_moment_is_searched() -> None:
    births = {Unit("head", f"image-{number}"): (NOW - 29 * DAY + number * 977 * SECOND,) for number in range(20)}
    at = NOW + 9 * DAY + 12_345 * SECOND
    rule = RuleDouble(lambda _unit, clock: clock >= at)
    found = rule.search(Clue(frozenset(), frozenset({30 * DAY}), complete=True), births)
    assert {tuple(each for each, _ in line) for line in found.values()} == {(NOW, at)}


def test_several_searches_are_one() -> None:
    units = [Unit("head", f"image-{number}") for number in range(3)]
    turns = dict(zip(units, (NOW + HOUR, NOW + DAY, NOW + 90 * DAY), strict=True))
    rule = RuleDouble(lambda unit, at: at >= turns[unit])
    present = dict.fromkeys(units, _ADMITTED)
    clues = (
        NOTHING,
        Clue(frozenset({NOW + DAY}), frozenset(), complete=True),
        Clue(frozenset(), frozenset(), complete=True),
    )
    several = [
        search([SearchPart(clue, {unit: ()})], present, NOW, NOW + 2 * DAY)
        for clue, unit in zip(clues, units, strict=True)
    ]
    found = rule.answer(together(several))
    assert [[at for at, _ in found[unit]] for unit in units] == [[NOW, NOW + HOUR], [NOW, NOW + DAY], [NOW]]


def test_where_one_part_of_a_rule_turns_otherwise_than_is_known_all_its_parts_are_looked_at_closely() -> None:
    units = [Unit(namespace, f"image-{number}") for namespace in ("shop", "tools") for number in range(8)]
    turn = NOW + 9 * DAY + 3 * HOUR + 7 * SECOND
    rule = RuleDouble(lambda unit, at: at >= turn if unit.head == "tools" else at >= NOW + 2 * DAY)
    known, other = (frozenset({NOW + days * DAY}) for days in (2, 12))
    parts = [
        SearchPart(Clue(named, frozenset(), complete=True), {unit: () for unit in units if unit.head == head})
        for head, named in (("shop", known), ("tools", other))
    ]
    found = rule.answer(search(parts, dict.fromkeys(units, _ADMITTED), NOW, NOW + 30 * DAY))
    ends = {"shop": NOW + 2 * DAY, "tools": turn}
    assert {unit: [at for at, _ in line] for unit, line in found.items()} == {
        unit: [NOW, ends[unit.head]] for unit in units
    }


def test_of_many_namespaces_as_few_units_are_looked_at_each_week_as_of_one() -> None:
    units = [Unit(f"namespace-{number}", "image") for number in range(40)]
    known = Clue(frozenset(), frozenset(), complete=True)
    evaluations: list[int] = []
    for several in ([units], [[each] for each in units]):
        rule = RuleDouble(lambda _unit, _at: False)
        parts = [SearchPart(known, dict.fromkeys(its, ())) for its in several]
        found = rule.answer(search(parts, dict.fromkeys(units, _ADMITTED), NOW, NOW + 30 * DAY))
        assert found == {unit: [(NOW, _ADMITTED)] for unit in units}
        evaluations.append(rule.evaluations)
    assert evaluations[0] == evaluations[1] < len(units)


def test_our_own_rules_count_to_the_end_of_a_day_and_add_only_a_grace_to_a_limit_or_to_its_beginning() -> None:
    parameters = {
        "maxAge": "30d",
        "minAge": "3d",
        "grace": "5d",
        "schedule": [{"from": "2026-12-10", "maxAge": "20d"}],
        "exemptions": [{"until": "2026-12-24"}],
        "waivers": {"allowed": True, "maxDays": 60},
    }
    found = Clue.of(Template.of(KIND.template()), json.dumps(parameters), "{}")
    assert {round(each / DAY) for each in found.ages if each > 0} == {3, 20, 25, 30, 35}
    days = [datetime(2026, 12, day, tzinfo=UTC) for day in (10, 15, 24, 25)]
    assert sorted(found.moments) == [int(each.timestamp()) * SECOND for each in days]


@pytest.mark.parametrize("fraction", [".5", ".000001", ".000000001", ",5"])
def test_date_between_two_seconds_is_looked_at_in_the_next_whole_one(fraction: str) -> None:
    waivers = json.dumps([{"until": "2026-12-10T08:00:00Z"}, {"until": f"2026-12-11T08:00:00{fraction}Z"}])
    found = Clue.of(Template.of(KIND.template()), "{}", waivers)
    wanted = (datetime(2026, 12, 10, 8, tzinfo=UTC), datetime(2026, 12, 11, 8, 0, 1, tzinfo=UTC))
    assert found.moments == {int(each.timestamp()) * SECOND for each in wanted}


@pytest.mark.parametrize("written", ["2026-12-10T8:00:00Z", "2026-12-11T08:00:00+24:00", "2026-12-10T13:30:00+05:30"])
def test_date_is_looked_at_when_opa_reads_it(written: str) -> None:
    parameters = json.dumps({"maxAge": "30d", "schedule": [{"from": written, "maxAge": "20d"}]})
    found = Clue.of(Template.of(KIND.template()), parameters, "{}")
    assert found.moments == {int(datetime(2026, 12, 10, 8, tzinfo=UTC).timestamp()) * SECOND}


@pytest.mark.parametrize("written", ["000000030d", "0000720h", "0043200m"])
def test_duration_may_have_as_many_digits_as_a_constraint_may(written: str) -> None:
    found = Clue.of(Template.of(KIND.template()), json.dumps({"maxAge": written}), "{}")
    assert {each for each in found.ages if each > 0} == {30 * DAY}


def test_any_durations_may_be_added_by_a_rule_of_somebody_else() -> None:
    template = Template("k8sage", 'package k8sage\n\nviolation[{"msg": ""}] { false }\n', ())
    found = Clue.of(template, json.dumps({"maxAge": "30d", "margin": "4d", "maxDays": 7}), "{}")
    assert {round(each / DAY) for each in found.ages} == {4, 7, 30, 11, 34, 37}


def test_dates_that_are_not_all_looked_through_are_not_taken_for_complete() -> None:
    template = Template.of(KIND.template())
    waivers = {f"w{number}": {"until": "2026-12-03T12:00:00Z"} for number in range(50_001)}
    known = [Clue.of(template, "{}", json.dumps(each)).complete for each in ({}, waivers)]
    assert known == [True, False]
