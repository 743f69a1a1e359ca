"""The verdict that a cluster would give, without a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.evaluation.evaluator import Case, Evaluator, Violation
from gatekeeper.evaluation.facts import FactSource
from gatekeeper.evaluation.opa import Engine
from gatekeeper.evaluation.program import Recorded, Template
from gatekeeper.evaluation.review import Review
from gatekeeper.translation.translate import Translation
from provider.questions import question
from provider.questions.question import ProofQuestion
from provider.reasons import Reason

# Denials that say nothing of the image: to let a CI job take them for a verdict would be wrong both ways.
NO_VERDICT: Final = frozenset(
    {
        Reason.TIMEOUT,
        Reason.REGISTRY_UNAVAILABLE,
        Reason.THROTTLED,
        Reason.OVERLOADED,
        Reason.QUESTION_UNSUPPORTED,
        Reason.PROVIDER_UNAVAILABLE,
        Reason.INTERNAL,
    }
)


@dataclass(frozen=True)
class Finding:
    """What one policy has against one object.

    Attributes:
        policy: name of the policy; empty for images that no policy covers.
        action: `deny` or `warn`.
        review: title of the object, empty without one.
        violation: what the template said.
        file: the file that the object came from; empty where there is none.
    """

    policy: str
    action: str
    review: str
    violation: Violation
    file: str = ""

    @property
    def reason(self) -> str:
        """Its reason code."""
        return str(self.violation.details.get("reason", ""))

    @property
    def undecided(self) -> bool:
        """Whether it says nothing of the image, only that the facts could not be had."""
        return self.reason in NO_VERDICT and self.violation.details.get("stage") != "authorities"


@dataclass(frozen=True)
class Outcome:
    """The result of a check.

    Attributes:
        findings: everything that a policy has against an object.
        facts: by image as asked: the value, or `{"reason", "message"}`; and `signatures`, a list with the answer to
            each question about them: `{"proofs": …}`, or `{"reason", "message"}`.
        judged: pairs of policy and review title that were evaluated.
    """

    findings: tuple[Finding, ...]
    facts: Mapping[str, Mapping[str, Any]]
    judged: tuple[tuple[str, str], ...]

    @property
    def errors(self) -> tuple[str, ...]:
        """What denies."""
        return tuple(each.violation.msg for each in self.findings if each.action == "deny")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What warns."""
        return tuple(each.violation.msg for each in self.findings if each.action != "deny")

    @property
    def allowed(self) -> bool:
        """Whether the cluster would admit."""
        return not self.errors

    @property
    def undecided(self) -> str:
        """The reason why there is no verdict; empty where there is one.

        One denial that is about the image is a verdict, whatever else could not be found out. So is a signature that
        nobody could be asked for: an authority that does not vouch for an image denies it, as in policy-controller.
        """
        denials = [each for each in self.findings if each.action == "deny"]
        if denials and all(each.undecided for each in denials):
            return denials[0].reason
        return ""


def check(
    translations: Sequence[Translation], reviews: Sequence[Review], facts: FactSource, engine: Engine, now: int
) -> Outcome:
    """Judge reviews by translated policies.

    Args:
        translations: the policies, and the one for images that none covers where that is wanted.
        reviews: what to judge; all of them name images of their own, or none does.
        facts: answers the policies' questions.
        engine: the real opa.
        now: the time to judge by, nanoseconds since 1970.

    Raises:
        EvaluationError: opa refuses a text.
        NoVerdictError: no opa, or it did not finish.
    """
    evaluator = Evaluator(engine, _images(reviews))
    judged = [(each, made, review) for review in reviews for each in translations for made in each.constraints]
    cases = [
        Case(Template.of(each.template), made["spec"]["parameters"], review.to_json(), now)
        for each, made, review in judged
    ]
    if not cases:
        return Outcome((), {}, ())
    keys = evaluator.questions(cases)
    recorded = facts.answers(keys)
    violations = evaluator.violations(cases, recorded)
    findings = [
        Finding(each.policy, made["spec"]["enforcementAction"], review.title, violation, review.file)
        for (each, made, review), found in zip(judged, violations, strict=True)
        for violation in found
    ]
    return Outcome(
        tuple(findings),
        _facts(keys, recorded),
        tuple(dict.fromkeys((each.policy, review.title) for each, _, review in judged)),
    )


def _images(reviews: Sequence[Review]) -> list[dict[str, str]] | None:
    overridden = [review.overridden() for review in reviews]
    return overridden[0] if overridden else None


def _facts(keys: Sequence[str], recorded: Recorded) -> dict[str, Mapping[str, Any]]:
    """What was learnt of each image: its facts, and beside them what was proved about its signatures."""
    found: dict[str, dict[str, Any]] = {}
    for key in keys:
        asked = question.parse(key)
        fact = recorded.fact(key)
        entry = found.setdefault(asked.image, {})
        if isinstance(asked, ProofQuestion):
            entry.setdefault("signatures", []).append({**fact, "ref": question.ref(key)})
        else:
            entry.update(fact)
    return dict(found)
