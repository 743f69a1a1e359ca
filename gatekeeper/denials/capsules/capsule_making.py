"""Makes the capsule of a denial: of its deny line, the policy, the object, and answers that are asked for again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gatekeeper.denials.capsules import answer_part, object_part, object_reads, replay, review_object
from gatekeeper.denials.capsules.capsule import Capsule, CapsulePolicy, Fields, Lack, Part, answers_of
from gatekeeper.denials.capsules.past_answers import Asker, PastAnswers
from gatekeeper.denials.capsules.review_object import ObjectMismatchError
from gatekeeper.denials.lines.violation import AdmissionViolation, TemplateDetails
from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator
from gatekeeper.evaluation.opa import Engine
from gatekeeper.evaluation.program import StubAnswers

_NANOSECONDS: Final = 1_000_000_000
_SYSTEM: Final = "system:"


class NoCapsuleError(Exception):
    """No capsule can be made of a denial: nobody knows what was asked about which image."""


@dataclass(frozen=True)
class Evidence:
    """What is known of a denial beside its line.

    Attributes:
        policy: what judged; None where nobody has it.
        object: what was denied, or the workload that makes it; None where nobody has it.
    """

    policy: CapsulePolicy | None = None
    object: Mapping[str, Any] | None = None


def make(violation: AdmissionViolation, evidence: Evidence, ask: Asker, engine: Engine) -> Capsule:
    """The capsule of a denial; what it lacks stands in it.

    Args:
        violation: one of our templates', with its question.
        evidence: the policy and the object.
        ask: answers keys as the provider does.
        engine: evaluates the policy.

    Raises:
        NoCapsuleError: the denial names no question.
        EvaluationError: OPA refuses the policy's text.
        NoVerdictError: no engine, or it did not finish.
    """
    said = violation.judgement
    if said is None or not said.question:
        raise NoCapsuleError("the denial does not say what was asked about its image, so no capsule can be made of it")
    lacks: list[Lack] = [*_without_policy(violation, evidence), *_without_time(violation)]
    empty = Capsule(
        sentence=violation.message,
        constraint=violation.constraint,
        image=said.image,
        path=said.path,
        ref=said.ref,
        clock=int(violation.time * _NANOSECONDS),
        opa=engine.version(),
        review={},
        policy=evidence.policy,
    )
    reviewed = _with_review(empty, violation, evidence, lacks)
    answered = _with_answers(reviewed, said, _as_of_then(said, ask), engine, lacks)
    capsule = replace(answered, lacks=tuple(lacks))
    return capsule if lacks else _tried(capsule, engine)


def _without_policy(violation: AdmissionViolation, evidence: Evidence) -> Iterator[Lack]:
    constraint = violation.constraint
    if evidence.policy is None:
        yield Lack(Part.POLICY, f"the policy is not known: give {constraint.kind} {constraint.name} by --policy")


def _without_time(violation: AdmissionViolation) -> Iterator[Lack]:
    if not violation.time:
        yield Lack(
            Part.TIME, "the log does not say when it was: `kubectl logs --timestamps` writes a time before each line"
        )


def _with_review(capsule: Capsule, violation: AdmissionViolation, evidence: Evidence, lacks: list[Lack]) -> Capsule:
    kind = review_object.kind(violation)
    policy = evidence.policy
    reads = object_reads.of(policy.template, policy.parameters, kind) if policy else object_reads.ObjectReads()
    try:
        given = evidence.object
        whole = review_object.imagined(violation) if given is None else review_object.given(violation, given)
    except ObjectMismatchError as error:
        lacks.append(Lack(Part.OBJECT, str(error)))
        return replace(capsule, review=_review(violation, {}))
    if given is None and not reads.nothing:
        lacks.append(Lack(Part.OBJECT, f"the policy reads more of the object than its images: {_wanted(violation)}"))
    part = object_part.of(whole, {*reads.paths, *object_reads.always(kind)})
    lacks += [
        Lack(Part.FIELD, f"the policy reads {path} of the object, which a capsule never holds")
        for path in part.withheld
    ]
    return replace(capsule, review=_review(violation, part.value), holds=reads.paths)


def _with_answers(capsule: Capsule, said: TemplateDetails, ask: Asker, engine: Engine, lacks: list[Lack]) -> Capsule:
    asked, stub = _asked(capsule, ask, engine)
    if said.question not in asked:
        if capsule.policy is not None and capsule.review["object"]:
            lacks.append(Lack(Part.POLICY, f"the policy that was given does not ask what was asked: {said.question}"))
        asked, stub = [*asked, said.question], stub.with_more(ask([said.question]))
    parts = {key: answer_part.of(key, answer) for key, answer in answers_of(asked, stub).items()}
    lacks += [
        Lack(Part.FIELD, f"the policy reads {name} of the image configuration, which a capsule never holds")
        for name in sorted({name for part in parts.values() for name in part.withheld})
    ]
    lacks += _moved(said, parts[said.question].value if said.question in parts else {})
    left_out = sorted({name for part in parts.values() for name in part.left_out})
    return replace(capsule, answers={key: part.value for key, part in parts.items()}, left_out=tuple(left_out))


def _asked(capsule: Capsule, ask: Asker, engine: Engine) -> tuple[Sequence[str], StubAnswers]:
    """What the policy asks, and the answers."""
    policy = capsule.policy
    if policy is None:
        return (), StubAnswers({}, {})
    case = ConstraintReview(policy.template, policy.parameters, capsule.review, capsule.clock)
    evaluation = Evaluator(engine).evaluate([case], ask)
    return evaluation.keys, evaluation.answers


def _as_of_then(said: TemplateDetails, ask: Asker) -> Asker:
    """Answers as they were: where the image's tag names another digest now, by the digest that it had."""
    now = str(ask([said.question]).fact(said.question).get("digest", ""))
    return PastAnswers(ask, said.image, said.digest) if said.digest and now and now != said.digest else ask


def _moved(said: TemplateDetails, answer: Fields) -> list[Lack]:
    """Where the answer is another than it was: what the tag named is gone."""
    value = answer.get("value", {})
    now = str(value.get("digest", ""))
    if said.digest and not now:
        return [Lack(Part.ANSWER, f"nothing is known of {said.image} now, of which something was when it was denied")]
    if said.digest and now != said.digest:
        return [Lack(Part.ANSWER, f"{said.image} is {now} now, and was {said.digest} when it was denied")]
    return []


def _tried(capsule: Capsule, engine: Engine) -> Capsule:
    """The capsule; where its replay does not give the sentence of the denial, that is missing."""
    found = replay.replay(capsule, engine)
    if found.same:
        return capsule
    now = found.sentences[0] if found.sentences else f"nothing against {capsule.image}"
    why = f"with all that could be had, the policy does not say what it said, but: {now}"
    return replace(capsule, lacks=(Lack(Part.SENTENCE, why),))


def _review(violation: AdmissionViolation, held: Mapping[str, Any]) -> dict[str, Any]:
    """What the template was given, as Gatekeeper makes it of a request; a person has no name."""
    resource, request = violation.resource, violation.request
    expanded = review_object.is_expanded(violation)
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    review: dict[str, Any] = {
        "kind": {"group": "", "version": "v1", "kind": "Pod"} if expanded else kind,
        "operation": (request.operation if request else "") or "CREATE",
        "uid": request.uid if request else "",
        "name": held.get("metadata", {}).get("name", ""),
        "namespace": resource.namespace,
        "userInfo": {} if expanded else {"username": _user(violation.username)},
        "object": dict(held),
        "oldObject": None,
    }
    if request and request.dry_run is not None:
        review["dryRun"] = request.dry_run
    if request and request.subresource:
        review["subResource"] = request.subresource
    return review


def _user(username: str) -> str:
    return username if not username or username.startswith(_SYSTEM) else "person"


def _wanted(violation: AdmissionViolation) -> str:
    said, resource = violation.judgement, violation.resource
    owner = said.owner if said else None
    name = f"{owner.kind} {owner.name}" if owner else f"{resource.kind} {resource.name}"
    return f"give the manifest of {name} by --resource, or let it be read from the cluster"
