"""Nothing is denied that was not announced, and nothing is announced that does not come: a month by the real opa."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from gatekeeper.freshness.forecast.forecast_memory import ForecastMemory
from gatekeeper.freshness.forecast.outlooks import ForecastSurroundings, outlooks
from gatekeeper.freshness.outlook import DAY, SECOND, Outlook, Turn, Verdict
from tests.engine import engine
from tests.integration.forecast import month
from tests.integration.forecast.month import CHANGES, END, Key, Moment
from tests.unit.freshness.objects import NOW

pytestmark = pytest.mark.integration

# Moments at which nobody announced anything in particular.
CLOCKS = [NOW + day * DAY + 12_345 * SECOND for day in (0, 4, 10, 13, 18, 24, 31)]


@dataclass
class Month:
    """The forecasts that were made.

    Attributes:
        rounds: by the day on which each was made: what it says of each image.
        workloads: how many workloads each of them is about.
        asked: how many questions each asked.
        announced: the day on which each moment was announced first.
    """

    rounds: dict[int, dict[Key, Outlook]] = field(default_factory=dict)
    workloads: dict[Key, int] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    announced: dict[tuple[Key, int], int] = field(default_factory=dict)

    def take(self, day: int, found: Sequence[Outlook]) -> None:
        round_: dict[Key, Outlook] = {}
        several: dict[Key, int] = {}
        for each in found:
            key = each.policy, each.subject.image, each.question
            assert round_.setdefault(key, each).turns == each.turns, key
            several[key] = several.get(key, 0) + 1
            for turn in each.turns:
                if turn.verdict is Verdict.DENIED:
                    self.announced.setdefault((key, turn.since), day)
        self.rounds[day] = round_
        self.workloads |= several

    def last(self, at: int) -> int:
        """The day of the last round before a moment."""
        return max(day for day in CHANGES if NOW + day * DAY <= at)


@pytest.fixture(scope="module", name="foreseen")
def _foreseen() -> Month:
    found, memory, facts = Month(), ForecastMemory(), month.facts()
    for day in CHANGES:
        around = ForecastSurroundings(waivers=month.waivers(day))
        now = NOW + day * DAY
        facts.asked.clear()
        said = outlooks(month.policies(day), month.inventory(day), facts, engine(), now, END, around, memory=memory)
        found.asked.append(len(facts.asked))
        found.take(day, said)
    return found


def turns(outlook: Outlook) -> Iterator[tuple[int, bool]]:
    """Each moment from which it is denied, or no more."""
    for one, other in pairwise(outlook.turns):
        is_denied = other.verdict is Verdict.DENIED
        if (one.verdict is Verdict.DENIED) is not is_denied:
            yield other.since, is_denied


def test_what_is_announced_comes_at_its_second(foreseen: Month) -> None:
    """Unless something changes before: then the next round says it anew."""
    wanted = [
        (key, at, is_denied, day)
        for day, end in pairwise([*(NOW + each * DAY for each in CHANGES), END])
        for key, each in foreseen.rounds[(day - NOW) // DAY].items()
        for at, is_denied in turns(each)
        if at < end
    ]
    moments = [Moment(key, at, (day - NOW) // DAY) for key, when, _, day in wanted for at in (when - SECOND, when)]
    said = month.denied(moments)
    right = sum(
        foreseen.workloads[key]
        for (key, _, is_denied, _), before, after in zip(wanted, said[::2], said[1::2], strict=True)
        if (before, after) == (not is_denied, is_denied)
    )
    in_all = sum(foreseen.workloads[key] for key, *_ in wanted)
    sys.stdout.write(f"announced and come: {right} of {in_all}, of {len(wanted)} images and questions\n")
    assert right == in_all
    assert in_all > 500


def test_what_is_denied_was_announced_seven_days_before_or_at_first_sight(foreseen: Month) -> None:
    """Looked at when nothing was announced, too: what is said then is what was foreseen."""
    moments = [Moment(key, at, day) for at in CLOCKS for day in [foreseen.last(at)] for key in foreseen.rounds[day]]
    said = month.denied(moments)
    right = denials = announced = 0
    for moment, is_denied in zip(moments, said, strict=True):
        several = foreseen.workloads[moment.key]
        turn = holding(foreseen.rounds[moment.day][moment.key], moment.at)
        right += several * ((turn.verdict is Verdict.DENIED) is is_denied)
        if is_denied:
            denials += several
            announced += several * is_in_time(foreseen, moment.key, beginning(foreseen, moment))
    in_all = sum(foreseen.workloads[each.key] for each in moments)
    sys.stdout.write(f"foreseen: {right} of {in_all} verdicts; announced in time: {announced} of {denials} denials\n")
    assert (right, announced) == (in_all, denials)
    assert denials > 1000


def holding(outlook: Outlook, at: int) -> Turn:
    """What is said at a moment."""
    return [each for each in outlook.turns if each.since <= at][-1]


def beginning(foreseen: Month, moment: Moment) -> int:
    """When a denial began: a round says of what is denied already only that it is."""
    day, at = moment.day, moment.at
    while True:
        since, now = holding(foreseen.rounds[day][moment.key], at).since, NOW + day * DAY
        earlier = [each for each in CHANGES if each < day and moment.key in foreseen.rounds[each]]
        if since > now or not earlier:
            return since
        if holding(foreseen.rounds[earlier[-1]][moment.key], now).verdict is not Verdict.DENIED:
            return since
        day, at = earlier[-1], now


def is_in_time(foreseen: Month, key: Key, since: int) -> bool:
    """Whether a denial was announced a week before, or else when its image was seen first, or when its policy changed.

    In each of these rounds it was announced for the first time.
    """
    first = next(day for day in CHANGES if key in foreseen.rounds[day])
    day = foreseen.announced.get((key, since), -1)
    changed = key[0] == "strict" and day in {month.WAIVED, month.SCHEDULED}
    return day >= 0 and (since - (NOW + day * DAY) >= 7 * DAY or day == first or changed)


def test_month_has_all_that_it_is_about(foreseen: Month) -> None:
    """Waived, warned, denied and admitted again, announced early and late."""
    last = foreseen.rounds[month.SCHEDULED].values()
    assert {turn.verdict for each in last for turn in each.turns} == set(Verdict) - {Verdict.UNKNOWN}
    assert any(each.waived_until == 1_798_353_015 * SECOND for each in last)
    backwards = [each for each in foreseen.rounds[0].values() for _, is_denied in turns(each) if not is_denied]
    assert {each.policy for each in backwards} == {"plain"}


def test_each_image_is_asked_about_once_a_round(foreseen: Month) -> None:
    assert foreseen.asked == [month.IMAGES_AT_FIRST, *[month.IMAGES] * 3]
