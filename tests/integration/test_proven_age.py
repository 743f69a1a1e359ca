"""MaximumImageAge by proved time: the very template, by the engine that Gatekeeper has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from gatekeeper.evaluation import case_facts
from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator
from gatekeeper.evaluation.facts import RecordedFacts
from gatekeeper.evaluation.program import StubAnswers, Template
from gatekeeper.own.cooldown import Cooldown
from gatekeeper.own.maximum_image_age import KIND, MaximumImageAge
from gatekeeper.own.proven_time import LogSource, ProvenanceSource
from gatekeeper.own.signer import Signer
from gatekeeper.policy.model import Identity
from gatekeeper.translation.translate import Translation
from provider.golang import rfc3339
from provider.questions.proof_question import Format, Key, Keyless, LogName, TrustRootName, Verify
from tests.engine import engine
from tests.gator.case import pod as pod_of
from tests.simulators.signing import Signer as Pair
from tests.simulators.signing import new_key

pytestmark = pytest.mark.integration

IMAGE = "registry.test/app:1"
NOW = "2026-03-01T00:00:00Z"
EPOCH = "1970-01-01T00:00:00Z"
BUILDER = "https://builder.example.com/release"
BUNDLES = Verify(keyless=Keyless(TrustRootName("ours")), format=Format.BUNDLE)
BUILDERS = ProvenanceSource(
    (Signer("builder", BUNDLES, (Identity(issuer="https://issuer.test", subject="builder@example.test"),)),),
    ("https://builder.example.com/*",),
)
BY_BUILDER = {"by": "builder", "issuer": "https://issuer.test", "subjects": ["builder@example.test"]}
ANYBODY = LogSource((Signer("anybody", replace(BUNDLES, format=Format.ANY)),))
KEY = Verify(key=Key(Pair(new_key()).public_pem), log=LogName("https://log.test"))
BY_PROVENANCE = MaximumImageAge(dates=("provenance",), provenance=BUILDERS)
BY_LOG = MaximumImageAge(dates=("config", "log"), log=ANYBODY)
BY_ALL = MaximumImageAge(dates=("config", "provenance", "log"), provenance=BUILDERS, log=ANYBODY)
COOLED_BY_LOG = MaximumImageAge("", cooldown=Cooldown("7d", "log"), log=ANYBODY)
COOLED_BY_PROVENANCE = MaximumImageAge("", cooldown=Cooldown("7d", "provenance"), provenance=BUILDERS)


def provenance(started: Any = None, finished: Any = None, builder: str = BUILDER, **more: Any) -> dict[str, Any]:
    """By a builder, in version 1."""
    times = {"startedOn": started, "finishedOn": finished}
    metadata = {name: each for name, each in times.items() if each is not None}
    predicate = {"runDetails": {"builder": {"id": builder}, "metadata": metadata}}
    return {**BY_BUILDER, "type": "slsaprovenance1", "predicate": predicate, **more}


def older_provenance(started: str, finished: str) -> dict[str, Any]:
    """The same in version 0.2."""
    metadata = {"buildStartedOn": started, "buildFinishedOn": finished}
    return {**BY_BUILDER, "type": "slsaprovenance02", "predicate": {"builder": {"id": BUILDER}, "metadata": metadata}}


def at(*moments: str, source: str = "log") -> list[dict[str, str]]:
    return [{"source": source, "at": each} for each in moments]


def signed(*moments: str, source: str = "log") -> dict[str, Any]:
    return {"by": "anybody", "times": at(*moments, source=source)}


@dataclass(frozen=True)
class Case:
    """An image's facts, and what is said of it: a part of the message; nothing where it is admitted."""

    name: str
    policy: MaximumImageAge
    facts: dict[str, Any]
    said: str = ""
    also: str = ""


CASES = [
    Case(
        "epoch with young provenance",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance("2026-02-26T00:00:00Z", "2026-02-26T00:10:00Z")]},
    ),
    Case(
        "provenance in version 0.2",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [older_provenance("2026-02-26T00:00:00Z", "2026-02-26T00:10:00Z")]},
    ),
    Case(
        "provenance that says only when it was finished",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance(finished="2026-02-26T00:10:00Z")]},
    ),
    Case(
        "old provenance",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance("2026-01-20T00:00:00Z", "2026-01-20T00:10:00Z")]},
        "Image is 40 days old, 30 days are allowed (by provenance 2026-01-20T00:00:00Z, best before 2026-02-19).",
    ),
    Case(
        "another builder",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance("2026-02-26T00:00:00Z", builder="https://evil.example.com/x")]},
        "Image has no date of a source that counts (provenance).",
        "provenance by another builder (https://evil.example.com/x)",
    ),
    Case(
        "a builder one directory further down",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [provenance("2026-02-26T00:00:00Z", builder=BUILDER + "/eve")]},
        "(ImageUndated",
        "provenance by another builder",
    ),
    Case(
        "a stranger's provenance",
        BY_PROVENANCE,
        {"created": EPOCH, "attested": [{**provenance("2026-02-26T00:00:00Z"), "subjects": ["eve@example.test"]}]},
        "(ImageUndated",
        "provenance by a stranger (eve@example.test)",
    ),
    Case(
        "no provenance", BY_PROVENANCE, {"created": EPOCH, "attested": []}, "(ImageUndated", "no provenance by builder"
    ),
]


def answers(policy: MaximumImageAge, facts: dict[str, Any], keys: Any) -> StubAnswers:
    constraints = policy.constraints()
    translation = Translation(policy.name, KIND.template(), constraints)
    known = {"signed": [], "attested": [], **facts}
    source = RecordedFacts({IMAGE: case_facts.completed(IMAGE, known)}).named([translation])
    return source.answers(keys)


def judged(cases: list[Case]) -> dict[str, list[str]]:
    """What the Constraint that denies says in each case."""
    found = {}
    template = Template.of(KIND.template())
    for case in cases:
        deny, _ = case.policy.constraints()
        review = ConstraintReview(template, deny["spec"]["parameters"], request(IMAGE), rfc3339.created_ns(NOW) or 0)
        evaluation = Evaluator(engine()).evaluate(
            [review], lambda keys, case=case: answers(case.policy, case.facts, keys)
        )
        found[case.name] = [violation.msg for violation in evaluation.violations[0]]
    return found


def request(image: str) -> dict[str, Any]:
    return {
        "uid": "1",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "operation": "CREATE",
        "namespace": "shop",
        "userInfo": {"username": "alice"},
        "object": pod_of(image),
        "oldObject": None,
    }


@pytest.fixture(scope="module")
def verdicts() -> dict[str, list[str]]:
    return judged(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_case_comes_out_as_told(verdicts: dict[str, list[str]], case: Case) -> None:
    messages = verdicts[case.name]
    assert len(messages) == (1 if case.said else 0), messages
    assert all(case.said in message and case.also in message for message in messages), messages
