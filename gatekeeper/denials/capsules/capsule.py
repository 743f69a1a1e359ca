"""A capsule: one denial with all that decided it, so that it can be judged again anywhere, without a cluster.

What a Pod is started with (`env`, `args`, `command`) and annotations are never in it. A capsule lists what it lacks,
and one that lacks something is not replayed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from gatekeeper.denials.capsules.object_reads import Path
from gatekeeper.denials.lines.violation import ConstraintName
from gatekeeper.evaluation.program import StubAnswers, Template
from provider.questions import question

Fields: TypeAlias = Mapping[str, Any]


class Part(StrEnum):
    """A part of a capsule that may be missing."""

    POLICY = "policy"
    OBJECT = "object"
    FIELD = "field"
    TIME = "time"
    ANSWER = "answer"
    SENTENCE = "sentence"


@dataclass(frozen=True)
class Lack:
    """What a capsule has not.

    Attributes:
        part: which part.
        why: a sentence without its full stop, which names it.
    """

    part: Part
    why: str


@dataclass(frozen=True)
class CapsulePolicy:
    """What judged.

    Attributes:
        constraint: the Constraint.
        template: the template of its kind.
        parameters: the Constraint's parameters.
    """

    constraint: ConstraintName
    template: Template
    parameters: Fields

    @property
    def digest(self) -> str:
        """Of the template's texts: the same template has the same one wherever it stands."""
        return digest_of(template_fields(self.template))


@dataclass(frozen=True)
class Capsule:
    """A denial, and all that decided it.

    Attributes:
        sentence: what Gatekeeper said.
        constraint: whose denial it is.
        image: as the object has it.
        path: of the image in the object.
        ref: the short name of the question.
        clock: when it was, nanoseconds since 1970; 0 where nobody says.
        opa: the version of OPA that Gatekeeper has.
        review: what the template was given, as far as the capsule holds it.
        holds: the places of the object that the review has, beside those that every review has.
        answers: what the provider says, by key: `{"value": …}`, `{"error": "Reason: …"}` or `{"passing": {…}}`.
        policy: what judged; None where it is missing.
        lacks: what is missing; without it there is no replay.
        left_out: places that were left out though a policy might read them, `config.Env of the image configuration`.
    """

    sentence: str
    constraint: ConstraintName
    image: str
    path: str
    ref: str
    clock: int
    opa: str
    review: Fields
    holds: tuple[Path, ...] = ()
    answers: Mapping[str, Fields] = field(default_factory=dict)
    policy: CapsulePolicy | None = None
    lacks: tuple[Lack, ...] = ()
    left_out: tuple[str, ...] = ()

    def stub(self) -> StubAnswers:
        """The answers as an evaluation takes them."""
        answers = self.answers.items()
        passing = {question.ref(key): each["passing"] for key, each in answers if "passing" in each}
        return StubAnswers(
            {key: each["value"] for key, each in answers if "value" in each},
            {key: each["error"] for key, each in answers if "error" in each},
            json.dumps(passing) if passing else "",
        )


def answers_of(asked: Sequence[str], stub: StubAnswers) -> dict[str, Fields]:
    """What was said of each key, in the form of a capsule."""
    passing = stub.passing()
    found: dict[str, Fields] = {}
    for key in asked:
        if key in stub.values:
            found[key] = {"value": stub.values[key]}
        elif key in stub.errors:
            found[key] = {"error": stub.errors[key]}
        elif question.ref(key) in passing:
            found[key] = {"passing": passing[question.ref(key)]}
    return found


def template_fields(template: Template) -> dict[str, Any]:
    """A template's texts as JSON."""
    language = "v1" if template.v1 else "v0"
    return {"kind": template.kind, "language": language, "rego": template.main, "libs": list(template.libs)}


def canonical(value: Any) -> bytes:  # noqa: ANN401 - any JSON
    """The one form of a JSON value that digests are of: sorted keys, no space, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def digest_of(value: Any) -> str:  # noqa: ANN401 - any JSON
    """`sha256:…` of a JSON value's canonical form."""
    return f"sha256:{hashlib.sha256(canonical(value)).hexdigest()}"
