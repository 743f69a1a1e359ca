"""Whether a Constraint's `spec.match` selects an object, as Gatekeeper decides it.

What a manifest does not say (its namespace, the labels of a namespace) is taken as if it matched, so that nothing is
left out by it, and said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gatekeeper.evaluation.review import Review

Labels = Mapping[str, str]

_NAME_LABEL: Final = "kubernetes.io/metadata.name"
_POD: Final = ("", "Pod")
# What is decided here; any other member of `match` is taken as if it matched.
_MEMBERS: Final = (
    "kinds",
    "scope",
    "source",
    "name",
    "namespaces",
    "excludedNamespaces",
    "labelSelector",
    "namespaceSelector",
)


@dataclass(frozen=True)
class Selection:
    """What a Constraint makes of an object.

    Attributes:
        review: what the Constraint looks at: the object, or the Pod that it will make; None where it looks at neither.
        reason: why it looks at neither.
        notes: what was taken for granted.
        pod: the Pod that a workload will make, where the Constraint looks at both. A template that judges Pods alone
            says nothing of the workload.
    """

    review: Review | None
    reason: str = ""
    notes: tuple[str, ...] = ()
    pod: Review | None = None


@dataclass(frozen=True)
class Matcher:
    """Selects by `spec.match`.

    Attributes:
        namespaces: the labels of the namespaces that are known, by name.
    """

    namespaces: Mapping[str, Labels] = field(default_factory=dict)

    @classmethod
    def among(cls, reviews: Iterable[Review]) -> Matcher:
        """One that knows the Namespaces among the objects."""
        found = [each.object for each in reviews if each.object.get("kind") == "Namespace"]
        return cls({str(_metadata(each).get("name", "")): _labels(each) for each in found})

    def select(self, constraint: Mapping[str, Any], review: Review) -> Selection:
        """What a Constraint looks at of a review."""
        match = _mapping(_mapping(constraint.get("spec")).get("match"))
        if not review.object:
            return Selection(review, notes=("its match was not looked at: there is no object",) if match else ())
        looked_at = _by_kind(match, review)
        if looked_at is None:
            return Selection(None, "its match is of other kinds")
        notes: list[str] = []
        for reason in self._refusals(match, looked_at, notes):
            return Selection(None, reason)
        return Selection(looked_at, notes=tuple(notes))

    def _refusals(self, match: Mapping[str, Any], review: Review, notes: list[str]) -> Iterator[str]:
        judged = review.subject.object
        if match.get("scope") == "Cluster":
            yield "its match is of objects without a namespace"
        if match.get("source") == "Generated":
            yield "its match is of what Gatekeeper's expansion makes"
        if "name" in match and not _fits(str(match["name"]), _name(judged)):
            yield "its match is of another name"
        yield from self._by_namespace(match, review.namespace, notes)
        if not selects(_mapping(match.get("labelSelector")), _labels(judged)):
            yield "its labelSelector does not match"
        yield from self._by_labels_of_namespace(match, review.namespace, notes)
        notes += [
            f"its match.{name} is not known here and was taken as if it matched"
            for name in match
            if name not in _MEMBERS
        ]

    def _by_namespace(self, match: Mapping[str, Any], namespace: str, notes: list[str]) -> Iterator[str]:
        wanted, unwanted = (_texts(match.get(name)) for name in ("namespaces", "excludedNamespaces"))
        if not namespace and (wanted or unwanted):
            notes.append("an object does not say its namespace: it was judged as if it stood in one that is matched")
        elif wanted and not any(_fits(each, namespace) for each in wanted):
            yield f"its match does not name the namespace {namespace}"
        elif any(_fits(each, namespace) for each in unwanted):
            yield f"its match excludes the namespace {namespace}"

    def _by_labels_of_namespace(self, match: Mapping[str, Any], namespace: str, notes: list[str]) -> Iterator[str]:
        selector = _mapping(match.get("namespaceSelector"))
        labels = self.namespaces.get(namespace)
        if not selector:
            return
        if labels is None:
            named = f"of the namespace {namespace}" if namespace else "of an object's namespace"
            notes.append(f"the labels {named} are not known: it was judged as if namespaceSelector matched")
        elif not selects(selector, {_NAME_LABEL: namespace, **labels}):
            yield f"its namespaceSelector does not match the namespace {namespace}"


def looks_at_pods(constraint: Mapping[str, Any]) -> bool:
    """Whether the kinds of a Constraint's `match` name Pods, or say nothing."""
    rows = _mapping(_mapping(constraint.get("spec")).get("match")).get("kinds")
    return not isinstance(rows, list) or not rows or _names(rows, *_POD)


def _by_kind(match: Mapping[str, Any], review: Review) -> Review | None:
    """The object, where the kinds name it; else the Pod that it will make, where they name Pods."""
    rows = match.get("kinds")
    if not isinstance(rows, list) or not rows or _names(rows, *_kind(review)):
        return review
    pod = replace(review, as_pod=True)
    return pod if pod.subject.object and _names(rows, *_POD) else None


def _kind(review: Review) -> tuple[str, str]:
    judged = review.subject.object
    return str(judged.get("apiVersion", "")).rpartition("/")[0], str(judged.get("kind", ""))


def _names(rows: Sequence[Any], group: str, kind: str) -> bool:
    return any(_has(_mapping(row).get("apiGroups"), group) and _has(_mapping(row).get("kinds"), kind) for row in rows)


def _has(values: Any, value: str) -> bool:  # noqa: ANN401 - any JSON
    """Whether a list names a value; an empty one names all."""
    texts = _texts(values)
    return not texts or "*" in texts or value in texts


def _fits(pattern: str, text: str) -> bool:
    """Whether a text is a name, or fits one with a star at an end or at both."""
    if pattern.startswith("*") and pattern.endswith("*"):
        return pattern.strip("*") in text
    if pattern.startswith("*"):
        return text.endswith(pattern[1:])
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


def selects(selector: Mapping[str, Any], labels: Labels) -> bool:
    """Whether a LabelSelector fits labels; an empty one fits all."""
    exact = all(labels.get(name) == value for name, value in _mapping(selector.get("matchLabels")).items())
    expressions = selector.get("matchExpressions")
    return exact and all(
        _holds(_mapping(each), labels) for each in (expressions if isinstance(expressions, list) else ())
    )


def _holds(expression: Mapping[str, Any], labels: Labels) -> bool:
    value, values = labels.get(str(expression.get("key"))), _texts(expression.get("values"))
    return {
        "In": value is not None and value in values,
        "NotIn": value is None or value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }.get(str(expression.get("operator")), False)


def _name(judged: Mapping[str, Any]) -> str:
    return str(_metadata(judged).get("name") or _metadata(judged).get("generateName") or "")


def _labels(judged: Mapping[str, Any]) -> Labels:
    return {str(name): str(value) for name, value in _mapping(_metadata(judged).get("labels")).items()}


def _metadata(judged: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(judged.get("metadata"))


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any JSON
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> list[str]:  # noqa: ANN401 - any JSON
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
