"""Puts outlooks together from what rules say of units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

from gatekeeper.freshness.forecast import cron_run
from gatekeeper.freshness.forecast.answer_book import AnswerBook
from gatekeeper.freshness.forecast.clock_program import Rows
from gatekeeper.freshness.forecast.forecast_memory import KnownLine
from gatekeeper.freshness.forecast.line import Line
from gatekeeper.freshness.forecast.placement import ImagePlace
from gatekeeper.freshness.forecast.rule import Rule
from gatekeeper.freshness.forecast.unit import Unit, asked, image_fields
from gatekeeper.freshness.forecast.verdicts import turns, without_facts
from gatekeeper.freshness.outlook import SECOND, Outlook, OutlookSubject, Question, Turn, Verdict

_SYSTEM: Final = "system-"
_NO_RUN: Final = (
    "when it runs next is not known here (its schedule, its time zone, or when it ran last), "
    "so the date is that from which a run would be denied"
)
# So much of a digest is enough for people to tell it from another.
_SHOWN: Final = len("sha256:") + 12


@dataclass(frozen=True)
class RuleResult:
    """What came of a rule.

    Attributes:
        rule: of a Constraint.
        lines: what it says of its units, at least from the one moment to the other of the outlooks.
    """

    rule: Rule
    lines: Mapping[Unit, KnownLine]


@dataclass(frozen=True, slots=True)
class _ImageVerdicts:
    """What policies say of an image.

    Attributes:
        reference: by which it was asked about.
        turns: of each policy that covers it.
    """

    reference: str
    turns: Sequence[tuple[str, tuple[Turn, ...]]]


class OutlookBook:
    """Makes them.

    Args:
        results: of all rules, by their number.
        answers: what is known of images.
        now: the first moment, nanoseconds since 1970.
        until: the last one.
    """

    def __init__(self, results: Mapping[int, RuleResult], answers: AnswerBook, now: int, until: int) -> None:
        self._results = results
        self._answers = answers
        self._now = now
        self._until = until
        self._verdicts: dict[tuple[int, str], _ImageVerdicts] = {}
        self._turned: dict[Any, tuple[Turn, ...]] = {}
        self._turns: dict[tuple[Turn, ...], tuple[Turn, ...]] = {}

    def outlooks(self, places: Sequence[ImagePlace]) -> Iterator[Outlook]:
        """One for each policy, image and question; what several groups of Pods have in common is counted together."""
        for _, its in groupby(places, key=lambda place: place.workload.name):
            yield from self._of_workload(list(its))

    def _of_workload(self, places: Sequence[ImagePlace]) -> Iterator[Outlook]:
        known: dict[tuple[Any, ...], Outlook] = {}
        shape = places[0].workload.shape or next((each.shape for each in places[0].workload.pods), None)
        critical = shape is not None and shape.priority.startswith(_SYSTEM)
        for place in places:
            verdicts = self._of(place)
            subject = self._subject(place, verdicts.reference)
            for policy, its in verdicts.turns:
                one = self._outlook(policy, place, subject, its, critical=critical)
                key = (policy, one.question, subject.path, subject.image, subject.digest)
                other = known.get(key)
                known[key] = one if other is None else _together(one, other)
        yield from known.values()

    def _of(self, place: ImagePlace) -> _ImageVerdicts:
        """What policies say of an image: the same for all places that have its units."""
        key = id(place.units), place.subject.image
        if key not in self._verdicts:
            references = [asked(unit) for unit, _ in place.units.values() if unit.part]
            whole = [place.subject.image] if len(references) < len(place.units) else []
            absent = any(map(self._answers.is_absent, {*references, *whole}))
            turned: list[tuple[str, tuple[Turn, ...]]] = []
            for policy, numbers in self._policies(place).items():
                same = tuple((number, place.units[number]) for number in numbers)
                if same not in self._turned:
                    self._turned[same] = turns([self._line(number, place) for number in numbers])
                its = self._turned[same]
                turned.append((policy, without_facts(its) if absent else its))
            self._verdicts[key] = _ImageVerdicts(references[0] if references else place.subject.image, tuple(turned))
        return self._verdicts[key]

    def _policies(self, place: ImagePlace) -> Mapping[str, Sequence[int]]:
        """The rules of each policy that covers the image."""
        found: dict[str, list[int]] = {}
        for number, (unit, _) in place.units.items():
            covered = self._results[number].lines[unit].covered
            if covered is None or place.subject.image in covered:
                found.setdefault(self._results[number].rule.policy, []).append(number)
        return found

    def _line(self, number: int, place: ImagePlace) -> tuple[Rule, Line]:
        unit, path = place.units[number]
        result = self._results[number]
        line = result.lines[unit].within(self._now, self._until)
        return result.rule, [(at, _rows(rows, unit, path)) for at, rows in line]

    def _subject(self, place: ImagePlace, reference: str) -> OutlookSubject:
        """With the digest that was judged, and what a reader should know of it."""
        subject = place.subject
        digest = subject.digest or self._answers.digest(reference)
        notes = [subject.note] if subject.note else []
        current = place.question in {Question.APPLY, Question.RESCHEDULE}
        if current and subject.by_tag and digest and place.running and digest not in place.running:
            runs = ", ".join(sorted(each[:_SHOWN] for each in place.running)[:2])
            notes.append(f"its tag names {digest[:_SHOWN]} now, what runs is {runs}")
        if place.question is Question.RUNNING and not subject.digest:
            notes.append("its node does not say which digest runs, so what its tag names now was judged")
        if (old := self._answers.old(reference)) is not None:
            seen = datetime.fromtimestamp(old // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            notes.append(f"its registry does not answer: facts of {seen}")
        return replace(subject, digest=digest, note="; ".join(notes))

    def _outlook(
        self, policy: str, place: ImagePlace, subject: OutlookSubject, its: tuple[Turn, ...], *, critical: bool
    ) -> Outlook:
        workload = place.workload
        effect = None
        if workload.schedule and place.question is Question.RESCHEDULE:
            effect, its = cron_run.felt(its, workload.schedule, workload.time_zone, workload.ran)
            if effect is None and any(each.verdict is Verdict.DENIED for each in its):
                subject = replace(subject, note="; ".join(filter(None, [subject.note, _NO_RUN])))
        waived_until = None
        if its[0].verdict is Verdict.WAIVED:
            waived_until = next((each.since for each in its if each.verdict is not Verdict.WAIVED), None)
        # A hundred thousand outlooks have some thousands of turns.
        shared = self._turns.setdefault(its, its)
        return Outlook(policy, subject, place.question, shared, waived_until, effect, critical)


def _together(one: Outlook, other: Outlook) -> Outlook:
    """Of Pods with one image that are judged otherwise, as on another platform, what is said of those denied first."""
    first = min(
        one,
        other,
        key=lambda each: (each.best_before is None, each.best_before or 0, each.now.verdict is not Verdict.UNKNOWN),
    )
    if one.question is not Question.RUNNING:
        return first
    return replace(first, subject=replace(first.subject, running=one.subject.running + other.subject.running))


def _rows(rows: Rows, unit: Unit, path: str) -> Rows:
    """What is about the image at a field: all that names no other image's field."""
    named = {row[0] for row in rows} - {"", path} if path else set()
    others = named & image_fields(unit) if named else named
    return frozenset(row for row in rows if row[0] not in others) if others else rows
