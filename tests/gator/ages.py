"""The cases of MaximumImageAge."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gatekeeper.evaluation.standalone import Answers, variant
from gatekeeper.own.exemption import Exemption
from gatekeeper.own.maximum_image_age import KIND, MaximumImageAge
from provider.questions.answer import Facts, PlatformFacts
from provider.questions.question import FactQuestion, key_of, ref
from scripts import policies
from tests import quick_yaml
from tests.gator import suite
from tests.gator.case import AdmissionCase, nanoseconds, read_case

FOLDER = policies.POLICIES / "maximum-image-age"


@dataclass(frozen=True)
class AgeCases:
    """What cases.yaml holds.

    Attributes:
        now: the time of all cases, nanoseconds since 1970.
        policy: the settings of the pair of Constraints.
        values: what the provider answers, by image.
        errors: what it cannot answer, by image.
        cases: in the order of the file.
    """

    now: int
    policy: MaximumImageAge
    values: Mapping[str, Facts]
    errors: Mapping[str, str]
    cases: tuple[AdmissionCase, ...]


def read_cases(folder: Path) -> AgeCases:
    """Read the cases of a policy."""
    content = quick_yaml.load((folder / "cases.yaml").read_text(encoding="utf-8"))
    return AgeCases(
        now=nanoseconds(content["now"]),
        policy=_settings(content["parameters"]),
        values={image: _facts(image, platforms) for image, platforms in content["images"].items()},
        errors=content["errors"],
        cases=tuple(read_case(folder, entry) for entry in content["cases"]),
    )


def answers(cases: AgeCases, *, config: bool) -> dict[str, Any]:
    """The provider's answers by image, to questions with or without the configuration."""
    return {
        image: _answer(facts, key_of(FactQuestion(image, config)), config=config)
        for image, facts in cases.values.items()
    }


def verify(folder: Path, cases: AgeCases) -> None:
    """Let gator judge the cases by the policy, and by its ClusterImagePolicy as it is translated."""
    deny, warn = cases.policy.constraints()
    literal, enforcing, *_ = policies.translated(FOLDER)
    invalid = {**deny, "metadata": {"name": "invalid"}, "spec": {"parameters": {"maxAge": "30 days"}}}
    tests = [
        suite.suite_test("the Constraint that denies", "template", "deny", "deny", cases.cases),
        suite.suite_test("the Constraint that warns", "template", "warn", "warn", cases.cases),
        suite.refused("a duration that is none", "template", "invalid"),
        suite.suite_test("the translated policy", "literal", "literal-constraint", "translated", cases.cases),
    ]
    objects = {
        "template": variant(KIND.template(), Answers(cases.now, answers(cases, config=False), cases.errors)),
        "deny": deny,
        "warn": warn,
        "invalid": invalid,
        "literal": variant(literal, Answers(cases.now, answers(cases, config=True), cases.errors)),
        "literal-constraint": suite.everywhere(enforcing),
        **suite.reviews(cases.cases),
    }
    suite.verify(folder, suite.document(FOLDER.name, tests), objects)


def _settings(given: Mapping[str, Any]) -> MaximumImageAge:
    return MaximumImageAge(
        max_age=given["maxAge"],
        unknown_age=given["unknownAge"],
        reschedule=given["reschedule"],
        grace=given["grace"],
        controllers=tuple(given["controllers"]),
        exemptions=tuple(Exemption(**each) for each in given["exemptions"]),
        namespaces={},
    )


def _facts(image: str, platforms: Mapping[str, str | None]) -> Facts:
    digest = "sha256:" + hashlib.sha256(image.encode()).hexdigest()
    found = {
        name: PlatformFacts(digest, created, None if created is None else nanoseconds(created))
        for name, created in platforms.items()
    }
    oldest = min(found.values(), key=lambda each: each.created_ns or 0)
    repository = image.partition("@")[0].rpartition(":")[0]
    return Facts(image, digest, f"{repository}@{digest}", oldest.created, oldest.created_ns, found)


def _answer(facts: Facts, key: str, *, config: bool) -> dict[str, Any]:
    value = facts.to_json(ref(key))
    if config:
        dates = {name: each.created for name, each in facts.platforms.items()}
        value["config"] = {name: {"created": date} if date else {} for name, date in dates.items()}
    return value
