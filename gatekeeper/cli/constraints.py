"""Templates and Constraints beside ClusterImagePolicies, as `check` takes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, Final

from gatekeeper.cli import output
from gatekeeper.documents.document import Document
from gatekeeper.documents.problems import Problem, Severity
from gatekeeper.evaluation import image_pods, installed
from gatekeeper.evaluation.matching import Matcher, Selection, looks_at_pods
from gatekeeper.evaluation.opa import Opa
from gatekeeper.evaluation.review import Review
from gatekeeper.own import maximum_image_age, signed_images
from gatekeeper.policy import LoadedPolicies
from gatekeeper.policy.validation import globs, reach
from gatekeeper.translation import constraint, names
from gatekeeper.translation.marks import POLICY
from gatekeeper.translation.translate import Translation

# Kinds whose template need not be given: it is ours.
_KINDS: Final = (maximum_image_age.KIND, signed_images.KIND)
_OURS: Final = frozenset(kind.name for kind in _KINDS)
_TEMPLATE: Final = "ConstraintTemplate"


def translations(loaded: LoadedPolicies, engine: Opa) -> tuple[list[Translation], list[Problem]]:
    """The Constraints that stand beside policies, each with its template; and what is passed over.

    What `translate` has made of a policy that is given too is passed over with a word on standard error, and so is a
    template of a directory of which nobody has a Constraint, or the other way round.

    Raises:
        PolicyError: see `installed.of_documents`.
        NoVerdictError: the engine could not be run.
    """
    kept = [each for each in loaded.gatekeeper if not _is_made_of_a_policy(each, loaded)]
    used = {each.kind for each in kept if each.kind != _TEMPLATE}
    idle = [each for each in kept if each.kind == _TEMPLATE and each.in_directory and _kind_of(each) not in used]
    strange = list(_strange(kept))
    passed_over = list(_passed_over(loaded, kept, idle, strange))
    output.notes(list(map(str, passed_over)))
    documents = [each for each in kept if each not in idle and each not in strange]
    if not documents:
        return [], passed_over
    at_hand = {kind.name: kind.template() for kind in _KINDS}
    made = installed.of_documents(documents, engine, at_hand)
    _warn_of_globs(documents)
    return _with_twins(made), passed_over


def selection(matcher: Matcher, made: Mapping[str, Any], review: Review) -> Selection:
    """What a Constraint that stands in a file looks at of a review.

    Images that are named beside objects are given to our own templates. Any other one looks at objects alone, so they
    are put into one.
    """
    found = matcher.select(made, review)
    if found.review is None or made["kind"] in _OURS:
        return found
    if review.images is None:
        return replace(found, pod=_pod_beside(matcher, made, found.review))
    if not review.object and not looks_at_pods(made):
        return Selection(None, "its match does not name Pods, and an image alone is put into one: give a --resource")
    held = image_pods.with_images(review.object, review.texts) if review.object else image_pods.pod_of(review.texts)
    if held is None:
        return Selection(None, f"a {review.object.get('kind')} has no place for images")
    note = f"its template looks at objects: the images were put into {'the object' if review.object else 'a Pod'}"
    return Selection(replace(found.review, object=held), notes=(*found.notes, note))


def _pod_beside(matcher: Matcher, made: Mapping[str, Any], looked_at: Review) -> Review | None:
    """The Pod that a workload will make, where a Constraint that looks at the workload looks at it too."""
    pod = replace(looked_at, as_pod=True)
    if looked_at.subject.prefix or not pod.subject.prefix:
        return None
    return matcher.select(made, pod).review


def _warn_of_globs(documents: Sequence[Document]) -> None:
    """Say which globs of our own kinds can cover no image, or not by the usual name of its registry."""
    for document in (each for each in documents if each.kind in _OURS):
        for path, glob in _globs(document.value.get("spec"), "spec"):
            found = [] if globs.problem(glob) else [reach.warning(glob), reach.misses_usual_name(glob)]
            for detail, hint in [each for each in found if each[0]][:1]:
                output.warning(str(document.locate(Problem(path, f"{glob} {detail}", hint=hint))))


def _globs(value: Any, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON
    """Globs of rules, and images of exemptions, wherever they stand in parameters."""
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from _globs(each, f"{path}[{number}]")
    for name, each in value.items() if isinstance(value, dict) else ():
        if isinstance(each, str) and (name == "glob" or (name == "image" and ".exemptions[" in path)):
            yield f"{path}.{name}", each
        yield from _globs(each, f"{path}.{name}")


def _with_twins(made: Sequence[Translation]) -> list[Translation]:
    """A Constraint that denies and its twin that warns as one policy."""
    found: dict[tuple[str, str], Translation] = {}
    for each in made:
        (one,) = each.constraints
        warns = one["spec"]["parameters"].get("reports") == "warn"
        name = each.policy.removesuffix(names.WARN_SUFFIX) if warns else each.policy
        known = found.get((one["kind"], name))
        constraints = (*known.constraints, one) if known else (one,)
        found[one["kind"], name] = Translation(name, each.template, constraints)
    return list(found.values())


def _is_made_of_a_policy(document: Document, loaded: LoadedPolicies) -> bool:
    if not loaded.policies:
        return False
    kind = _kind_of(document) if document.kind == _TEMPLATE else document.kind
    metadata = document.value.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    policy = annotations.get(POLICY) if isinstance(annotations, dict) else None
    shared = kind == constraint.COVERAGE_KIND or (kind == names.SHARED_KIND and document.kind == _TEMPLATE)
    return policy in loaded.documents or shared


def _kind_of(template: Document) -> str:
    """The kind of Constraints that a template is for; empty where it does not say."""
    value: Any = template.value
    for step in ("spec", "crd", "spec", "names", "kind"):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def _strange(kept: Sequence[Document]) -> Iterator[Document]:
    """Constraints of a directory that are somebody else's: their template is not there, their kind is not like ours."""
    known = {_kind_of(each) for each in kept if each.kind == _TEMPLATE}
    for each in kept:
        named = each.kind in known or each.kind == _TEMPLATE or get_close_matches(each.kind, _OURS, 1)
        if each.in_directory and each.kind and not named:
            yield each


def _passed_over(
    loaded: LoadedPolicies, kept: Sequence[Document], idle: Sequence[Document], strange: Sequence[Document]
) -> Iterator[Problem]:
    for file in dict.fromkeys(each.file for each in loaded.gatekeeper if each not in kept):
        yield _word(file, "passed over: it is made of a policy that is judged itself")
    for each in strange:
        yield _word(each.file, f"not judged: there is no ConstraintTemplate for {each.kind} beside {each.name}")
    for file in dict.fromkeys(each.file for each in idle):
        yield _word(file, "passed over: there is no Constraint of this template's kind")


def _word(file: str, sentence: str) -> Problem:
    return Problem("", sentence, Severity.WARNING, file=file)
