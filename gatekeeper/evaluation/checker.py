"""The verdict that a cluster would give, without a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatekeeper.documents.product import PATHS
from gatekeeper.evaluation import recorded_config
from gatekeeper.evaluation.check_result import CheckResult, Judgement, Omission
from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator, ProviderCall, Violation
from gatekeeper.evaluation.facts import FactSource
from gatekeeper.evaluation.finding import Finding
from gatekeeper.evaluation.matching import Selection
from gatekeeper.evaluation.opa import Engine
from gatekeeper.evaluation.program import INVENTORY_NOTE, StubAnswers, Template
from gatekeeper.evaluation.review import Review
from gatekeeper.translation.constraint import takes_waivers
from gatekeeper.translation.translate import Translation
from provider import limits
from provider.errors import QuestionError
from provider.questions import question
from provider.questions.question import ProofQuestion
from provider.reasons import Reason

Select = Callable[[Translation, Mapping[str, Any], Review], Selection]
"""What a Constraint of a policy looks at of an object."""


@dataclass(frozen=True)
class Pair:
    """A Constraint and an object.

    Attributes:
        policy: name of the policy.
        template: the template of the Constraint's kind.
        constraint: the Constraint.
        review: the object as it was given.
        selection: what the Constraint looks at of it.
    """

    policy: str
    template: Template
    constraint: Mapping[str, Any]
    review: Review
    selection: Selection

    @property
    def reads_clock(self) -> bool:
        """Whether its verdict may be another one at another time."""
        return self.template.reads_clock or takes_waivers(self.constraint)

    def at(self, now: int) -> ConstraintReview:
        """The case to evaluate at a time, nanoseconds since 1970."""
        looked_at = self.selection.review or self.review
        return ConstraintReview(self.template, self.constraint["spec"]["parameters"], looked_at.to_json(), now)

    def judgement(
        self,
        violations: Sequence[Violation],
        images: frozenset[str] | None,
        calls: Sequence[ProviderCall],
        answers: StubAnswers,
    ) -> Judgement:
        """What the policy says of the object, by what its template said of the case, and what it asked."""
        unanswerable = _unanswerable(calls, said=bool(violations))
        if unanswerable:
            return Judgement(self.policy, self.review, frozenset(), reason=unanswerable)
        looked_at, action = self.selection.review or self.review, self.constraint["spec"]["enforcementAction"]
        found = tuple(
            Finding(
                self.policy,
                action,
                looked_at,
                each,
                unknown=each.details.get("image") in answers.unknown,
                unproved=each.details.get("image") in answers.unproved,
            )
            for each in (*violations, *_beyond_limit(calls))
        )
        made = (looked_at.subject.note,) if looked_at is not self.review and looked_at.subject.note else ()
        inventory = (INVENTORY_NOTE,) if self.template.reads_inventory else ()
        return Judgement(self.policy, self.review, images, found, notes=(*made, *self.selection.notes, *inventory))


def _beyond_limit(calls: Sequence[ProviderCall]) -> Iterator[Violation]:
    """What denies in a cluster because one call asks more than the provider answers in one request."""
    for count in (len(set(call.keys)) for call in calls):
        if count > limits.REQUEST_KEYS:
            said = f"The policy asks {count} questions at once; the provider answers {limits.REQUEST_KEYS} at most."
            yield Violation(said, {"reason": Reason.LIMIT_EXCEEDED, "said": said})


def _unanswerable(calls: Sequence[ProviderCall], *, said: bool) -> str:
    """Why what a template said is not what it says in a cluster, or says nothing; empty where it is.

    A call that Gatekeeper cannot read is undefined there too: a template that says nothing besides has not looked.
    """
    for call in calls:
        if not call.problem and call.provider not in PATHS:
            return f"it asks the Provider {call.provider}, of which nothing is known here"
    problems = [call.problem for call in calls if call.problem]
    return f"it calls external_data as no cluster answers it: {problems[0]}" if problems and not said else ""


def whole(_translation: Translation, _constraint: Mapping[str, Any], review: Review) -> Selection:
    """Every object: a translated policy selects by its own parameters."""
    return Selection(review)


def pairs(translations: Sequence[Translation], reviews: Sequence[Review], select: Select) -> list[Pair]:
    """Each Constraint with each object that can be judged, and with the Pod that it will make where that is another."""
    templates = {id(each): Template.of(each.template) for each in translations}
    return [
        Pair(each.policy, templates[id(each)], made, review, selection)
        for review in reviews
        if not review.unjudged
        for each in translations
        for made in each.constraints
        for selection in _selections(templates[id(each)], select(each, made, review))
    ]


def _selections(template: Template, found: Selection) -> Iterator[Selection]:
    yield found
    if found.pod is not None and not template.judges_workloads:
        yield Selection(found.pod)


def check(  # noqa: PLR0913, PLR0917 - what a verdict is made of
    translations: Sequence[Translation],
    reviews: Sequence[Review],
    facts: FactSource,
    engine: Engine,
    now: int,
    select: Select = whole,
    waivers: Sequence[Mapping[str, Any]] = (),
) -> CheckResult:
    """Judge reviews by translated policies.

    Args:
        translations: the policies, and the one for images that none covers where that is wanted.
        reviews: what to judge; all of them name images of their own, or none does.
        facts: answers the policies' questions.
        engine: the real opa.
        now: the time to judge by, nanoseconds since 1970.
        select: what each Constraint looks at.
        waivers: the Waiver objects of the cluster; see `Evaluator`.

    Raises:
        EvaluationError: opa refuses a text.
        NoVerdictError: no opa, or it did not finish.
    """
    unjudged = [_object(review) for review in reviews if review.unjudged]
    every = pairs(translations, reviews, select)
    selected = [each for each in every if each.selection.review is not None]
    if not every:
        return CheckResult(unjudged=tuple(unjudged))
    evaluator = Evaluator(engine, overridden(every), waivers)
    cases = [each.at(now) for each in selected]
    at_hand = facts.at_hand(cases, [text for each in selected for text in each.review.texts])
    found = evaluator.evaluate(cases, facts.answers, at_hand)
    said = dict(zip(map(id, selected), zip(found.violations, found.images, found.calls, strict=True), strict=True))
    judgements = _joined(
        each.judgement(*said[id(each)], found.answers)
        if id(each) in said
        else Judgement(each.policy, each.review, frozenset(), reason=each.selection.reason)
        for each in every
    )
    return CheckResult(judgements, _facts(found.keys, found.answers), (*unjudged, *_uncovered(judgements)))


def overridden(every: Sequence[Pair]) -> list[dict[str, str]] | None:
    """The images that stand in for those of the objects, where they do."""
    return every[0].review.overridden() if every else None


def _joined(judgements: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """The Constraints of one policy, which report each its own class, as one."""
    found: dict[tuple[str, int], Judgement] = {}
    for each in judgements:
        key = (each.policy, id(each.review))
        known = found.setdefault(key, each)
        if known is not each:
            # Of a workload and of its Pod a template may say the same.
            said = {(one.action, one.path, one.violation.msg) for one in known.findings}
            more = tuple(one for one in each.findings if (one.action, one.path, one.violation.msg) not in said)
            found[key] = Judgement(
                each.policy,
                each.review,
                None if known.images is None or each.images is None else known.images | each.images,
                known.findings + more,
                known.reason and each.reason,
                tuple(dict.fromkeys(known.notes + each.notes)),
            )
    return tuple(found.values())


def _uncovered(judgements: Sequence[Judgement]) -> Iterator[Omission]:
    """Images that no policy covers, and policies that cover no image."""
    by_review: dict[int, list[Judgement]] = {}
    for each in judgements:
        by_review.setdefault(id(each.review), []).append(each)
    for members in by_review.values():
        review = members[0].review
        if all(each.images is not None for each in members):
            covered = {text for each in members for text in each.images or ()}
            for text in dict.fromkeys(review.texts):
                if text not in covered:
                    yield Omission("image", text, "no policy covers it", review, review.file)
    useful = {each.policy for each in judgements if each.covers}
    reasons: dict[str, dict[str, None]] = {}
    for each in judgements:
        if each.policy and each.policy not in useful:
            reasons.setdefault(each.policy, {})[each.reason] = None
    for policy, (first, *others) in reasons.items():
        yield Omission("policy", policy, first if first and not others else "it covers none of these images")


def _object(review: Review) -> Omission:
    return Omission("object", review.title, review.unjudged, review, review.file)


def _facts(keys: Sequence[str], recorded: StubAnswers) -> dict[str, Mapping[str, Any]]:
    """What was learnt of each image: its facts, and beside them what was proved about its signatures."""
    found: dict[str, dict[str, Any]] = {}
    for key in keys:
        try:
            asked = question.parse(key)
        except QuestionError:
            # A template of somebody else asks what it likes.
            continue
        fact = recorded.fact(key)
        entry = found.setdefault(asked.image, {})
        if isinstance(asked, ProofQuestion):
            entry.setdefault("signatures", []).append({**fact, "ref": question.ref(key)})
        else:
            found[asked.image] = recorded_config.record(asked, fact, entry)
    return dict(found)
