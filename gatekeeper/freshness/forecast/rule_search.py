"""What a rule says of its units, now and, where it hangs on the clock, as far as one looks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from gatekeeper.documents import fields
from gatekeeper.freshness.forecast import limits
from gatekeeper.freshness.forecast.answer_book import AnswerBook
from gatekeeper.freshness.forecast.clue import Clue, is_known
from gatekeeper.freshness.forecast.line import NOT_EVALUATED, Search
from gatekeeper.freshness.forecast.rule import Rule
from gatekeeper.freshness.forecast.search import search, together
from gatekeeper.freshness.forecast.unit import Unit, images_asked

_RANDOM: Final = "the rule uses a random number: nobody can foresee what it says"


def samples_of_each(rules: Sequence[Rule]) -> int:
    """How many evaluations the samples of each rule may be: those that somebody wrote share them."""
    written = sum(1 for each in rules if each.reads_clock and not is_known(each.template))
    return limits.EVALUATIONS // max(1, written)


def rule_search(  # noqa: PLR0913, PLR0917 - those of a search
    rule: Rule,
    units: Sequence[Unit],
    book: AnswerBook,
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
    # All was asked for the first clock, so the images' dates are known now.
    births = {unit: _births(unit, book, stand_ins) for unit in units}
    parts: list[Search] = []
    for namespace, its in _by_namespace(rule, units).items():
        clue = Clue.of(rule.template, rule.parameters, rule.seen_in(namespace))
        part = {unit: births[unit] for unit in its}
        parts.append(search(clue, part, present, now, end, evaluations * len(its) // len(units)))
    return (yield from together(parts))


def _births(unit: Unit, book: AnswerBook, stand_ins: Sequence[str]) -> tuple[int, ...]:
    """Of the images of a unit."""
    images = images_asked(unit) if unit.part else [*images_asked(unit), *stand_ins]
    return tuple(dict.fromkeys(each for image in images for each in book.births(image)))


def _by_namespace(rule: Rule, units: Sequence[Unit]) -> Mapping[str, Sequence[Unit]]:
    """Where Waivers count, those of other namespaces do not."""
    found: dict[str, list[Unit]] = {}
    namespaces: dict[str, str] = {}
    for unit in units:
        if rule.scope.namespaces and unit.part and unit.head not in namespaces:
            namespaces[unit.head] = fields.text(json.loads(unit.head), "namespace")
        found.setdefault(namespaces.get(unit.head, ""), []).append(unit)
    return found
