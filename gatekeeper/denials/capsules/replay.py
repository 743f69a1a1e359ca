"""A capsule judged again: the same sentence, another one, or none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gatekeeper.denials import limits
from gatekeeper.denials.capsules import object_reads
from gatekeeper.denials.capsules.capsule import Capsule, CapsulePolicy
from gatekeeper.denials.capsules.object_reads import Path
from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator
from gatekeeper.evaluation.opa import Engine
from gatekeeper.evaluation.program import StubAnswers
from gatekeeper.translation.object_paths import ANY
from provider.foreign_text import shown
from provider.questions import question

_EXPANSION: Final = re.compile(r"\[Implied by [^\]]*\] ")
_NAMED: Final = 3


class CapsuleIncompleteError(Exception):
    """Something is not in the capsule that the verdict needs.

    Attributes:
        reasons: a sentence for each thing, without its full stop.
    """

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


@dataclass(frozen=True)
class Replay:
    """What came out.

    Attributes:
        then: the sentence of the denial.
        sentences: what the policy says of the image now; none where it admits it.
    """

    then: str
    sentences: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether it is the same sentence, in one of the policy's violations."""
        return self.then in self.sentences


def replay(capsule: Capsule, engine: Engine, now: int | None = None, policy: CapsulePolicy | None = None) -> Replay:
    """Judge a capsule's image again.

    Args:
        capsule: a whole one.
        engine: evaluates the policy.
        now: another time, nanoseconds since 1970.
        policy: another policy.

    Raises:
        CapsuleIncompleteError: something is not in the capsule.
        EvaluationError: OPA refused the policy's text.
        NoVerdictError: no engine, or it did not finish.
    """
    if capsule.lacks:
        raise CapsuleIncompleteError([lack.why for lack in capsule.lacks])
    judge = policy or capsule.policy
    if judge is None:
        raise CapsuleIncompleteError(["the policy is not in the capsule"])
    if unread := _not_held(capsule, judge):
        raise CapsuleIncompleteError(unread)
    case = ConstraintReview(judge.template, judge.parameters, capsule.review, capsule.clock if now is None else now)
    answers = _Answers(capsule)
    evaluation = Evaluator(engine).evaluate([case], answers, capsule.stub())
    found = [each.msg for each in evaluation.violations[0] if each.details.get("path") == capsule.path]
    return Replay(plain(capsule.sentence), tuple(map(plain, found)))


def plain(sentence: str) -> str:
    """A sentence as a deny line has it, without the mark of an expanded workload."""
    return shown(_EXPANSION.sub("", sentence, count=1), limits.MESSAGE_CHARACTERS)


def _not_held(capsule: Capsule, policy: CapsulePolicy) -> list[str]:
    """What the policy reads of the object, and the capsule does not hold."""
    reviewed = capsule.review.get("object")
    kind = str(reviewed.get("kind", "")) if isinstance(reviewed, Mapping) else ""
    reads = object_reads.of(policy.template, policy.parameters, kind)
    held = (*capsule.holds, *object_reads.always(kind))
    missing = [path for path in reads.paths if not any(_covers(one, path) for one in held)]
    return [f"the policy reads {'.'.join(path)} of the object, which the capsule does not hold" for path in missing]


def _covers(held: Path, path: Path) -> bool:
    steps = zip(held, path, strict=False)
    return len(held) <= len(path) and all(one in (ANY, other) for one, other in steps)


@dataclass(frozen=True)
class _Answers:
    """Answers of a capsule to what is asked beside values and durable errors."""

    capsule: Capsule

    def __call__(self, keys: Sequence[str]) -> StubAnswers:
        strange = [key for key in keys if key not in self.capsule.answers]
        if strange:
            raise CapsuleIncompleteError([_unanswered(key) for key in strange[:_NAMED]])
        return StubAnswers({}, {})


def _unanswered(key: str) -> str:
    return f"the capsule has no answer to the question {question.ref(key)}: {shown(key)}"
