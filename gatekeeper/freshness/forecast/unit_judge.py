"""What the rules of Constraints of one template say of units at many clocks, in portions that opa finishes soon.

Where several searches want something, one run of opa evaluates it for all of them: each run reads and compiles the
template anew, which takes as long as a hundred evaluations. Where both Constraints of a pair want the same, it is
evaluated once (see `pairs`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gatekeeper.evaluation.opa import Engine, EvaluationError, NoVerdictError, Opa
from gatekeeper.freshness.forecast import clock_program, limits
from gatekeeper.freshness.forecast.answer_book import AnswerBook
from gatekeeper.freshness.forecast.clock_program import Changes, ClockCase, Row, Rows
from gatekeeper.freshness.forecast.line import NOT_EVALUATED, Line, Search, Wanted
from gatekeeper.freshness.forecast.pairs import pairs
from gatekeeper.freshness.forecast.rule import Rule
from gatekeeper.freshness.forecast.unit import Unit, packed, written
from provider.reasons import Reason

_NOTHING: Final[Rows] = frozenset()


@dataclass(frozen=True, slots=True)
class _Case:
    """Units in one review, at some clocks, under a rule or both rules of a pair.

    Attributes:
        rules: the numbers of the rules; of a pair of both, the one that denies first.
        head: see `Unit.head`.
        parts: see `Unit.part`; one empty text for a whole review.
        clocks: at which it is evaluated.
    """

    rules: tuple[int, ...]
    head: str
    parts: tuple[str, ...]
    clocks: tuple[int, ...]

    @property
    def units(self) -> Iterator[Unit]:
        """What it is about."""
        return (Unit(self.head, part) for part in self.parts)

    @property
    def cost(self) -> int:
        """How many evaluations of one image it is, about; what a template does once counts as three."""
        return (len(self.parts) + 3) * len(self.clocks)

    def halves(self) -> list[_Case]:
        """The same in two; one that is as small as it can be alone."""
        if len(self.rules) > 1:
            return self.alone()
        if len(self.clocks) > 1:
            middle = len(self.clocks) // 2
            return [replace(self, clocks=self.clocks[:middle]), replace(self, clocks=self.clocks[middle:])]
        if len(self.parts) > 1:
            middle = len(self.parts) // 2
            return [replace(self, parts=self.parts[:middle]), replace(self, parts=self.parts[middle:])]
        return [self]

    def alone(self) -> list[_Case]:
        """The same for each of its rules."""
        return [replace(self, rules=(rule,)) for rule in self.rules]


class UnitJudge:
    """Evaluates rules of one template.

    Args:
        rules: of Constraints, by their number.
        book: answers what its template asks.
        engine: the real opa.
        images: the images to judge in place of those of the objects; see `Evaluator`.
    """

    def __init__(
        self,
        rules: Mapping[int, Rule],
        book: AnswerBook,
        engine: Engine,
        images: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        self._rules = rules
        self._pairs = pairs(rules)
        self.book = book
        self._engine = slow(engine)
        self._quick = engine
        self._images = images
        self._failures: Counter[int] = Counter()
        # Rules that did not finish: tried for one image at one moment; and why nothing more of them is evaluated.
        self._tried: set[int] = set()
        self._why: dict[int, str] = {}
        self.covered: dict[tuple[int, Unit], frozenset[str] | None] = {}

    def found(self, searches: Mapping[int, Search]) -> dict[int, dict[Unit, Line]]:
        """What searches find, by the number of their rule."""
        results: dict[int, dict[Unit, Line]] = {}
        wanted = {number: next(each) for number, each in searches.items()}
        while wanted:
            lines = self.lines(wanted)
            wanted = {}
            for number, its in lines.items():
                try:
                    wanted[number] = searches[number].send(its)
                except StopIteration as end:
                    results[number] = end.value
        return results

    def lines(self, wanted: Mapping[int, Wanted]) -> dict[int, dict[Unit, Line]]:
        """What each rule says of its units at their clocks; the first clock is always there."""
        found: dict[int, dict[Unit, Line]] = {rule: {unit: [] for unit in its} for rule, its in wanted.items()}
        wishes = _wishes(wanted, self._pairs)
        for portion in _portions(each for several, its in wishes for each in _cases(several, its)):
            for case, rule, its in self._evaluated(portion):
                for part, line in its.items():
                    found[rule][Unit(case.head, part)] += _at_all(line, case.clocks)
        return {rule: {unit: _joined(line) for unit, line in its.items()} for rule, its in found.items()}

    def covers(self, rule: int, unit: Unit) -> bool:
        """Whether the policy of a rule covers an image of a unit that was evaluated; where nobody says so, it does."""
        covered = self.covered.get((rule, unit))
        if covered is None:
            return True
        return written(unit) in covered if unit.part else bool(covered)

    def _evaluated(self, portion: Sequence[_Case]) -> Iterator[tuple[_Case, int, Mapping[str, Line]]]:
        """What is said of the parts of each case, for each of its rules."""
        failed = {rule for case in portion for rule in case.rules if self._failures[rule] >= limits.FAILED_RUNS}
        if failed:
            apart = [each for case in portion for each in ([case] if failed.isdisjoint(case.rules) else case.alone())]
            unknown = [case for case in apart if not failed.isdisjoint(case.rules)]
            for case in unknown:
                (rule,) = case.rules
                yield case, rule, _unknown(case, self._why.get(rule, "its rule failed too often"))
            portion = [case for case in apart if failed.isdisjoint(case.rules)]
        if not portion:
            return
        reviews = [self._review(case) for case in portion]
        try:
            run = self._run(
                [self._clock_case(case, review) for case, (review, _) in zip(portion, reviews, strict=True)]
            )
        except (EvaluationError, NoVerdictError) as error:
            yield from self._failed(portion, error)
            return
        for case, (_, places), said, covered in zip(portion, reviews, run.changes, run.covered, strict=True):
            for rule, changes in zip(case.rules, said, strict=True):
                for unit in case.units:
                    self.covered.setdefault((rule, unit), covered)
                yield case, rule, _of_parts(case, places, changes)

    def _failed(
        self, portion: Sequence[_Case], error: EvaluationError | NoVerdictError
    ) -> Iterator[tuple[_Case, int, Mapping[str, Line]]]:
        """In halves, until what fails stands alone: an error of the rule itself denies in a cluster."""
        of_a_rule = isinstance(error, EvaluationError) and error.of_a_rule
        halves = [[*portion[: len(portion) // 2]], [*portion[len(portion) // 2 :]]]
        if len(portion) == 1:
            halves = [[each] for each in portion[0].halves()]
        if isinstance(error, EvaluationError) and not of_a_rule:
            self._failures.update(dict.fromkeys(self._rules, limits.FAILED_RUNS))
            yield from ((case, rule, _unknown(case, str(error))) for case in portion for rule in case.rules)
        elif len(halves) > 1:
            if isinstance(error, NoVerdictError):
                self._try_once(portion)
            for half in halves:
                yield from self._evaluated(half)
        elif of_a_rule:
            yield portion[0], portion[0].rules[0], _said(portion[0], Reason.POLICY_FAILED, str(error))
        else:
            self._failures[portion[0].rules[0]] += 1
            yield portion[0], portion[0].rules[0], _unknown(portion[0], str(error))

    def _try_once(self, portion: Sequence[_Case]) -> None:
        """What does not finish for one image at one moment need not be tried for more, which takes minutes each."""
        alone = {case.rules[0]: case for several in portion for case in several.alone()}
        for rule, case in alone.items():
            if rule in self._tried:
                continue
            self._tried.add(rule)
            one = replace(case, parts=case.parts[:1], clocks=case.clocks[:1])
            review, _ = self._review(one)
            try:
                clock_program.run(
                    [self._clock_case(one, review)], self.book.answers, self.book.asked, self._quick, self._images
                )
            except NoVerdictError as error:
                self._failures[rule] = limits.FAILED_RUNS
                self._why[rule] = str(error)
            except EvaluationError:
                # An error of the rule itself, which is found again where it stands alone.
                continue

    def _run(self, cases: Sequence[ClockCase]) -> clock_program.ClockRun:
        for _ in range(limits.ROUNDS):
            run = clock_program.run(cases, self.book.answers, self.book.asked, self._engine, self._images)
            if not run.asked:
                return run
            self.book.ask(run.asked)
        raise NoVerdictError(NOT_EVALUATED, f"a template still asks for more after {limits.ROUNDS} rounds")

    def _review(self, case: _Case) -> tuple[str, Mapping[str, str]]:
        """The review as JSON, and which part stands at which field."""
        if case.parts == ("",):
            return case.head, {}
        review, places = packed(case.head, case.parts)
        return json.dumps(review), places

    def _clock_case(self, case: _Case, review: str) -> ClockCase:
        rule = self._rules[case.rules[-1]]
        is_pair = len(case.rules) > 1
        # It is known of what was evaluated before.
        wants_cover = any((each, unit) not in self.covered for each in case.rules for unit in case.units)
        return ClockCase(rule.template, rule.parameters, review, rule.inventory, case.clocks, is_pair, wants_cover)


def slow(engine: Engine) -> Engine:
    """An engine that takes its time, and little memory."""
    if not isinstance(engine, Opa):
        return engine
    return replace(engine, seconds=limits.RUN_SECONDS, memory_mib=limits.OPA_MIB)


def _wishes(wanted: Mapping[int, Wanted], its_pairs: Mapping[int, int]) -> Iterator[tuple[tuple[int, ...], Wanted]]:
    """What is wanted of both rules of a pair at once, and then what is wanted of each rule alone."""
    left = dict(wanted)
    for warns, denies in its_pairs.items():
        if warns in left and denies in left:
            both, *alone = _shared(left[denies], left[warns])
            yield (denies, warns), both
            left[denies], left[warns] = alone
    yield from (((rule,), its) for rule, its in left.items())


def _shared(one: Wanted, other: Wanted) -> tuple[Wanted, Wanted, Wanted]:
    """What both want, and what each of them wants besides."""
    alone = _without(one, other)
    return _without(one, alone), alone, _without(other, one)


def _without(wanted: Wanted, others: Wanted) -> Wanted:
    """What is wanted and not among the others."""
    left: dict[Unit, Sequence[int]] = {}
    for unit, clocks in wanted.items():
        known = set(others.get(unit, ()))
        new = [at for at in clocks if at not in known]
        if new:
            left[unit] = new
    return left


def _cases(several: tuple[int, ...], wanted: Wanted) -> Iterator[_Case]:
    """Images by themselves in few reviews: all that have a head in common and are wanted at the same clock."""
    heads: dict[str, dict[int, list[str]]] = {}
    for unit, clocks in wanted.items():
        if unit.part:
            at = heads.setdefault(unit.head, {})
            for clock in clocks:
                at.setdefault(clock, []).append(unit.part)
        else:
            yield _Case(several, unit.head, ("",), tuple(clocks))
    for head, at in heads.items():
        groups: dict[tuple[str, ...], list[int]] = {}
        for clock in sorted(at):
            groups.setdefault(tuple(at[clock]), []).append(clock)
        for parts, its in groups.items():
            for first in range(0, len(parts), limits.IMAGES_TOGETHER):
                yield _Case(several, head, parts[first : first + limits.IMAGES_TOGETHER], tuple(its))


def _portions(cases: Iterator[_Case]) -> Iterator[list[_Case]]:
    portion: list[_Case] = []
    cost = 0
    for whole in cases:
        for case in _pieces(whole):
            if portion and cost + case.cost > limits.EVALUATIONS_TOGETHER:
                yield portion
                portion, cost = [], 0
            portion.append(case)
            cost += case.cost
    if portion:
        yield portion


def _pieces(case: _Case) -> Iterator[_Case]:
    several = max(1, limits.EVALUATIONS_TOGETHER // (len(case.parts) + 3))
    for first in range(0, len(case.clocks), several):
        yield replace(case, clocks=case.clocks[first : first + several])


def _of_parts(case: _Case, places: Mapping[str, str], changes: Changes) -> Mapping[str, Line]:
    """What is said of each part, by its field; what names no field is said of all."""
    if not changes:
        return _unknown(case, "its `violation` is no set of objects")
    if not places:
        return {"": list(changes)}
    found: dict[str, Line] = {part: [] for part in case.parts}
    for at, rows in changes:
        by_part: dict[str, set[Row]] = {part: set() for part in case.parts}
        for path, image, reason, said in rows:
            for part in [places[path]] if path in places else case.parts:
                by_part[part].add(("", image, reason, said))
        for part, its in by_part.items():
            line = found[part]
            # Of two hundred images all are said again where one of them turns.
            if not line or line[-1][1] != its:
                line.append((at, frozenset(its) if its else _NOTHING))
    return found


def _at_all(line: Line, clocks: Sequence[int]) -> Iterator[tuple[int, Rows]]:
    """What is said at each of the clocks, and not only where it begins."""
    said = dict(line)
    rows: Rows = frozenset()
    for clock in clocks:
        rows = said.get(clock, rows)
        yield clock, rows


def _joined(line: Line) -> Line:
    """In order, without what is said again; the same reason in other words stays, as it may be that of a later turn."""
    found: Line = []
    for at, rows in sorted(line, key=lambda each: each[0]):
        if not found or found[-1][1] != rows:
            found.append((at, rows))
    return found


def _unknown(case: _Case, sentence: str) -> Mapping[str, Line]:
    return _said(case, NOT_EVALUATED, sentence)


def _said(case: _Case, reason: str, sentence: str) -> Mapping[str, Line]:
    return {part: [(case.clocks[0], frozenset({("", "", str(reason), sentence)}))] for part in case.parts}
