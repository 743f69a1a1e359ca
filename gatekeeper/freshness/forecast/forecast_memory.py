"""What was foreseen before, so that a further round evaluates only what is new.

A line holds to the end of its horizon, as long as the rule, the unit and the facts about its images are the same: what
a template says hangs on nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from gatekeeper.freshness.forecast import limits
from gatekeeper.freshness.forecast.answer_book import AnswerBook, Sightings
from gatekeeper.freshness.forecast.line import NOT_EVALUATED, Line
from gatekeeper.freshness.forecast.rule import Rule
from gatekeeper.freshness.forecast.unit import Unit, images_asked


@dataclass(frozen=True, slots=True)
class KnownLine:
    """What a rule says of a unit.

    Attributes:
        line: see `Line`.
        until: the end of its horizon, nanoseconds since 1970.
        facts: the facts that it is about, in short.
        covered: see `UnitJudge.covered`.
    """

    line: Line
    until: int
    facts: str
    covered: frozenset[str] | None

    @property
    def evaluated(self) -> bool:
        """Whether the engine said all of it."""
        return not any(row[2] == NOT_EVALUATED for _, rows in self.line for row in rows)


@dataclass
class ForecastMemory:
    """Kept between rounds.

    Attributes:
        keys: what was asked in the last round.
        lines: what was foreseen, by rule and unit.
        sightings: answers about images, and when they were had.
    """

    keys: tuple[str, ...] = ()
    lines: dict[tuple[str, Unit], KnownLine] = field(default_factory=dict)
    sightings: Sightings = field(default_factory=dict)

    def known(self, rule: str, units: Iterable[Unit], book: AnswerBook, now: int, until: int) -> dict[Unit, KnownLine]:
        """What is known of units to the end of the horizon, from now on."""
        found: dict[Unit, KnownLine] = {}
        for unit in units:
            one = self.lines.get((rule, unit))
            if one is not None and one.until >= until and one.facts == facts_of(unit, book):
                found[unit] = KnownLine(_from(one.line, now), one.until, one.facts, one.covered)
        return found

    def keep(self, lines: Mapping[tuple[str, Unit], KnownLine], keys: Iterable[str]) -> None:
        """What this round has; the rest is forgotten, and so is what could not be evaluated: it may be, next time."""
        self.lines = {name: each for name, each in lines.items() if each.evaluated}
        self.keys = tuple(keys)
        asked_now = set(self.keys)
        self.sightings = {key: each for key, each in self.sightings.items() if key in asked_now}


def look_ahead(rule: str, until: int) -> int:
    """To when a rule is looked at, nanoseconds since 1970: some time beyond the horizon, so that later rounds need not.

    Of each rule to another time: else all were looked at anew in one round, once a day.

    Args:
        rule: its name, see `name_of`.
        until: the end of the horizon.
    """
    return until + limits.BEYOND + int(rule[:12], 16) % limits.SPREAD


def name_of(rule: Rule) -> str:
    """A short name for all that a rule is."""
    texts = [rule.template.main, *rule.template.libs, rule.parameters, rule.inventory, rule.action]
    return sha256(json.dumps(texts).encode()).hexdigest()


def facts_of(unit: Unit, book: AnswerBook) -> str:
    """The facts about the images of a unit, in short."""
    return " ".join(map(book.in_short, images_asked(unit)))


def _from(line: Line, now: int) -> Line:
    """The same line seen from a later moment."""
    current = [rows for at, rows in line if at <= now]
    later = [(at, rows) for at, rows in line if at > now]
    return [(now, current[-1]), *later] if current else later
