"""Writes what stands in policies/signed-images and is made from other files.

Hand-written are cases.yaml, with the parameters of the Constraints, cip.yaml, bestbefore-test.yaml, samples/ and
README.md but for its table of parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gatekeeper.evaluation.facts import RecordedFacts
from gatekeeper.evaluation.program import Recorded
from gatekeeper.evaluation.standalone import Answers, variant
from gatekeeper.policy.model import Identity
from gatekeeper.translation import signed_images
from gatekeeper.translation.maximum_image_age import Exemption
from gatekeeper.translation.rendering import render
from gatekeeper.translation.signed_images import SignedImages, Signer, SigningRule
from gatekeeper.translation.signed_images_schema import signed_images_schema
from gatekeeper.translation.translate import Translation
from provider.questions import proof_question
from provider.questions.question import ProofQuestion, key_of
from scripts.policy_cases import HEADER, Case, everywhere, nanoseconds, read_case, review, suite_test, with_parameters

_ACTIONS = ("deny", "warn")


@dataclass(frozen=True)
class Cases:
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
    cases: tuple[Case, ...]

    def recorded(self) -> Recorded:
        """What the provider answers to every question that the Constraints could ask."""
        pair = signed_images.constraints(self.policy)
        facts = RecordedFacts(self.images).named([Translation(self.policy.name, {}, pair)])
        asked = {signer.verify for rule in self.policy.rules for signer in rule.signers}
        return facts.answers(sorted(key_of(ProofQuestion(image, verify)) for image in self.images for verify in asked))


def read_cases(folder: Path) -> Cases:
    """Read the cases of the policy."""
    content = yaml.safe_load((folder / "cases.yaml").read_text(encoding="utf-8"))
    return Cases(
        now=nanoseconds(content["now"]),
        policy=_settings(content["parameters"]),
        images=content["images"],
        cases=tuple(read_case(folder, entry) for entry in content["cases"]),
    )


def files(folder: Path) -> dict[Path, str]:
    """Every file that is made from others, with its text."""
    cases = read_cases(folder)
    template = signed_images.template_document()
    pair = signed_images.constraints(cases.policy)
    recorded = cases.recorded()
    answers = Answers(cases.now, recorded.values, recorded.errors, recorded.system_error)
    made = {
        "template.yaml": render([template]),
        "constraint.yaml": render(pair),
        "suite.yaml": render([_suite(folder.name, cases)]),
        "suite/template.yaml": render([variant(template, answers)]),
        **{
            f"suite/constraint-{action}.yaml": render([everywhere(each)])
            for action, each in zip(_ACTIONS, pair, strict=True)
        },
        "suite/constraint-invalid.yaml": render([_invalid(cases.policy)]),
        **{f"suite/case-{case.slug}.yaml": render([review(case)]) for case in cases.cases},
    }
    readme = folder / "README.md"
    page = with_parameters(readme.read_text(encoding="utf-8"), signed_images_schema()["properties"])
    return {**{folder / name: HEADER + text for name, text in made.items()}, readme: page}


def _suite(name: str, cases: Cases) -> dict[str, Any]:
    return {
        "apiVersion": "test.gatekeeper.sh/v1alpha1",
        "kind": "Suite",
        "metadata": {"name": name},
        "tests": [
            *(
                suite_test(
                    f"the Constraint whose action is {action}", "template", f"constraint-{action}", action, cases.cases
                )
                for action in _ACTIONS
            ),
            {
                "name": "a quorum of nobody",
                "template": "suite/template.yaml",
                "constraint": "suite/constraint-invalid.yaml",
                "invalid": True,
            },
        ],
    }


def _invalid(policy: SignedImages) -> dict[str, Any]:
    document, _ = signed_images.constraints(policy)
    document["metadata"]["name"] = "invalid"
    document["spec"]["parameters"]["rules"][0]["quorum"] = 0
    return document


def _settings(given: Mapping[str, Any]) -> SignedImages:
    return SignedImages(
        rules=tuple(_rule(each) for each in given["rules"]),
        unmatched=given["unmatched"],
        digest=given["digest"],
        exemptions=tuple(Exemption(**each) for each in given["exemptions"]),
    )


def _rule(given: Mapping[str, Any]) -> SigningRule:
    globs = tuple(each["glob"] for each in given["images"])
    return SigningRule(globs, tuple(_signer(each) for each in given["signers"]), given["quorum"])


def _signer(given: Mapping[str, Any]) -> Signer:
    identities = tuple(
        Identity(
            issuer=each.get("issuer", ""),
            subject=each.get("subject", ""),
            issuer_reg_exp=each.get("issuerRegExp", ""),
            subject_reg_exp=each.get("subjectRegExp", ""),
        )
        for each in given.get("identities", ())
    )
    return Signer(given["name"], proof_question.read(given["verify"]), identities)
