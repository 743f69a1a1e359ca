#!/usr/bin/env python3
"""Writes what stands in policies/ and is made from other files: templates, Constraints, translations, suites for gator.

usage: scripts/policies.py [--check]

Hand-written are cip.yaml, bestbefore-test.yaml, cases.yaml, samples/ and README.md but for its table of parameters.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from gatekeeper.evaluation.standalone import Answers, variant
from gatekeeper.policy import load_policies
from gatekeeper.translation import maximum_image_age
from gatekeeper.translation.age_schema import age_schema
from gatekeeper.translation.maximum_image_age import Exemption, MaximumImageAge
from gatekeeper.translation.rendering import render
from gatekeeper.translation.translate import objects, translate
from provider.questions.answer import Facts, PlatformFacts
from provider.questions.question import FactQuestion, key_of, ref
from scripts import signed_images
from scripts.policy_cases import HEADER, Case, everywhere, nanoseconds, read_case, review, suite_test, with_parameters

POLICIES: Final = Path(__file__).parents[1] / "policies"
FOLDER: Final = POLICIES / "maximum-image-age"


@dataclass(frozen=True)
class Cases:
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
    cases: tuple[Case, ...]


def read_cases(folder: Path) -> Cases:
    """Read the cases of a policy."""
    content = yaml.safe_load((folder / "cases.yaml").read_text(encoding="utf-8"))
    return Cases(
        now=nanoseconds(content["now"]),
        policy=_settings(content["parameters"]),
        values={image: _facts(image, platforms) for image, platforms in content["images"].items()},
        errors=content["errors"],
        cases=tuple(read_case(folder, entry) for entry in content["cases"]),
    )


def answers(cases: Cases, *, config: bool) -> dict[str, Any]:
    """The provider's answers by image, to questions with or without the configuration."""
    return {
        image: _answer(facts, key_of(FactQuestion(image, config)), config=config)
        for image, facts in cases.values.items()
    }


def translated(folder: Path) -> tuple[Mapping[str, Any], ...]:
    """What the folder's ClusterImagePolicy becomes: a template, and its Constraints."""
    return objects(translate(load_policies([folder / "cip.yaml"]).policies))


def translated_files(folder: Path) -> dict[Path, str]:
    """What is made of the ClusterImagePolicies of a folder, with its text."""
    made = translated(folder)
    templates = [each for each in made if each["kind"] == "ConstraintTemplate"]
    constraints = [each for each in made if each["kind"] != "ConstraintTemplate"]
    return {
        folder / "translated" / "template.yaml": HEADER + render(templates),
        folder / "translated" / "constraint.yaml": HEADER + render(constraints),
    }


def files(folder: Path) -> dict[Path, str]:
    """Every file of MaximumImageAge that is made from others, with its text."""
    cases = read_cases(folder)
    template = maximum_image_age.template_document()
    pair = maximum_image_age.constraints(MaximumImageAge())
    literal, *enforcing = translated(folder)
    made = {
        "template.yaml": render([template]),
        "constraint.yaml": render(pair),
        "suite.yaml": render([_suite(cases)]),
        **{f"suite/{name}.yaml": text for name, text in _suite_files(cases, template, literal, enforcing[0])},
    }
    written = {folder / name: HEADER + text for name, text in made.items()}
    readme = folder / "README.md"
    return {**written, readme: with_parameters(readme.read_text(encoding="utf-8"), age_schema()["properties"])}


def _suite_files(
    cases: Cases, template: Mapping[str, Any], literal: Mapping[str, Any], enforcing: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    yield "template", render([variant(template, Answers(cases.now, answers(cases, config=False), cases.errors))])
    for action, document in zip(("deny", "warn"), maximum_image_age.constraints(cases.policy), strict=True):
        yield f"constraint-{action}", render([document])
    yield "constraint-invalid", render([_invalid(cases.policy)])
    with_config = Answers(cases.now, answers(cases, config=True), cases.errors)
    yield "translated-template", render([variant(literal, with_config)])
    yield "translated-constraint", render([everywhere(enforcing)])
    for case in cases.cases:
        yield f"case-{case.slug}", render([review(case)])


def _suite(cases: Cases) -> dict[str, Any]:
    return {
        "apiVersion": "test.gatekeeper.sh/v1alpha1",
        "kind": "Suite",
        "metadata": {"name": FOLDER.name},
        "tests": [
            suite_test(
                "MaximumImageAge, the Constraint that denies", "template", "constraint-deny", "deny", cases.cases
            ),
            suite_test(
                "MaximumImageAge, the Constraint that warns", "template", "constraint-warn", "warn", cases.cases
            ),
            {
                "name": "a duration that is none",
                "template": "suite/template.yaml",
                "constraint": "suite/constraint-invalid.yaml",
                "invalid": True,
            },
            suite_test(
                "the translated ClusterImagePolicy",
                "translated-template",
                "translated-constraint",
                "translated",
                cases.cases,
            ),
        ],
    }


def _invalid(policy: MaximumImageAge) -> dict[str, Any]:
    document, _ = maximum_image_age.constraints(policy)
    document["metadata"]["name"] = "invalid"
    document["spec"]["parameters"]["maxAge"] = "30 days"
    return document


def _settings(given: Mapping[str, Any]) -> MaximumImageAge:
    return MaximumImageAge(
        max_age=given["maxAge"],
        unknown_age=given["unknownAge"],
        reschedule=given["reschedule"],
        grace=given["grace"],
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


def main(arguments: list[str]) -> int:
    """Write the files, or with --check say which differ.

    Returns:
        0; 1 if --check found a difference.
    """
    wanted = files(FOLDER) | signed_images.files(POLICIES / "signed-images")
    for cip in sorted(POLICIES.glob("*/cip.yaml")):
        wanted |= translated_files(cip.parent)
    stale = sorted(path for path in POLICIES.glob("*/suite/*") if path not in wanted)
    if "--check" in arguments:
        differing = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
        for path in [*differing, *stale]:
            sys.stderr.write(f"{path.relative_to(POLICIES.parent)} is not as scripts/policies.py writes it: run it\n")
        return 1 if differing or stale else 0
    for path in stale:
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
