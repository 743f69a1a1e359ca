"""What was foreseen before, so that a further round evaluates only what is new.

A line holds to the end of its horizon, as long as the unit, what the rule is given for it, and the facts about its
images are the same: what a template says hangs on nothing else. So one line is enough for several rules that are given
the same: of what may be waived there is a rule with all Waivers and one without, and most namespaces have none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from gatekeeper.freshness.forecast import limits
from gatekeeper.freshness.forecast.answer_book import AnswerBook, Sightings
from gatekeeper.freshness.forecast.line import NOT_EVALUATED, Line
from gatekeeper.freshness.forecast.rule import Rule
from gatekeeper.freshness.forecast.unit import Unit, images_asked, namespace_of


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

    def holds(self, now: int, until: int) -> bool:
        """Whether it reaches from one moment to another, nanoseconds since 1970."""
        return self.line[0][0] <= now and until <= self.until

    def within(self, now: int, until: int) -> Line:
        """The line from one moment to another, nanoseconds since 1970."""
        current = [rows for at, rows in self.line if at <= now]
        later = [(at, rows) for at, rows in self.line if now < at <= until]
        return [(now, current[-1]), *later] if current else later


@dataclass
class ForecastMemory:
    """Kept between rounds.

    Attributes:
        keys: what was asked in the last round.
        lines: what was foreseen, by the name of what is given (see `RuleNames`) and unit; what a round takes over is
            the same object in the next one.
        sightings: answers about images, and when they were had.
    """

    keys: tuple[str, ...] = ()
    lines: dict[str, dict[Unit, KnownLine]] = field(default_factory=dict)
    sightings: Sightings = field(default_factory=dict)

    def known(self, units: Mapping[Unit, str], book: AnswerBook, now: int, until: int) -> dict[Unit, KnownLine]:
        """What is known of units, each with the name of what is given for it, to the end of the horizon.

        Nothing where the clock was set back: what was said in between is not known.
        """
        found: dict[Unit, KnownLine] = {}
        for unit, name in units.items():
            one = self.lines.get(name, {}).get(unit)
            if one is not None and one.holds(now, until) and one.facts == facts_of(unit, book):
                found[unit] = one
        return found

    def keep(self, lines: Iterable[tuple[str, Unit, KnownLine]], book: AnswerBook) -> None:
        """What this round has; the rest is forgotten, and so is what could not be evaluated: it may be, next time.

        Args:
            lines: with the name of what is given for each unit; several rules may be given the same.
            book: in which all is now that is asked about an image.
        """
        self.lines = {}
        for name, unit, each in lines:
            if each.evaluated:
                facts = facts_of(unit, book)
                known = each if each.facts == facts else replace(each, facts=facts)
                self.lines.setdefault(name, {})[unit] = known
        self.keys = tuple(book.asked)
        self.sightings = {key: each for key, each in self.sightings.items() if key in book.asked}


class RuleNames:
    """Short names for all that rules are given: their template, their parameters, and the Waivers that count.

    Args:
        rules: by their number.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._plain = [_plain_name(rule) for rule in rules]
        self._seen: dict[tuple[int, str], str] = {}
        self._known: dict[tuple[int, str], str] = {}

    def of(self, number: int, unit: Unit) -> str:
        """That of a rule for a unit."""
        key = number, unit.head
        if key not in self._known:
            inventory = self._seen_in(number, namespace_of(unit)) if unit.part else self._rules[number].inventory
            self._known[key] = sha256(f"{self._plain[number]} {inventory}".encode()).hexdigest()
        return self._known[key]

    def _seen_in(self, number: int, namespace: str) -> str:
        key = number, namespace
        if key not in self._seen:
            self._seen[key] = self._rules[number].seen_in(namespace)
        return self._seen[key]


def look_ahead(rule: Rule, until: int) -> int:
    """To when a rule is looked at, nanoseconds since 1970: some time beyond the horizon, so that later rounds need not.

    Of each policy to another time: else all were looked at anew in one round, once a day. Its Constraints are looked at
    together, as what a pair of them says is evaluated once (see `pairs`).

    Args:
        rule: of one of its Constraints.
        until: the end of the horizon.
    """
    name = f"{rule.template.kind}/{rule.policy}"
    return until + limits.BEYOND + int(sha256(name.encode()).hexdigest()[:12], 16) % limits.SPREAD


def _plain_name(rule: Rule) -> str:
    texts = [rule.template.main, *rule.template.libs, rule.parameters]
    return sha256(json.dumps(texts).encode()).hexdigest()


def facts_of(unit: Unit, book: AnswerBook) -> str:
    """The facts about the images of a unit, in short."""
    return " ".join(map(book.in_short, images_asked(unit)))
