"""SignedImages, the very template, by the engine that Gatekeeper has."""

from dataclasses import replace

import pytest

from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator
from gatekeeper.evaluation.facts import RecordedFacts
from gatekeeper.evaluation.program import NOTHING, StubAnswers, Template
from gatekeeper.own.attesting_rule import AttestingRule, RequiredAttestation, StatementAge
from gatekeeper.own.signed_images import KIND, SignedImages
from gatekeeper.translation.translate import Translation
from tests.engine import engine
from tests.gator import signers

pytestmark = pytest.mark.integration

CASES = signers.read_cases(signers.FOLDER)
WHO = ("deny", "warn")


def judged(requests, recorded, policy=CASES.policy):
    """The messages of both Constraints about each request: pairs (deny, warn)."""
    template = Template.of(KIND.template())
    parameters = [document["spec"]["parameters"] for document in policy.constraints()]
    cases = [ConstraintReview(template, each, request, CASES.now) for request in requests for each in parameters]
    found = [[violation.msg for violation in each] for each in Evaluator(engine()).violations(cases, recorded)]
    return list(zip(found[::2], found[1::2], strict=True))


def requests():
    """As Gatekeeper hands them over: of a deletion, the object is what was."""
    found = [case.request() for case in CASES.cases]
    return [{**each, "object": each["object"] or each["oldObject"]} for each in found]


@pytest.fixture(scope="module")
def said():
    found = judged(requests(), CASES.recorded())
    return {
        (case.name, who): messages
        for case, pair in zip(CASES.cases, found, strict=True)
        for who, messages in zip(WHO, pair, strict=True)
    }


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("case", CASES.cases, ids=lambda case: case.slug)
def test_case_comes_out_as_told(said, case, who):
    messages = said[case.name, who]
    expected = case.expected.get(who, "")
    assert len(messages) == (1 if expected else 0), messages
    assert all(expected in message for message in messages), messages


def test_gator_agrees(tmp_path):
    signers.verify(tmp_path, CASES)


def test_every_image_has_its_questions_in_one_call():
    template = Template.of(KIND.template())
    deny, _ = CASES.policy.constraints()
    cases = [ConstraintReview(template, deny["spec"]["parameters"], request, CASES.now) for request in requests()]
    asked = Evaluator(engine()).questions(cases)
    recorded = CASES.recorded()
    known = {*recorded.values, *recorded.errors}
    # What the generator thinks is asked, letter by letter.
    assert known <= set(asked)


def test_answers_to_nothing_admit_nothing_that_is_judged():
    expected = {case.name for case in CASES.cases if case.expected}
    covered = {"a signed image", "a Deployment keeps its tag", "both signers of two", "a recent scan"}
    found = judged(requests(), NOTHING)
    denied = {case.name for case, (messages, _) in zip(CASES.cases, found, strict=True) if messages}
    assert denied == expected | covered


def test_proofs_of_another_question_are_none():
    recorded = CASES.recorded()
    crossed = StubAnswers({key + " ": value for key, value in recorded.values.items()}, {}, recorded.system_error)
    ((denied, _), *_) = judged(requests(), crossed)
    assert "ProviderUnavailable" in denied[0]


def test_softer_settings_warn_by_the_twin():
    policy = replace(CASES.policy, unmatched="warn", digest="warn")
    found = dict(zip([case.name for case in CASES.cases], judged(requests(), CASES.recorded(), policy), strict=True))
    for name in ("an image that no rule covers", "a Pod with a tag that was not pinned"):
        denied, warned = found[name]
        assert denied == []
        assert len(warned) == 1


def test_every_denial_is_one_line():
    for denied, warned in judged(requests(), CASES.recorded()):
        for message in (*denied, *warned):
            assert message.isprintable(), message


SCANNED = RequiredAttestation(
    "scan",
    "https://cosign.sigstore.dev/attestation/vuln/v1",
    (CASES.policy.rules[1].signers[1],),
    age=StatementAge(("predicate", "metadata", "scanFinishedOn"), "7d"),
)
LEDGER = "registry.example.com/payments/ledger:2.0@sha256:" + "ff777205" * 8


def of_attested(*attested, left=dict):
    """What the Constraint that denies says of a Pod with the ledger, of which this is attested."""
    policy = SignedImages((AttestingRule(("registry.example.com/payments/**",), (SCANNED,)),))
    deny, _ = policy.constraints()
    template = Template.of(KIND.template())
    pod = {"kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "a", "image": LEDGER}]}}
    review = {"operation": "CREATE", "uid": "1", "namespace": "shop", "kind": {"kind": "Pod"}, "object": pod}
    cases = [ConstraintReview(template, left(deny["spec"]["parameters"]), review, CASES.now)]
    facts = RecordedFacts({LEDGER: {"attested": list(attested)}}).named([Translation("p", {}, (deny,))])
    asked = Evaluator(engine()).questions(cases)
    ((*found,),) = Evaluator(engine()).violations(cases, facts.answers(sorted(asked)))
    return [each.msg for each in found]


def scan(finished, **fields):
    predicate = {"metadata": {"scanFinishedOn": finished}}
    return {"by": "release", "type": SCANNED.predicate_type, "predicate": predicate, **fields}


def test_attestation_that_is_required_is_judged_by_the_very_template():
    assert of_attested(scan("2026-02-15T00:00:00Z")) == []
    (old,) = of_attested(scan("2026-02-01T00:00:00Z"))
    assert old.startswith(
        "Image has no good attestation scan by release (AttestationRejected); 1 of 1 signers needed. "
        f"spec.containers[0].image {LEDGER} (AttestationRejected, ref "
    )
    assert "release: predicate.metadata.scanFinishedOn is 15 days ago, and at most 7d are allowed" in old
    (none,) = of_attested()
    assert "attestation scan by release (AttestationAbsent)" in none
    (other,) = of_attested(scan("2026-02-15T00:00:00Z", type="https://example.test/other/v1"))
    assert "(AttestationAbsent)" in other


def test_rule_whose_attestations_an_older_definition_left_out_admits_nothing():
    def left_out(parameters):
        (rule,) = parameters["rules"]
        return {**parameters, "rules": [{"images": rule["images"]}]}

    (said,) = of_attested(scan("2026-02-15T00:00:00Z"), left=left_out)
    assert "(ParametersInvalid)" in said
