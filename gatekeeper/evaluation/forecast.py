"""From when each image would be denied: the same templates, evaluated at later clocks."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from gatekeeper.evaluation.checker import Pair, Select, overridden, pairs
from gatekeeper.evaluation.evaluator import Evaluator
from gatekeeper.evaluation.facts import FactSource
from gatekeeper.evaluation.finding import Finding
from gatekeeper.evaluation.opa import Engine
from gatekeeper.evaluation.program import StubAnswers
from gatekeeper.evaluation.review import Review
from gatekeeper.translation.translate import Translation
from provider.questions import question

MINUTE: Final = 60 * 1_000_000_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
# How finely the day of a denial is looked at, step by step.
_STEPS: Final = (DAY, 6 * HOUR, HOUR, 10 * MINUTE, MINUTE)
# How many days of a pair are looked at in the first run, before it is known which pairs are denied; each run looks at
# twice as many as the one before it, for most of a short run is the start of opa.
_DAYS: Final = 28
_MOST_DAYS: Final = 112
# How many cases one run of opa evaluates: as many as take a second or two.
_CASES: Final = 500

Clocks = Sequence[int]


@dataclass(frozen=True)
class Expiry:
    """From when a policy denies an image of an object.

    Attributes:
        finding: what it will have against the image.
        since: the first minute in which it is denied, nanoseconds since 1970.
        already: whether it is denied now.
    """

    finding: Finding
    since: int
    already: bool = False


@dataclass(frozen=True)
class _Denial:
    """What a case that is denied is recognised by at another clock."""

    pair: int
    image: str
    path: str


_Since = tuple[int, Finding]
"""When it is denied, and what the policy has against it then."""


def forecast(  # noqa: PLR0913, PLR0917 - those of a check, and the end
    translations: Sequence[Translation],
    reviews: Sequence[Review],
    facts: FactSource,
    engine: Engine,
    now: int,
    until: int,
    select: Select,
    waivers: Sequence[Mapping[str, Any]] = (),
) -> list[Expiry]:
    """The expiries between two times, the earliest first; what is denied now stands first.

    For one object of each image it is looked at the beginning of every day (UTC) until all its images are denied, and
    in the day before the first denial at ever finer steps, to the minute; for other objects at the time that was found
    so, and the minute before.
    Facts are those of now: a certificate or a trust root that ends meanwhile is not seen.

    Args:
        translations: see `check`.
        reviews: see `check`.
        facts: see `check`.
        engine: see `check`.
        now: nanoseconds since 1970.
        until: the last time to look at.
        select: see `check`.
        waivers: see `check`.

    Raises:
        EvaluationError: opa refuses a text.
        NoVerdictError: no opa, or it did not finish.
    """
    found = [each for each in pairs(translations, reviews, select) if each.selection.review is not None]
    evaluator = Evaluator(engine, overridden(found), waivers)
    # What is asked does not depend on the time, as a rule: with its answers at hand one run of opa is enough each time.
    at_hand = evaluator.evaluate([each.at(now) for each in found], facts.answers).answers
    clocks = _Clocks(evaluator, facts, at_hand, found, now, until)
    present = clocks.first(dict.fromkeys(range(len(found)), (now,)))
    moving = [number for number, each in enumerate(found) if each.reads_clock]
    searched = _examples(found, moving)
    rest = [each for each in moving if each not in searched]
    since = clocks.search(searched)
    others = clocks.as_predicted(_times(found, since), rest, present)
    later = [each for denial, each in {**since, **others}.items() if denial not in present]
    already = [Expiry(finding, now, already=True) for _, finding in present.values()]
    return [*already, *sorted((Expiry(finding, at) for at, finding in later), key=lambda each: each.since)]


def _examples(found: Sequence[Pair], numbers: Iterable[int]) -> list[int]:
    """One pair for each image of each policy: as a rule what holds for one object holds for all that have the image."""
    first: dict[tuple[str, str], int] = {}
    for number in numbers:
        for text in found[number].review.texts:
            first.setdefault((found[number].policy, text), number)
    return sorted(set(first.values()))


def _times(found: Sequence[Pair], since: Mapping[_Denial, _Since]) -> dict[tuple[str, str], int]:
    """When each image of each policy is denied, by what was found for one object."""
    times: dict[tuple[str, str], int] = {}
    for denial, (at, _) in since.items():
        times.setdefault((found[denial.pair].policy, denial.image), at)
    return times


@dataclass(frozen=True)
class _Clocks:
    """Evaluates pairs at many times between two."""

    evaluator: Evaluator
    facts: FactSource
    at_hand: StubAnswers
    pairs: Sequence[Pair]
    now: int
    until: int

    def search(self, numbers: Iterable[int]) -> dict[_Denial, _Since]:
        """When each image of these pairs is denied first: by days, then by ever finer steps."""
        found = self._by_days(numbers)
        exact = self._by_birth(found)
        return {**exact, **self._by_steps({denial: each for denial, each in found.items() if denial not in exact})}

    def _by_steps(self, found: Mapping[_Denial, _Since]) -> Mapping[_Denial, _Since]:
        """The minute within the day of each denial, by ever finer steps."""
        for step, length in pairwise(_STEPS):
            clocks: dict[int, set[int]] = {}
            for denial, (at, _) in found.items():
                within = (each for each in range(at - step, at, length) if each > self.now)
                clocks.setdefault(denial.pair, set()).update(within)
            finer = self.first({number: sorted(every) for number, every in clocks.items()})
            found = {denial: min(each, finer.get(denial, each), key=_time) for denial, each in found.items()}
        return found

    def _by_birth(self, found: Mapping[_Denial, _Since]) -> dict[_Denial, _Since]:
        """The minute within the day, of those that are denied some whole days after they were built."""
        expected = {denial: self._birthdays(denial.image, day) for denial, (day, _) in found.items()}
        clocks: dict[int, set[int]] = {}
        for denial, minutes in expected.items():
            clocks.setdefault(denial.pair, set()).update(minutes)
        denied = self._findings_at({number: sorted(every) for number, every in clocks.items()})
        exact: dict[_Denial, _Since] = {}
        for denial, minutes in expected.items():
            findings = denied.get(denial, {})
            at = next((each for each in minutes if each in findings), 0)
            if at and (at - MINUTE in minutes or at - MINUTE <= self.now):
                exact[denial] = (at, findings[at])
        return exact

    def _birthdays(self, image: str, end: int) -> list[int]:
        """The minutes around the time of the day before `end` at which an image was built; none if that is not known.

        What is due at the beginning of a minute may be denied a moment later, and so in the next one.
        """
        if image not in self._births:
            return []
        past = (end - self._births[image]) % DAY
        at = end - past // MINUTE * MINUTE
        around = {at - MINUTE, at, at + MINUTE} | ({end - DAY, end - DAY + MINUTE} if past < MINUTE else set())
        return sorted(each for each in around if each > self.now)

    @cached_property
    def _births(self) -> Mapping[str, int]:
        """When each image was built, as far as answers say."""
        found = {question.parse(key).image: value.get("createdNs") for key, value in self.at_hand.values.items()}
        return {image: int(created) for image, created in found.items() if created}

    def _by_days(self, numbers: Iterable[int]) -> dict[_Denial, _Since]:
        """The day of the first denial; a pair of which all is denied is not looked at again."""
        days, waiting, most = _days(self.now, self.until), list(numbers), _DAYS
        found: dict[_Denial, _Since] = {}
        while days and waiting:
            several = min(most, max(1, _CASES // len(waiting)))
            most = min(2 * most, _MOST_DAYS)
            found = {**self.first(dict.fromkeys(waiting, days[:several])), **found}
            days = days[several:]
            denied: dict[int, set[str]] = {}
            for denial in found:
                denied.setdefault(denial.pair, set()).add(denial.image)
            waiting = [each for each in waiting if not self._is_all(each, denied.get(each, set()))]
        return found

    def _is_all(self, number: int, denied: set[str]) -> bool:
        """Whether these are all images of a pair; no template says of an image without a name which one it means."""
        return bool(denied) and denied >= set(self.pairs[number].review.texts)

    def as_predicted(
        self, times: Mapping[tuple[str, str], int], numbers: Sequence[int], present: Container[_Denial]
    ) -> dict[_Denial, _Since]:
        """The same where the time is known from another object; a pair that it does not fit is searched."""
        clocks = {number: self._around(times, number) for number in numbers}
        denied = self._findings_at(clocks)
        found: dict[_Denial, _Since] = {}
        odd: set[int] = set()
        for denial, findings in denied.items():
            if denial in present:
                continue
            at = times.get((self.pairs[denial.pair].policy, denial.image), 0)
            if at in findings and at - MINUTE not in findings:
                found[denial] = (at, findings[at])
            else:
                odd.add(denial.pair)
        return {**found, **self.search(sorted(odd))}

    def _around(self, times: Mapping[tuple[str, str], int], number: int) -> list[int]:
        """The times of a pair's images, the minutes before them, and the end."""
        pair = self.pairs[number]
        known = [times[pair.policy, text] for text in pair.review.texts if (pair.policy, text) in times]
        return sorted({each for at in known for each in (at - MINUTE, at) if each > self.now} | {self.until})

    def _findings_at(self, clocks: Mapping[int, Clocks]) -> dict[_Denial, dict[int, Finding]]:
        """What is denied at which of the clocks."""
        denied: dict[_Denial, dict[int, Finding]] = {}
        for number, at, finding in self._denied(clocks):
            denied.setdefault(_Denial(number, finding.image, finding.path), {})[at] = finding
        return denied

    def first(self, clocks: Mapping[int, Clocks]) -> dict[_Denial, _Since]:
        """When each image is denied first, by the number of its pair and in the order of the clocks."""
        found: dict[_Denial, _Since] = {}
        for number, at, finding in self._denied(clocks):
            found.setdefault(_Denial(number, finding.image, finding.path), (at, finding))
        return found

    def _denied(self, clocks: Mapping[int, Clocks]) -> Iterator[tuple[int, int, Finding]]:
        cases = [(number, at) for number, every in clocks.items() for at in every]
        for start in range(0, len(cases), _CASES):
            yield from self._findings(cases[start : start + _CASES])

    def _findings(self, cases: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, Finding]]:
        reviews = [self.pairs[number].at(at) for number, at in cases]
        found = self.evaluator.evaluate(reviews, self.facts.answers, self.at_hand)
        for (number, at), violations, calls in zip(cases, found.violations, found.calls, strict=True):
            judgement = self.pairs[number].judgement(violations, None, calls, found.answers)
            yield from ((number, at, each) for each in _denials(judgement.findings))


def _time(since: _Since) -> int:
    return since[0]


def _denials(findings: Iterable[Finding]) -> Iterator[Finding]:
    yield from (each for each in findings if each.action == "deny" and not each.undecided)


def _days(now: int, until: int) -> list[int]:
    """The beginnings of the days after a time, and the end."""
    return [*range(now - now % DAY + DAY, until, DAY), until]
