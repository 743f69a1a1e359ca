"""Puts outlooks together from what rules say of units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from gatekeeper.freshness.forecast import cron_run
from gatekeeper.freshness.forecast.answer_book import AnswerBook
from gatekeeper.freshness.forecast.clock_program import Rows
from gatekeeper.freshness.forecast.line import Line
from gatekeeper.freshness.forecast.placement import ImagePlace
from gatekeeper.freshness.forecast.rule import Rule
from gatekeeper.freshness.forecast.unit import asked
from gatekeeper.freshness.forecast.verdicts import turns, without_facts
from gatekeeper.freshness.outlook import SECOND, Outlook, OutlookSubject, Question, Turn, Verdict

_SYSTEM: Final = "system-"
# So much of a digest is enough for people to tell it from another.
_SHOWN: Final = len("sha256:") + 12


@dataclass(frozen=True)
class RuleResult:
    """What came of a rule.

    Attributes:
        rule: of a Constraint.
        lines: what it says of its units.
        covered: which images its policy covers of each, None where its template does not say.
    """

    rule: Rule
    lines: Mapping[Any, Line]
    covered: Mapping[Any, frozenset[str] | None]


@dataclass
class OutlookBook:
    """Makes them.

    Attributes:
        results: of all rules, by their number.
        answers: what is known of images.
    """

    results: Mapping[int, RuleResult]
    answers: AnswerBook

    def outlooks(self, places: Sequence[ImagePlace]) -> Iterator[Outlook]:
        """One for each policy, image and question; what several groups of Pods have in common is counted together."""
        known: dict[tuple[Any, ...], Outlook] = {}
        turned: dict[Any, tuple[Turn, ...]] = {}
        for place in places:
            subject = self._subject(place)
            absent = self._is_absent(place)
            for policy, numbers in self._policies(place).items():
                # Many workloads have the same units: their turns are the same, and kept once.
                same = tuple((number, place.units[number]) for number in numbers)
                if same not in turned:
                    turned[same] = turns([self._said(number, place) for number in numbers])
                its = without_facts(turned[same]) if absent else turned[same]
                one = _outlook(policy, place, subject, its)
                key = (policy, subject.workload, one.question, subject.path, subject.image, subject.digest)
                other = known.get(key)
                if other is not None and one.question is Question.RUNNING:
                    both = one.subject.running + other.subject.running
                    one = replace(one, subject=replace(one.subject, running=both))
                known[key] = one
        return iter(known.values())

    def _policies(self, place: ImagePlace) -> Mapping[str, Sequence[int]]:
        """The rules of each policy that covers the image."""
        found: dict[str, list[int]] = {}
        for number, (unit, _) in place.units.items():
            covered = self.results[number].covered.get(unit)
            if covered is None or place.subject.image in covered:
                found.setdefault(self.results[number].rule.policy, []).append(number)
        return found

    def _said(self, number: int, place: ImagePlace) -> tuple[Rule, Line]:
        unit, path = place.units[number]
        result = self.results[number]
        return result.rule, [(at, _rows(rows, path)) for at, rows in result.lines[unit]]

    def _is_absent(self, place: ImagePlace) -> bool:
        asked_about = {asked(unit) if unit.part else place.subject.image for unit, _ in place.units.values()}
        return any(map(self.answers.is_absent, asked_about))

    def _subject(self, place: ImagePlace) -> OutlookSubject:
        """With the digest that was judged, and what a reader should know of it."""
        subject = place.subject
        reference = next((asked(unit) for unit, _ in place.units.values() if unit.part), subject.image)
        digest = subject.digest or self.answers.digest(reference)
        notes = [subject.note] if subject.note else []
        current = place.question in {Question.APPLY, Question.RESCHEDULE}
        if current and subject.by_tag and digest and place.running and digest not in place.running:
            runs = ", ".join(sorted(each[:_SHOWN] for each in place.running)[:2])
            notes.append(f"its tag names {digest[:_SHOWN]} now, what runs is {runs}")
        if place.question is Question.RUNNING and not subject.digest:
            notes.append("its node does not say which digest runs, so what its tag names now was judged")
        if (old := self.answers.old(reference)) is not None:
            seen = datetime.fromtimestamp(old // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            notes.append(f"its registry does not answer: facts of {seen}")
        return replace(subject, digest=digest, note="; ".join(notes))


def _outlook(policy: str, place: ImagePlace, subject: OutlookSubject, its: tuple[Turn, ...]) -> Outlook:
    workload = place.workload
    effect = None
    if workload.schedule and place.question is Question.RESCHEDULE:
        effect, its = cron_run.felt(its, workload.schedule, workload.time_zone)
    waived_until = None
    if its[0].verdict is Verdict.WAIVED:
        waived_until = next((each.since for each in its if each.verdict is not Verdict.WAIVED), None)
    shape = workload.shape or (workload.pods[0].shape if workload.pods else None)
    critical = shape is not None and shape.priority.startswith(_SYSTEM)
    return Outlook(policy, subject, place.question, its, waived_until, effect, critical)


def _rows(rows: Rows, path: str) -> Rows:
    return frozenset(row for row in rows if row[0] in {"", path}) if path else rows
