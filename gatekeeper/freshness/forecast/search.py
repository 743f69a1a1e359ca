"""Looks for the moments at which a rule begins to say something else, without taking for granted that it is monotone.

- Of our own policies it is known that they turn at no other moments than those that are named: at the dates of their
  Constraint, and when an image reaches one of its ages (see `clue`). Each image is looked at there, and a few of each
  Constraint besides each week and in between: where one turns at another moment, what was known does not hold, and the
  rule is looked at as one of somebody else.
- Of all others each image is looked at each hour of the horizon, and at the named moments. Between two moments that
  differ the turn is looked for, to the second. What turns and turns back within an hour is missed.
- Where each hour would be too many evaluations, a few images are looked at each hour, and the others each day, or each
  week, and besides at the moments that those few have shown, and at the same ages of their own; where several of them
  turned at one age, and none of the others then, at that age alone. What turns and turns back within a day at moments
  of its own for one image is missed then.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from gatekeeper.freshness.forecast import limits
from gatekeeper.freshness.forecast.clock_program import Rows
from gatekeeper.freshness.forecast.clue import Clue
from gatekeeper.freshness.forecast.line import Line, Search, Wanted, keys
from gatekeeper.freshness.forecast.unit import Unit
from gatekeeper.freshness.outlook import DAY, SECOND

HOUR: Final = 60 * 60 * SECOND
_STEPS: Final = (HOUR, 6 * HOUR, DAY, 7 * DAY)
# Into so many parts each gap is cut at each step of the search.
_PARTS: Final = 8
_LEADERS: Final = 4
# As many weeks of a known rule are looked at; of a longer time as many parts.
_WEEKS: Final = 64

Births = Mapping[Unit, Sequence[int]]
"""When the image of each unit was built, nanoseconds since 1970: of several dates that of the image first."""

Points = Mapping[Unit, Sequence[int]]
"""All moments at which what is said of each unit may turn, in order."""


@dataclass(frozen=True)
class SearchPart:
    """Units of a rule for which it names the same dates: those of a namespace, where Waivers count.

    Attributes:
        clue: where it is worth to look.
        births: of the units.
    """

    clue: Clue
    births: Births


def search(
    parts: Sequence[SearchPart],
    present: Mapping[Unit, Rows],
    now: int,
    until: int,
    evaluations: int = limits.EVALUATIONS,
) -> Search:
    """What a rule says of each unit from now on, to the second.

    Args:
        parts: the units, with where it is worth to look.
        present: what the rule says of each now.
        now: the first moment; it stands first in each line.
        until: the last one.
        evaluations: how many evaluations all samples may be.
    """
    last = max(now, until - until % SECOND)
    known: list[Points] = []
    others: list[SearchPart] = []
    for part in parts:
        points = _all_points(part, now, last)
        if part.clue.complete and all(len(each) <= limits.TURNS for each in points.values()):
            known.append(points)
        else:
            others.append(part)
    found = yield from _named(known, present, now, last)
    if found is None:
        found, others = {}, list(parts)
    units = sum(len(part.births) for part in others)
    sampled = [_sampled(part, now, last, evaluations * len(part.births) // units) for part in others if part.births]
    found |= yield from together(sampled)
    return {unit: line[: limits.TURNS] for unit, line in found.items()}


def together(searches: Sequence[Search]) -> Search:
    """Several searches about units of one rule as one."""
    found: dict[Unit, Line] = {}
    lines: dict[int, Mapping[Unit, Line] | None] = dict.fromkeys(range(len(searches)))
    while lines:
        wanted: dict[int, Wanted] = {}
        for number, its in lines.items():
            try:
                wanted[number] = next(searches[number]) if its is None else searches[number].send(its)
            except StopIteration as end:
                found |= end.value
        said = (yield {unit: at for its in wanted.values() for unit, at in its.items()}) if wanted else {}
        lines = {number: {unit: said[unit] for unit in its} for number, its in wanted.items()}
    return found


def _named(
    parts: Sequence[Points], present: Mapping[Unit, Rows], now: int, last: int
) -> Generator[Wanted, Mapping[Unit, Line], dict[Unit, Line] | None]:
    """At the named moments alone; None where a unit shows that the rule turns at others."""
    points = {unit: its for part in parts for unit, its in part.items()}
    leaders = _leaders(parts)
    weekly = _samples(now, last, _STEPS[-1] * max(1, -(-(last - now) // (_STEPS[-1] * _WEEKS))), ())
    closely = {each: [at for at in points[each] if at not in weekly] for each in leaders}
    others = {unit: its for unit, its in points.items() if unit not in closely}
    # Both at once: each step is a run of opa.
    found = yield from together([_refined(weekly, closely), _looked(others, present, now, last)])
    if any(at not in points[unit] for unit in leaders for at, _ in found[unit][1:]):
        return None
    return found


def _looked(points: Points, present: Mapping[Unit, Rows], now: int, last: int) -> Search:
    """What is said of each unit where nothing turns but at its points."""
    looks = {unit: dict(_looks(each, last)) for unit, each in points.items() if each}
    lines = (yield {unit: sorted(its.values()) for unit, its in looks.items()}) if looks else {}
    return {
        unit: _line([(now, present[unit])], {point: _at(lines[unit], at) for point, at in looks.get(unit, {}).items()})
        for unit in points
    }


def _leaders(parts: Sequence[Points]) -> list[Unit]:
    """Some units of all: those that may turn soonest, of as many parts as there are."""
    ranked: list[tuple[bool, int, Sequence[int], Unit]] = []
    for part in parts:
        its = sorted(part, key=lambda unit: (not part[unit], part[unit][:1]))
        ranked += [(not part[unit], place, part[unit][:1], unit) for place, unit in enumerate(its[:_LEADERS])]
    return [unit for *_, unit in sorted(ranked, key=lambda each: each[:3])[:_LEADERS]]


def _looks(points: Sequence[int], last: int) -> Iterator[tuple[int, int]]:
    """When one looks at what is said from each of these moments on.

    As nothing turns before the next one: at the end of its day, when one looks at other images, too, so that many are
    evaluated in one review.
    """
    for point, following in pairwise([*points, last + SECOND]):
        evening = min(point - point % DAY + DAY - SECOND, last)
        yield point, evening if evening < following else point


def _sampled(part: SearchPart, now: int, last: int, evaluations: int) -> Search:
    """As finely as the evaluations allow."""
    clue, births = part.clue, part.births
    units = list(births)
    step = next((each for each in _STEPS if len(units) * ((last - now) // each) <= evaluations), _STEPS[-1])
    leaders = units[:: max(1, len(units) // _LEADERS)][:_LEADERS] if step > _STEPS[0] else units
    coarse = _samples(now, last, _STEPS[0], clue.moments)
    found = yield from _refined(coarse, {each: _likely(coarse, clue.ages, births[each]) for each in leaders})
    others = [each for each in units if each not in found]
    if others:
        moments, ages = _shown(found, births)
        coarse = _samples(now, last, step, clue.moments | moments)
        found |= yield from _refined(coarse, {each: _likely(coarse, clue.ages | ages, births[each]) for each in others})
    return found


def _all_points(part: SearchPart, now: int, last: int) -> Points:
    moments = _seconds(part.clue.moments, now, last)
    return {unit: _points(moments, part.clue.ages, births, now, last) for unit, births in part.births.items()}


def _points(moments: Sequence[int], ages: Collection[int], births: Sequence[int], now: int, last: int) -> list[int]:
    """All moments at which what is said of one unit may turn."""
    own = _seconds({birth + age for age in ages for birth in births}, now, last)
    return sorted({*moments, *own})


def _samples(now: int, last: int, step: int, moments: Collection[int]) -> tuple[int, ...]:
    """Now, each whole hour (UTC) or more, the moments that are likely for all units, and the last whole second."""
    first = now - now % step + step
    return tuple(sorted({now, *range(first, last + 1, step), *_seconds(moments, now, last)[: limits.TURNS], last}))


def _shown(found: Mapping[Unit, Line], births: Births) -> tuple[set[int], set[int]]:
    """The first moments at which some units turned, and the ages that their images had then, in whole seconds.

    A moment at which only images of one date turned is nobody else's where others turned at that age, too.
    """
    turned = [
        (at, (at - births[unit][0]) // SECOND * SECOND if births[unit] else None, births[unit][:1])
        for unit, line in found.items()
        for at, _ in line[1 : limits.TURNS]
    ]
    at_age: dict[int | None, set[Sequence[int]]] = defaultdict(set)
    at_moment: dict[int, set[Sequence[int]]] = defaultdict(set)
    for at, age, birth in turned:
        at_age[age].add(birth)
        at_moment[at].add(birth)
    moments = {at for at, age, _ in turned if age is None or len(at_moment[at]) > 1 or len(at_age[age]) == 1}
    ages = {age for age in at_age if age is not None}
    return set(sorted(moments)[: limits.TURNS]), set(sorted(ages)[: limits.TURNS])


def _likely(samples: Sequence[int], ages: Collection[int], births: Sequence[int]) -> tuple[int, ...]:
    """The moments, between the samples, at which an image reaches an age."""
    found = _seconds({birth + age for age in ages for birth in births}, samples[0], samples[-1])
    return tuple(each for each in found[: limits.TURNS] if each not in samples)


def _seconds(moments: Collection[int], after: int, last: int) -> list[int]:
    """The first whole seconds at or after some moments."""
    seconds = {-(-each // SECOND) * SECOND for each in moments}
    return sorted(each for each in seconds if after < each <= last)


def _refined(samples: Sequence[int], likely: Mapping[Unit, Sequence[int]]) -> Search:
    """What is said of each unit at the samples and at its own likely moments, and each turn between them to the second.

    Samples are the same for all units, so many images are evaluated in one review; likely moments are not. What turns
    turns as a rule just there, so the second before is looked at first, and the gap is searched only where it did not.
    """
    if not likely:
        return {}
    lines = yield dict.fromkeys(likely, samples)
    found = {unit: _line(line, {}) for unit, line in lines.items()}
    own = {unit: points for unit, points in likely.items() if points}
    if own:
        more = yield own
        for unit, line in more.items():
            # What turned and turned back between two samples stands again at the second one, so each of them counts.
            sampled = {sample: _at(lines[unit], sample) for sample in samples}
            found[unit] = _line([], sampled | {point: _at(line, point) for point in own[unit]})
    gaps = {unit: list(_gaps(line, sorted({*samples, *likely[unit]}))) for unit, line in found.items()}
    first = True
    while gaps := {unit: its for unit, its in gaps.items() if its}:
        ends = {unit: sorted({_before(high) for _, high in its}) for unit, its in gaps.items()}
        points = {unit: sorted({each for gap in its for each in _between(*gap)}) for unit, its in gaps.items()}
        points, first = ends if first else points, False
        more = yield points
        for unit, its in gaps.items():
            said = {point: _at(more[unit], point) for point in points[unit]}
            found[unit] = _line(found[unit], said)
            gaps[unit] = [gap for low, high in its for gap in _narrower(low, high, points[unit], found[unit])]
    return found


def _gaps(line: Line, samples: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Between which two samples each turn lies, where that is more than a second."""
    for at, _ in line[1:]:
        low = samples[bisect_left(samples, at) - 1]
        if _between(low, at):
            yield low, at


def _before(moment: int) -> int:
    """The last whole second before it."""
    return (-(-moment // SECOND) - 1) * SECOND


def _between(low: int, high: int) -> list[int]:
    """Whole seconds between two moments."""
    first, last = low // SECOND + 1, -(-high // SECOND) - 1
    if last < first:
        return []
    step = max(1, (last - first + 1) // _PARTS)
    return [each * SECOND for each in range(first, last + 1, step)]


def _narrower(low: int, high: int, points: Sequence[int], line: Line) -> Iterator[tuple[int, int]]:
    """The parts of a gap in which something turns, and which are longer than a second."""
    inside = [low, *(each for each in points if low < each < high), high]
    for one, other in pairwise(inside):
        if _between(one, other) and keys(_at(line, one)) != keys(_at(line, other)):
            yield one, other


def _at(line: Line, clock: int) -> Rows:
    return next(rows for at, rows in reversed(line) if at <= clock)


def _line(line: Line, said: Mapping[int, Rows]) -> Line:
    """A line with what is said at further clocks, which lie each within one of its gaps."""
    found: Line = []
    for at, rows in sorted({**said, **dict(line)}.items(), key=lambda each: each[0]):
        if not found or keys(found[-1][1]) != keys(rows):
            found.append((at, rows))
    return found
