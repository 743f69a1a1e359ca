"""The cases of SignedImages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gatekeeper.evaluation.facts import RecordedFacts
from gatekeeper.evaluation.program import StubAnswers
from gatekeeper.evaluation.standalone import Answers, variant
from gatekeeper.own.attesting_rule import AttestingRule
from gatekeeper.own.signed_images import KIND, SignedImages, SigningRule
from gatekeeper.translation.translate import Translation
from provider.questions import attestation_question
from provider.questions.proof_question import Verify
from provider.questions.question import ProofQuestion, key_of
from scripts import policies, signed_images
from tests import quick_yaml
from tests.gator import suite
from tests.gator.case import AdmissionCase, nanoseconds, read_case

FOLDER = policies.POLICIES / "signed-images"


@dataclass(frozen=True)
class SignerCases:
    """What cases.yaml holds.

    Attributes:
        now: the time of all cases, nanoseconds since 1970.
        policy: the settings of the pair of Constraints.
        images: who signed them, as in a suite of `bestbefore test`.
        cases: in the order of the file.
    """

    now: int
    policy: SignedImages
    images: Mapping[str, Mapping[str, Any]]
    cases: tuple[AdmissionCase, ...]

    def recorded(self) -> StubAnswers:
        """What the provider answers to every question that the Constraints could ask."""
        pair = self.policy.constraints()
        facts = RecordedFacts(self.images).named([Translation(self.policy.name, {}, pair)])
        asked = {verify for rule in self.policy.rules for verify in _asked(rule)}
        return facts.answers(sorted(key_of(ProofQuestion(image, verify)) for image in self.images for verify in asked))


def _asked(rule: SigningRule | AttestingRule) -> Iterator[Verify]:
    """What a rule asks of each image that it covers."""
    if isinstance(rule, SigningRule):
        yield from (signer.verify for signer in rule.signers)
        return
    for entry in rule.attestations:
        read = [list(entry.age.at)] if entry.age is not None else []
        wish = attestation_question.read({"predicateType": entry.predicate_type, "statement": read})
        yield from (replace(signer.verify, attestation=wish) for signer in entry.signers)


def read_cases(folder: Path) -> SignerCases:
    """Read the cases of the policy."""
    content = quick_yaml.load((folder / "cases.yaml").read_text(encoding="utf-8"))
    return SignerCases(
        now=nanoseconds(content["now"]),
        policy=signed_images.settings(content["parameters"]),
        images=content["images"],
        cases=tuple(read_case(folder, entry) for entry in content["cases"]),
    )


def verify(folder: Path, cases: SignerCases) -> None:
    """Let gator judge the cases."""
    deny, warn = (suite.everywhere(each) for each in cases.policy.constraints())
    recorded = cases.recorded()
    answers = Answers(cases.now, recorded.values, recorded.errors, recorded.system_error)
    rule = {**deny["spec"]["parameters"]["rules"][0], "quorum": 0}
    tests = [
        suite.suite_test("the Constraint that denies", "template", "deny", "deny", cases.cases),
        suite.suite_test("the Constraint that warns", "template", "warn", "warn", cases.cases),
        suite.refused("a quorum of nobody", "template", "invalid"),
    ]
    objects = {
        "template": variant(KIND.template(), answers),
        "deny": deny,
        "warn": warn,
        "invalid": {**deny, "metadata": {"name": "invalid"}, "spec": {"parameters": {"rules": [rule]}}},
        **suite.reviews(cases.cases),
    }
    suite.verify(folder, suite.document(FOLDER.name, tests), objects)
