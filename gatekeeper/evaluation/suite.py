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
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from gatekeeper.documents.document import read_documents
from gatekeeper.documents.problems import PolicyError, Problem
from gatekeeper.evaluation import case_facts, image_pods
from gatekeeper.evaluation.facts import FactsFileError, RecordedFacts
from gatekeeper.evaluation.review import Review, problems_in, read_reviews
from provider.errors import ImageError
from provider.golang import rfc3339
from provider.registry import reference

FILE_NAME: Final = "bestbefore-test.yaml"
VERDICTS: Final = ("allowed", "warned", "denied")

# What the clock of a rule can say: nanoseconds since 1970 in 64 bits with a sign.
_CLOCK_END: Final = 2**63
_SUITE_FIELDS: Final = frozenset({"policies", "configMaps", "templates", "waivers", "facts", "now", "noMatch", "cases"})
_CASE_FIELDS: Final = frozenset({"name", "image", "images", "resource", "facts", "now", "verdict", "messages", "asked"})
_NO_MATCH: Final = ("deny", "warn", "allow")


@dataclass(frozen=True)
class SuiteCase:
    """One expectation.

    Attributes:
        name: a sentence that says what must hold.
        reviews: what is judged.
        facts: what is known of images, by reference, added to those of the suite.
        now: nanoseconds since 1970.
        verdict: `allowed` (without a warning), `warned` or `denied`.
        messages: texts that must stand in the errors or warnings, each in one of them.
        asked: False where nothing may be asked: the templates decide without facts. None where nobody says.
        own_facts: the images whose facts stand in the case itself.
        undated: the images whose facts do not say whether they have a date.
        passed_over: what stands beside the objects in a directory and is none, a sentence each.
    """

    name: str
    reviews: tuple[Review, ...]
    facts: Mapping[str, Mapping[str, Any]]
    now: int
    verdict: str
    messages: tuple[str, ...]
    asked: bool | None = None
    own_facts: frozenset[str] = frozenset()
    undated: frozenset[str] = frozenset()
    passed_over: tuple[str, ...] = ()


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
        files: every file that it names, itself among them.
        waivers: files of Waivers that let pass for a time what the policies deny.
    """

    file: Path
    policies: tuple[Path, ...]
    config_maps: tuple[Path, ...]
    templates: tuple[Path, ...]
    no_match: str
    cases: tuple[SuiteCase, ...]
    files: frozenset[Path]
    waivers: tuple[Path, ...] = ()


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


class _Reader:
    """Reads a suite's document and gathers every problem with its path."""

    def __init__(self, file: Path, value: Mapping[str, Any]) -> None:
        self.file = file
        self.value = value
        self.problems: list[Problem] = []
        self.undated: set[str] = set()
        self.passed_over: tuple[str, ...] = ()
        self.files = {file}
        self.shared = self._facts(value, "")
        self.shared_undated = frozenset(self.undated)

    def suite(self) -> Suite:
        self._unknown(self.value, _SUITE_FIELDS, "")
        no_match = self._choice(self.value, "noMatch", _NO_MATCH, "", "allow")
        cases = self.value.get("cases")
        if not isinstance(cases, list) or not cases:
            self._problem("cases", "expected at least one case")
            cases = []
        policies, templates = self._files("policies"), self._files("templates")
        waivers = self._files("waivers")
        if not policies and not templates:
            self._problem("policies", "expected policies or templates to test")
        return Suite(
            self.file,
            policies,
            self._files("configMaps"),
            templates,
            no_match,
            tuple(self._case(case, f"cases[{index}]") for index, case in enumerate(cases)),
            frozenset(self.files),
            waivers,
        )

    def _case(self, case: Any, path: str) -> SuiteCase:  # noqa: ANN401 - any YAML
        if not isinstance(case, dict):
            self._problem(path, "expected a case")
            case = {}
        self._unknown(case, _CASE_FIELDS, f"{path}.")
        name = case.get("name")
        if not isinstance(name, str) or not name:
            self._problem(f"{path}.name", "expected a sentence that says what must hold")
        self.undated = set()
        self.passed_over = ()
        own = self._facts(case, f"{path}.")
        return SuiteCase(
            str(name),
            self._reviews(case, path),
            {**self.shared, **own},
            self._now(case, path),
            self._choice(case, "verdict", VERDICTS, f"{path}.", None),
            self._texts(case, "messages", f"{path}."),
            self._asked(case, f"{path}."),
            frozenset(own if isinstance(case.get("facts"), dict) else ()),
            frozenset(self.undated) | (self.shared_undated - own.keys()),
            self.passed_over,
        )

    def _asked(self, case: Mapping[str, Any], path: str) -> bool | None:
        value = case.get("asked")
        if value is not None and value is not False:
            self._problem(f"{path}asked", "expected false, for a case in which nothing is asked, or leave it out")
        return False if value is False else None

    def _reviews(self, case: Mapping[str, Any], path: str) -> tuple[Review, ...]:
        images = (*self._image(case, path), *self._texts(case, "images", f"{path}."))
        for image in images:
            self._reference(image, path)
        resource = case.get("resource")
        if resource is None and not images:
            self._problem(path, "nothing to judge: expected image, images or resource")
        if isinstance(resource, str):
            reviews = self._objects(self._place(resource))
        elif isinstance(resource, dict):
            for problem in problems_in(resource):
                self._problem(f"{path}.resource.{problem.path}", problem.message)
            reviews = (Review(resource),)
        else:
            if resource is not None:
                self._problem(f"{path}.resource", "expected an object, or a file of objects")
            return (Review(image_pods.pod_of(images)),)
        return tuple(self._put(images, each, path) for each in reviews) if images else reviews

    def _put(self, images: tuple[str, ...], review: Review, path: str) -> Review:
        """The object with these images in it and no others."""
        changed = image_pods.with_images(review.object, images)
        if changed is None:
            kind = review.object.get("kind")
            self._problem(
                f"{path}.resource", f"an object of kind {kind} has no place for images; name no image beside it"
            )
        return replace(review, object=changed or {})

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

    def _objects(self, place: Path) -> tuple[Review, ...]:
        try:
            reviews, passed_over = read_reviews([place])
        except PolicyError as error:
            self.problems += error.problems
            return ()
        self.passed_over = tuple(f"not judged: {each}" for each in passed_over)
        return tuple(reviews)

    def _facts(self, holder: Mapping[str, Any], path: str) -> Mapping[str, Mapping[str, Any]]:
        facts = holder.get("facts") or {}
        if isinstance(facts, str):
            return self._recorded(self._place(facts), f"{path}facts")
        if not isinstance(facts, dict) or not all(isinstance(fact, dict) for fact in facts.values()):
            self._problem(f"{path}facts", "expected a file of recorded facts, or facts by image")
            return {}
        found = [
            (image, place, text) for image, fact in facts.items() for place, text in case_facts.problems_in(image, fact)
        ]
        for image, place, sentence in found:
            self._problem(f"{path}facts.{image}.{place}".rstrip("."), sentence)
        self.undated |= {image for image, fact in facts.items() if case_facts.is_undated(fact)}
        return {} if found else {image: case_facts.completed(image, fact) for image, fact in facts.items()}

    def _recorded(self, place: Path, path: str) -> Mapping[str, Mapping[str, Any]]:
        try:
            return RecordedFacts.read(place).images
        except FactsFileError as error:
            self._problem(path, str(error))
            return {}

    def _now(self, case: Mapping[str, Any], path: str) -> int:
        text = case.get("now", self.value.get("now"))
        moment = rfc3339.created_ns(text) if isinstance(text, str) else None
        if moment is None:
            self._problem(f"{path}.now", f"expected a time by RFC 3339 here or in the suite, got {text!r}")
        elif not -_CLOCK_END <= moment < _CLOCK_END:
            self._problem(
                f"{path}.now", f"expected a time from 1677-09-22 to 2262-04-11, as rules' clocks have, got {text}"
            )
        return moment or 0

    def _files(self, field: str) -> tuple[Path, ...]:
        return tuple(map(self._place, self._texts(self.value, field, "")))

    def _place(self, text: str) -> Path:
        """A file that the suite names; of a directory each file in it."""
        place = self.file.parent / text
        self.files |= set(place.rglob("*")) if place.is_dir() else {place}
        return place

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
        for name in sorted(holder.keys() - known):
            close = get_close_matches(name, known, 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            self._problem(f"{path}{name}", f"there is no such field; there are {', '.join(sorted(known))}{hint}")

    def _problem(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message, file=str(self.file)))
