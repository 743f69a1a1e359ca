"""Suites: what policies must say of images, written down as cases and run without a registry or a cluster.

A suite is a YAML file `bestbefore-test.yaml` beside the policies:

    policies: [cip.yaml]
    now: 2026-01-31T12:00:00Z
    facts: {registry.test/app:1: {created: 2026-01-01T00:00:00Z, signed: [{by: release-key}]}}
    cases:
      - name: an image of 29 days is admitted
        image: registry.test/app:1
        verdict: allowed
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gatekeeper.evaluation import signed
from gatekeeper.evaluation.checker import Outcome, check
from gatekeeper.evaluation.facts import FactsFileError, RecordedFacts
from gatekeeper.evaluation.opa import Engine
from gatekeeper.evaluation.review import Review, faults, read_reviews
from gatekeeper.policy.document import read_documents
from gatekeeper.policy.problems import PolicyError, Problem
from gatekeeper.translation.translate import Translation
from provider.errors import ImageError
from provider.golang import rfc3339
from provider.reasons import Reason
from provider.registry import reference

FILE_NAME: Final = "bestbefore-test.yaml"
VERDICTS: Final = ("allowed", "warned", "denied")

_SUITE_FIELDS: Final = frozenset({"policies", "configMaps", "templates", "facts", "now", "noMatch", "cases"})
_CASE_FIELDS: Final = frozenset({"name", "image", "images", "resource", "facts", "now", "verdict", "messages"})
_NO_MATCH: Final = ("deny", "warn", "allow")


@dataclass(frozen=True)
class Case:
    """One expectation.

    Attributes:
        name: a sentence that says what must hold.
        reviews: what is judged.
        facts: what is known of images, by reference, added to those of the suite.
        now: nanoseconds since 1970.
        verdict: `allowed` (without a warning), `warned` or `denied`.
        messages: texts that must stand in the errors or warnings, each in one of them.
    """

    name: str
    reviews: tuple[Review, ...]
    facts: Mapping[str, Mapping[str, Any]]
    now: int
    verdict: str
    messages: tuple[str, ...]


@dataclass(frozen=True)
class Suite:
    """Cases about a set of policies.

    Attributes:
        file: the suite's file.
        policies: files of ClusterImagePolicies.
        config_maps: files of ConfigMaps that these refer to.
        templates: files of ConstraintTemplates and Constraints, for policies that are no ClusterImagePolicies.
        no_match: `deny`, `warn` or `allow`.
        cases: in the order of the file.
    """

    file: Path
    policies: tuple[Path, ...]
    config_maps: tuple[Path, ...]
    templates: tuple[Path, ...]
    no_match: str
    cases: tuple[Case, ...]


def read(file: Path) -> Suite:
    """Read a suite.

    Raises:
        PolicyError: it cannot be used; every problem at once.
    """
    documents = read_documents([file])
    if len(documents) != 1:
        raise PolicyError([Problem("", f"expected one document, got {len(documents)}", file=str(file))])
    reader = _Reader(file, documents[0].value)
    suite = reader.suite()
    if reader.problems:
        raise PolicyError(reader.problems)
    return suite


def run(case: Case, translations: Sequence[Translation], engine: Engine) -> tuple[str, ...]:
    """What is wrong with the outcome of a case; empty when it is as expected.

    Raises:
        EvaluationError: opa refuses a text.
        NoVerdictError: no opa, or it did not finish.
    """
    facts = RecordedFacts(case.facts).named(translations)
    outcome = check(translations, case.reviews, facts, engine, case.now)
    verdict = _verdict(outcome)
    said = (*outcome.errors, *outcome.warnings)
    # Without its facts an image is denied, and a case that expects a denial would hold for the wrong reason.
    faults = [
        f"no facts of {image} are given; of an image that is not there, say {{reason: NotFound}}"
        for image in outcome.facts
        if image not in case.facts
    ]
    faults += [
        f"facts of {image}: signed by {name}, but no policy has such an authority or signer"
        for image, fact in case.facts.items()
        for name in signed.unknown(fact, facts.names)
    ]
    if verdict != case.verdict:
        faults.append(f"expected {case.verdict}, got {verdict}: {'; '.join(said) or 'nothing was said'}")
    faults += [
        f"expected a message with {text!r}, got {'; '.join(said) or 'none'}"
        for text in case.messages
        if not any(text in each for each in said)
    ]
    return tuple(faults)


def _verdict(outcome: Outcome) -> str:
    if not outcome.allowed:
        return "denied"
    return "warned" if outcome.warnings else "allowed"


class _Reader:
    """Reads a suite's document and gathers every problem with its path."""

    def __init__(self, file: Path, value: Mapping[str, Any]) -> None:
        self.file = file
        self.value = value
        self.problems: list[Problem] = []
        self.shared = self._facts(value, "")

    def suite(self) -> Suite:
        self._unknown(self.value, _SUITE_FIELDS, "")
        no_match = self._choice(self.value, "noMatch", _NO_MATCH, "", "allow")
        cases = self.value.get("cases")
        if not isinstance(cases, list) or not cases:
            self._problem("cases", "expected at least one case")
            cases = []
        policies, templates = self._files("policies"), self._files("templates")
        if not policies and not templates:
            self._problem("policies", "expected policies or templates to test")
        return Suite(
            self.file,
            policies,
            self._files("configMaps"),
            templates,
            no_match,
            tuple(self._case(case, f"cases[{index}]") for index, case in enumerate(cases)),
        )

    def _case(self, case: Any, path: str) -> Case:  # noqa: ANN401 - any YAML
        if not isinstance(case, dict):
            self._problem(path, "expected a case")
            case = {}
        self._unknown(case, _CASE_FIELDS, f"{path}.")
        name = case.get("name")
        if not isinstance(name, str) or not name:
            self._problem(f"{path}.name", "expected a sentence that says what must hold")
        return Case(
            str(name),
            self._reviews(case, path),
            {**self.shared, **self._facts(case, f"{path}.")},
            self._now(case, path),
            self._choice(case, "verdict", VERDICTS, f"{path}.", None),
            self._texts(case, "messages", f"{path}."),
        )

    def _reviews(self, case: Mapping[str, Any], path: str) -> tuple[Review, ...]:
        images = (*self._image(case, path), *self._texts(case, "images", f"{path}."))
        for image in images:
            self._reference(image, path)
        resource = case.get("resource")
        if resource is None and not images:
            self._problem(path, "nothing to judge: expected image, images or resource")
        if isinstance(resource, str):
            return self._objects(self.file.parent / resource, images)
        if isinstance(resource, dict):
            for fault in faults(resource):
                self._problem(f"{path}.resource.{fault.path}", fault.message)
            return (Review(resource, images or None),)
        if resource is not None:
            self._problem(f"{path}.resource", "expected an object, or a file of objects")
        return (Review(images=images or None),)

    def _image(self, case: Mapping[str, Any], path: str) -> tuple[str, ...]:
        image = case.get("image")
        if image is None:
            return ()
        if not isinstance(image, str):
            self._problem(f"{path}.image", "expected an image")
            return ()
        return (image,)

    def _reference(self, image: str, path: str) -> None:
        try:
            reference.parse(image)
        except ImageError as error:
            self._problem(path, error.message)

    def _objects(self, place: Path, images: tuple[str, ...]) -> tuple[Review, ...]:
        try:
            return tuple(read_reviews([place], images or None))
        except PolicyError as error:
            self.problems += error.problems
            return ()

    def _facts(self, holder: Mapping[str, Any], path: str) -> Mapping[str, Mapping[str, Any]]:
        facts = holder.get("facts") or {}
        if isinstance(facts, str):
            return self._recorded(self.file.parent / facts, f"{path}facts")
        if not isinstance(facts, dict) or not all(isinstance(fact, dict) for fact in facts.values()):
            self._problem(f"{path}facts", "expected a file of recorded facts, or facts by image")
            return {}
        for image, fact in facts.items():
            self._reason(fact, f"{path}facts.{image}")
            for place, sentence in signed.faults(fact):
                self._problem(f"{path}facts.{image}.{place}", sentence)
        return {image: _completed(image, fact) for image, fact in facts.items()}

    def _recorded(self, place: Path, path: str) -> Mapping[str, Mapping[str, Any]]:
        try:
            return RecordedFacts.read(place).images
        except FactsFileError as error:
            self._problem(path, str(error))
            return {}

    def _reason(self, fact: Mapping[str, Any], path: str) -> None:
        if "reason" in fact and fact["reason"] not in list(Reason):
            self._problem(f"{path}.reason", f"{fact['reason']!r} is no reason code")

    def _now(self, case: Mapping[str, Any], path: str) -> int:
        text = case.get("now", self.value.get("now"))
        moment = rfc3339.created_ns(text) if isinstance(text, str) else None
        if moment is None:
            self._problem(f"{path}.now", f"expected a time by RFC 3339 here or in the suite, got {text!r}")
        return moment or 0

    def _files(self, field: str) -> tuple[Path, ...]:
        return tuple(self.file.parent / text for text in self._texts(self.value, field, ""))

    def _texts(self, holder: Mapping[str, Any], field: str, path: str) -> tuple[str, ...]:
        texts = holder.get(field) or []
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            self._problem(f"{path}{field}", "expected a list of texts")
            return ()
        return tuple(texts)

    def _choice(
        self, holder: Mapping[str, Any], field: str, choices: Sequence[str], path: str, default: str | None
    ) -> str:
        value = holder.get(field, default)
        if value not in choices:
            self._problem(f"{path}{field}", f"expected one of {', '.join(choices)}, got {value!r}")
        return str(value)

    def _unknown(self, holder: Mapping[str, Any], known: frozenset[str], path: str) -> None:
        for name in holder.keys() - known:
            self._problem(f"{path}{name}", f"there is no such field; there are {', '.join(sorted(known))}")

    def _problem(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message, file=str(self.file)))


def _completed(image: str, fact: Mapping[str, Any]) -> Mapping[str, Any]:
    """A fact as the provider would send it, from the little that a case needs to say."""
    if "reason" in fact:
        return fact
    created = fact.get("created")
    nanoseconds = rfc3339.created_ns(created) if isinstance(created, str) else None
    dated = {
        "created": created,
        "createdNs": None if nanoseconds is None else str(nanoseconds),
        "createdFrom": "config",
    }
    digest = "sha256:" + "0" * 64
    return {
        "image": image,
        "digest": digest,
        "reference": image,
        "platforms": {"linux/amd64": {"digest": digest, **dated}},
        "signature": {"status": "unchecked", "by": []},
        "signed": [],
        "config": {"linux/amd64": {"created": created, "architecture": "amd64", "os": "linux", "config": {}}},
        **dated,
        **fact,
    }
