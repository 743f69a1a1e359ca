"""What a rule says of its units, now and, where it hangs on the clock, as far as one looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from gatekeeper.freshness.forecast import limits
from gatekeeper.freshness.forecast.answer_book import AnswerBook
from gatekeeper.freshness.forecast.clue import Clue, is_known
from gatekeeper.freshness.forecast.line import NOT_EVALUATED, Search
from gatekeeper.freshness.forecast.rule import Rule
from gatekeeper.freshness.forecast.search import SearchPart, search
from gatekeeper.freshness.forecast.unit import Unit, images_asked, namespace_of

_RANDOM: Final = "the rule uses a random number: nobody can foresee what it says"


def samples_of_each(rules: Sequence[Rule]) -> int:
    """How many evaluations the samples of each rule may be: those that somebody wrote share them."""
    written = sum(1 for each in rules if each.reads_clock and not is_known(each.template))
    return limits.EVALUATIONS // max(1, written)


def rule_search(  # noqa: PLR0913, PLR0917 - those of a search
    rule: Rule,
    units: Sequence[Unit],
    book: AnswerBook,
    covers: Callable[[Unit], bool],
    now: int,
    end: int,
    evaluations: int,
    stand_ins: Sequence[str] = (),
) -> Search:
    """The search for what a rule says of units.

    Args:
        rule: whose.
        units: of which.
        book: answers what its template asks.
        covers: whether its policy covers a unit's images, asked when the units are judged for the first moment: nobody
            wants to know what becomes of others.
        now: the first moment, nanoseconds since 1970.
        end: the last one.
        evaluations: how many all samples may be; see `samples_of_each`.
        stand_ins: the images that whole reviews are judged by in place of their own.
    """
    lines = dict((yield dict.fromkeys(units, (now,))))
    if rule.random:
        return {unit: [(now, frozenset({("", "", NOT_EVALUATED, _RANDOM)}))] for unit in units}
    if not rule.reads_clock or end <= now:
        return lines
    present = {unit: line[0][1] for unit, line in lines.items()}
    looked_at = [unit for unit in units if covers(unit)]
    # All was asked for the first clock, so the images' dates are known now.
    births = {unit: _births(unit, book, stand_ins) for unit in looked_at}
    parts: list[SearchPart] = []
    for inventory, its in _by_inventory(rule, looked_at).items():
        clue = Clue.of(rule.template, rule.parameters, inventory)
        parts.append(SearchPart(clue, {unit: births[unit] for unit in its}))
    return {**lines, **(yield from search(parts, present, now, end, evaluations))}


def _births(unit: Unit, book: AnswerBook, stand_ins: Sequence[str]) -> tuple[int, ...]:
    """Of the images of a unit."""
    images = images_asked(unit) if unit.part else [*images_asked(unit), *stand_ins]
    return tuple(dict.fromkeys(each for image in images for each in book.births(image)))


def _by_inventory(rule: Rule, units: Sequence[Unit]) -> Mapping[str, Sequence[Unit]]:
    """By what a rule sees of the cluster's Waivers: of an image by itself those of its namespace, else all."""
    found: dict[str, list[Unit]] = {}
    seen: dict[str, str] = {}
    for unit in units:
        if unit.part and unit.head not in seen:
            seen[unit.head] = rule.seen_in(namespace_of(unit) if rule.scope.namespaces else "")
        found.setdefault(seen[unit.head] if unit.part else rule.inventory, []).append(unit)
    return found
