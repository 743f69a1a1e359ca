"""Looks for the moments at which a rule begins to say something else, without taking for granted that it is monotone.

Each unit is looked at each hour of the horizon, and at the dates and ages that its Constraint names (see `clue`).
Between two moments that differ the turn is looked for, to the second. What turns and turns back within an hour is
missed.

- Of our own policies it is known that they turn at no other moments than those that are named: each week is enough.
- Where each hour would be too many evaluations, a few units are looked at each hour, and the others each day, or each
  week, and besides at the moments that those few have shown, and at the same ages of their own images. A rule that
  turns and turns back within a day at moments of its own for one image is missed then.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Final

from gatekeeper.freshness.forecast import limits
from gatekeeper.freshness.forecast.clock_program import Rows
from gatekeeper.freshness.forecast.clue import Clue
from gatekeeper.freshness.forecast.line import Line, Search, keys
from gatekeeper.freshness.forecast.unit import Unit
from gatekeeper.freshness.outlook import DAY, SECOND

HOUR: Final = 60 * 60 * SECOND
_STEPS: Final = (HOUR, 6 * HOUR, DAY, 7 * DAY)
# Into so many parts each gap is cut at each step of the search.
_PARTS: Final = 8
_LEADERS: Final = 4


def search(clue: Clue, births: Mapping[Unit, int | None], now: int, until: int) -> Search:
    """What a rule says of each unit from now on, to the second.

    Args:
        clue: where it is worth to look.
        births: when the image of each unit was built, where that is known; nanoseconds since 1970.
        now: the first moment; it stands first in each line.
        until: the last one.
    """
    units = list(births)
    steps = _STEPS[-1:] if clue.complete else _STEPS
    step = next((each for each in steps if len(units) * ((until - now) // each) <= limits.EVALUATIONS), steps[-1])
    leaders = units[:: max(1, len(units) // _LEADERS)][:_LEADERS] if step > steps[0] else units
    coarse = _samples(now, until, steps[0], clue.moments)
    found = yield from _refined(coarse, {each: _likely(coarse, clue.ages, births[each]) for each in leaders})
    others = [each for each in units if each not in found]
    if others:
        moments, ages = _shown(found, births)
        coarse = _samples(now, until, step, clue.moments | moments)
        found |= yield from _refined(coarse, {each: _likely(coarse, clue.ages | ages, births[each]) for each in others})
    return {unit: line[: limits.TURNS] for unit, line in found.items()}


def _samples(now: int, until: int, step: int, moments: Collection[int]) -> tuple[int, ...]:
    """Now, each whole hour (UTC) or more, the moments that are likely for all units, and the last whole second."""
    first, last = now - now % step + step, max(now, until - until % SECOND)
    return tuple(sorted({now, *range(first, until + 1, step), *_seconds(moments, now, last), last}))


def _shown(found: Mapping[Unit, Line], births: Mapping[Unit, int | None]) -> tuple[set[int], set[int]]:
    """The first moments at which some units turned, and the ages that their images had then, in whole seconds."""
    moments = sorted({at for line in found.values() for at, _ in line[1:]})[: limits.TURNS]
    ages = {
        (at - birth) // SECOND * SECOND
        for unit, line in found.items()
        for at, _ in line[1 : limits.TURNS]
        if (birth := births[unit]) is not None
    }
    return set(moments), set(sorted(ages)[: limits.TURNS])


def _likely(samples: Sequence[int], ages: Collection[int], birth: int | None) -> tuple[int, ...]:
    """The moments, between the samples, at which an image reaches an age."""
    found = _seconds({birth + age for age in ages if birth is not None}, samples[0], samples[-1])
    return tuple(each for each in found if each not in samples)


def _seconds(moments: Collection[int], after: int, before: int) -> list[int]:
    """The first whole seconds at or after some moments."""
    return sorted({-(-each // SECOND) * SECOND for each in moments if after < each < before})[: limits.TURNS]


def _refined(samples: Sequence[int], likely: Mapping[Unit, Sequence[int]]) -> Search:
    """What is said of each unit at the samples and at its own likely moments, and each turn between them to the second.

    Samples are the same for all units, so many images are evaluated in one review; likely moments are not. What turns
    turns as a rule just there, so the second before is looked at first, and the gap is searched only where it did not.
    """
    found = dict((yield dict.fromkeys(likely, samples)))
    own = {unit: points for unit, points in likely.items() if points}
    if own:
        more = yield own
        for unit, line in more.items():
            found[unit] = _line(found[unit], {point: _at(line, point) for point in own[unit]})
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
