"""The cases of a suite: judged, and compared with what they expect.

A case can hold for the wrong reason, and would then say nothing: facts are missing, nobody asked for them, or a call is
one that a cluster does not answer. Each of these is a problem of the case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Final

from gatekeeper.documents.product import PATHS
from gatekeeper.evaluation.evaluator import CaseBatch, ConstraintReview, Evaluation, Evaluator, ProviderCall, Violation
from gatekeeper.evaluation.facts import RecordedFacts
from gatekeeper.evaluation.image_pods import images_of
from gatekeeper.evaluation.opa import Engine, EvaluationError, NoVerdictError
from gatekeeper.evaluation.program import INVENTORY_NOTE, Template
from gatekeeper.evaluation.review import Review
from gatekeeper.evaluation.suite import SuiteCase
from gatekeeper.translation.tokens import tokens
from gatekeeper.translation.translate import Translation
from provider.errors import BestbeforeError
from provider.questions import question
from provider.questions.config_paths import ConfigPaths
from provider.questions.question import FactQuestion, Question
from provider.reasons import Reason

_CALL: Final = "external_data"
_DATED: Final = "created"
# So many cases are judged by one run of opa: reading the templates takes longer than a dozen cases do.
_TOGETHER: Final = 32
# What an authority asks somebody to prove.
_ASKS: Final = frozenset({"verify", "attestor"})


@dataclass(frozen=True)
class Trial:
    """One Constraint over one object, and what came of it."""

    made: Mapping[str, Any]
    document: Mapping[str, Any]
    template: Template
    review: Review
    violations: tuple[Violation, ...]
    calls: tuple[ProviderCall, ...]
    covered: frozenset[str] | None

    @property
    def name(self) -> str:
        """Kind and name of the Constraint."""
        return f"{self.made.get('kind', '')} {self.made.get('metadata', {}).get('name', '')}"

    @property
    def action(self) -> str:
        """What the Constraint does: `deny`, `warn` or `dryrun`."""
        return str(self.made["spec"]["enforcementAction"])

    @property
    def needs_facts(self) -> bool:
        """Whether it cannot judge an image without asking."""
        parameters = self.made["spec"]["parameters"]
        if isinstance(parameters.get("authorities"), list):
            rego = parameters.get("rego") or {}
            return bool(rego.get("fetchConfigFile")) or any(_ASKS & each.keys() for each in parameters["authorities"])
        return self.calls_provider

    @property
    def calls_provider(self) -> bool:
        """Whether its Rego holds a call of `external_data`."""
        return any(map(_calls_provider, (self.template.main, *self.template.libs)))

    @property
    def says_scope(self) -> bool:
        """Whether its template says which images it covers; an image that it does not cover needs no question."""
        return self.covered is not None


@dataclass(frozen=True)
class CaseRun:
    """What came of a case.

    Attributes:
        trials: each Constraint over each object.
        evaluation: what was asked and answered.
        problems: what is wrong with the outcome; empty when it is as expected.
        notes: what the case does not show, whatever came of it.
    """

    trials: Sequence[Trial]
    evaluation: Evaluation
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


def runs(
    cases: Sequence[SuiteCase], translations: Sequence[Translation], engine: Engine
) -> Iterator[tuple[SuiteCase, CaseRun | EvaluationError | NoVerdictError]]:
    """Judge the cases of a suite, many of them by one run of opa, and compare what is said with what they expect.

    Where one of them spoils such a run, each is judged by itself, and the one has its own error.
    """
    for first in range(0, len(cases), _TOGETHER):
        together = cases[first : first + _TOGETHER]
        try:
            found: Sequence[CaseRun | EvaluationError | NoVerdictError] = _runs(together, translations, engine)
        except (EvaluationError, NoVerdictError):
            found = [_alone(case, translations, engine) for case in together]
        yield from zip(together, found, strict=True)


def _alone(
    case: SuiteCase, translations: Sequence[Translation], engine: Engine
) -> CaseRun | EvaluationError | NoVerdictError:
    try:
        return _runs([case], translations, engine)[0]
    except (EvaluationError, NoVerdictError) as error:
        return error


def _runs(cases: Sequence[SuiteCase], translations: Sequence[Translation], engine: Engine) -> list[CaseRun]:
    parts = [_CaseParts.of(case, translations) for case in cases]
    evaluations = Evaluator(engine).evaluate_all([each.batch for each in parts])
    return [each.compared(evaluation) for each, evaluation in zip(parts, evaluations, strict=True)]


@dataclass(frozen=True)
class _CaseParts:
    """What a case is judged with: its facts, and each Constraint over each of its objects."""

    case: SuiteCase
    facts: RecordedFacts
    pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any], Template, Review]]
    batch: CaseBatch

    @classmethod
    def of(cls, case: SuiteCase, translations: Sequence[Translation]) -> _CaseParts:
        facts = RecordedFacts(case.facts).named(translations)
        pairs = [
            (made, each.template, Template.of(each.template), review)
            for review in case.reviews
            for each in translations
            for made in each.constraints
        ]
        reviews = [
            ConstraintReview(template, made["spec"]["parameters"], review.to_json(), case.now)
            for made, _, template, review in pairs
        ]
        at_hand = facts.at_hand(reviews, [text for review in case.reviews for text in review.texts])
        return cls(case, facts, pairs, CaseBatch(reviews, facts.answers, at_hand))

    def compared(self, evaluation: Evaluation) -> CaseRun:
        """What came of it, beside what the case expects."""
        results = zip(self.pairs, evaluation.violations, evaluation.calls, evaluation.images, strict=True)
        trials = [Trial(*each, violations, calls, covered) for each, violations, calls, covered in results]
        said = [(trial.action, each.msg) for trial in trials for each in trial.violations]
        problems = (
            *_call_problems(evaluation),
            *_fact_problems(self.case, self.facts, evaluation),
            *_date_problems(self.case, trials, evaluation),
            *_silence_problems(self.case, trials, evaluation),
            *_outcome_problems(self.case, said),
        )
        return CaseRun(trials, evaluation, problems, (*self.case.passed_over, *_notes(trials)))


def _notes(trials: Sequence[Trial]) -> Iterator[str]:
    for name in dict.fromkeys(trial.name for trial in trials if trial.template.reads_inventory):
        yield f"{name}: {INVENTORY_NOTE}"


def _call_problems(evaluation: Evaluation) -> Iterator[str]:
    """Calls that a cluster does not answer."""
    for call in dict.fromkeys(call for calls in evaluation.calls for call in calls):
        if call.problem:
            yield f"{_CALL} is called as no cluster answers it, and is undefined: {call.problem}"
        elif call.provider not in PATHS:
            known = ", ".join(PATHS)
            yield f"{_CALL} names the Provider {call.provider!r}, of which a suite knows nothing; it knows {known}"


def _fact_problems(case: SuiteCase, facts: RecordedFacts, evaluation: Evaluation) -> Iterator[str]:
    """Facts that are missing, or misspelt: an image without its facts is denied, for the wrong reason."""
    asked = _questions(evaluation)
    images = dict.fromkeys(each.image for each in asked.values() if each is not None)
    for key in (key for key, each in asked.items() if each is None):
        yield f"the key {key!r} is no question that the provider answers"
    for image in images:
        if image not in case.facts:
            yield f"no facts of {image} are given; of an image that is not there, say {{reason: NotFound}}"
    for image in case.own_facts - images.keys():
        yield f"the case has facts of {image}, but nothing was asked about it"
    yield from facts.unknown_signers(case.facts)


def _date_problems(case: SuiteCase, trials: Sequence[Trial], evaluation: Evaluation) -> Iterator[str]:
    """Images whose date a policy reads, and of which the facts do not say whether they have one."""
    read = {each.image for each in _questions(evaluation).values() if each is not None and _reads_date(each)}
    missed = {
        str(violation.details.get("image", ""))
        for trial in trials
        for violation in trial.violations
        if violation.details.get("reason") == Reason.IMAGE_UNDATED
    }
    for image in sorted(case.undated & (read | missed)):
        yield (
            f"a policy looks at the date of {image}, and its facts say none: write `created: TIME`, or `created: null` "
            "for an image without a date"
        )


def _silence_problems(case: SuiteCase, trials: Sequence[Trial], evaluation: Evaluation) -> Iterator[str]:
    """Cases that say nothing, because no template looked at what they are about."""
    asked = any(call.keys or call.problem for calls in evaluation.calls for call in calls)
    if case.asked is False:
        if asked:
            yield f"expected that nothing is asked, got {', '.join(evaluation.keys)}"
        return
    if not trials:
        yield "nothing was judged: there is no Constraint"
        return
    unseen = [
        review for review in case.reviews if not any(_looked(trial) for trial in trials if trial.review is review)
    ]
    for review in unseen:
        yield f"{review.title} is not judged: {review.unjudged or 'no policy looks at such an object'}"
    needy = [trial for trial in trials if trial.needs_facts and trial.review not in unseen]
    if asked or not needy:
        return
    known = sorted({image for review in case.reviews for image in images_of(review.object)} & case.facts.keys())
    if known or not all(trial.says_scope for trial in needy):
        about = ", ".join(known) or "any image"
        yield f"nothing was asked about {about}, so no fact was judged; if that is right, say `asked: false`"


def _looked(trial: Trial) -> bool:
    """Whether a template looked at an object, as far as one can tell: it has images, or something came of it."""
    known = not trial.review.unjudged or (trial.covered is None and not trial.calls_provider)
    return known or bool(trial.violations) or any(call.keys or call.problem for call in trial.calls)


def _outcome_problems(case: SuiteCase, said: Sequence[tuple[str, str]]) -> Iterator[str]:
    shown = [message for action, message in said if action in {"deny", "warn"}]
    verdict = _verdict({action for action, _ in said})
    if verdict != case.verdict:
        yield f"expected {case.verdict}, got {verdict}: {'; '.join(shown) or 'nothing was said'}"
    for text in case.messages:
        if not any(text in each for each in shown):
            yield f"expected a message with {text!r}, got {'; '.join(shown) or 'none'}"


def _verdict(actions: set[str]) -> str:
    if "deny" in actions:
        return "denied"
    return "warned" if "warn" in actions else "allowed"


def _questions(evaluation: Evaluation) -> Mapping[str, Question | None]:
    """What the keys ask; None for what is no question."""
    return {key: _question(key) for key in evaluation.keys}


def _question(key: str) -> Question | None:
    try:
        return question.parse(key)
    except BestbeforeError:
        return None


def _reads_date(asked: Question) -> bool:
    if not isinstance(asked, FactQuestion) or not isinstance(asked.config, ConfigPaths):
        return False
    return any(path[:1] == (_DATED,) for path in asked.config.paths)


@cache
def _calls_provider(text: str) -> bool:
    """Whether a Rego text calls `external_data`; comments and texts do not count."""
    if _CALL not in text:
        return False
    return any(word.text == _CALL and after.text == "(" for word, after in pairwise(tokens(text)))
