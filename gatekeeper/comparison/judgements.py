"""What runs, judged as if it were made now, by the templates and Constraints that are in the cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gatekeeper.comparison import limits
from gatekeeper.comparison.constraints import GeneratedConstraint
from gatekeeper.comparison.running import RunningPod, RunningPods
from gatekeeper.evaluation import mutation
from gatekeeper.evaluation.check_result import CheckResult
from gatekeeper.evaluation.checker import check
from gatekeeper.evaluation.facts import LiveFacts
from gatekeeper.evaluation.finding import Finding
from gatekeeper.evaluation.matching import Matcher, Selection
from gatekeeper.evaluation.opa import Engine, EvaluationError, NoVerdictError
from gatekeeper.evaluation.review import Review
from gatekeeper.translation.translate import Translation


@dataclass(frozen=True)
class RunningDenial:
    """What a policy has against something that runs.

    Attributes:
        pod: that runs.
        finding: what the policy says.
    """

    pod: RunningPod
    finding: Finding


@dataclass(frozen=True)
class RunningJudgement:
    """What came of it.

    Attributes:
        judged: how many distinct Pods were judged.
        denials: what would be denied if it were made anew.
        warnings: how many findings would only warn.
        unanswered: reasons for which nobody can say anything of an image, by image.
        problems: what could not be judged, a sentence each.
    """

    judged: int = 0
    denials: Sequence[RunningDenial] = ()
    warnings: int = 0
    unanswered: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[str] = ()


def judge(  # noqa: PLR0913, PLR0917 - what a verdict is made of
    running: RunningPods,
    constraints: Sequence[GeneratedConstraint],
    facts: LiveFacts,
    engine: Engine,
    now: int,
    step: Callable[[], None],
) -> RunningJudgement:
    """Judge what runs.

    Args:
        running: what runs; tags are taken for the digests that they name now, as mutation does.
        constraints: by which it is judged.
        facts: answers the templates' questions.
        engine: the real opa.
        now: nanoseconds since 1970.
        step: is called for each Pod.
    """
    if not constraints:
        return RunningJudgement()
    policies = len({each.policy for each in constraints})
    chosen = running.distinct[: max(1, limits.JUDGEMENTS // policies)]
    judge = _Judge([each.translation() for each in constraints], Matcher(running.namespaces), facts, engine, now, step)
    size = max(1, limits.JUDGEMENTS_TOGETHER // policies)
    for first in range(0, len(chosen), size):
        judge.take(chosen[first : first + size])
    if judge.left:
        judge.problems.append(f"{judge.left} distinct Pods were not judged: too many others could not be")
    if left := len(running.distinct) - len(chosen):
        judge.problems.append(f"{left} distinct Pods were not judged: {limits.JUDGEMENTS} judgements are at most")
    return _judgement(judge)


@dataclass
class _Judge:
    """Judges portions, and keeps what came of them."""

    translations: Sequence[Translation]
    matcher: Matcher
    facts: LiveFacts
    engine: Engine
    now: int
    step: Callable[[], None]
    judged: int = 0
    failed: int = 0
    left: int = 0
    findings: list[RunningDenial] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def take(self, portion: Sequence[RunningPod]) -> None:
        """Judge some Pods; where that takes too long, half of them and then the others."""
        if self.failed >= limits.FAILED_RUNS:
            self.left += len(portion)
            return
        reviews = mutation.pinned([each.review for each in portion], self.facts)
        pods = dict(zip(map(id, reviews), portion, strict=True))
        try:
            result = check(self.translations, reviews, self.facts, self.engine, self.now, _selection(self.matcher))
        except (EvaluationError, NoVerdictError) as error:
            self.failed += 1
            if len(portion) > 1:
                middle = len(portion) // 2
                self.take(portion[:middle])
                self.take(portion[middle:])
            else:
                self.problems.append(f"{_title(portion[0])} could not be judged: {error}")
            return
        self.judged += len(portion)
        self.findings += _found(result, pods)
        for _ in portion:
            self.step()


def _title(pod: RunningPod) -> str:
    return f"{pod.workload.kind} {pod.workload.namespace}/{pod.workload.name}"


def _selection(matcher: Matcher) -> Callable[[Translation, Mapping[str, Any], Review], Selection]:
    def select(_translation: Translation, made: Mapping[str, Any], review: Review) -> Selection:
        return matcher.select(made, review)

    return select


def _found(result: CheckResult, pods: Mapping[int, RunningPod]) -> Iterator[RunningDenial]:
    for each in result.judgements:
        for finding in each.findings:
            yield RunningDenial(pods[id(each.review)], finding)


def _judgement(judge: _Judge) -> RunningJudgement:
    unanswered = {each.finding.image: each.finding.unanswered for each in judge.findings if each.finding.undecided}
    decided = [each for each in judge.findings if not each.finding.undecided]
    return RunningJudgement(
        judge.judged,
        [each for each in decided if each.finding.action == "deny"],
        sum(each.finding.action == "warn" for each in decided),
        unanswered,
        judge.problems,
    )
