"""Which Constraints look at the Pods of which namespaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gatekeeper.doctor.installed_policy import InstalledConstraint
from gatekeeper.evaluation.matching import Matcher
from gatekeeper.evaluation.review import Review
from gatekeeper.translation.marks import NAMESPACE_LABEL

Labels = Mapping[str, str]
_NAME_LABEL: Final = "kubernetes.io/metadata.name"


def opted_in(labels: Labels) -> bool:
    """Whether a namespace asks for policies."""
    return labels.get(NAMESPACE_LABEL) == "true"


def looking_at(
    constraints: Sequence[InstalledConstraint], namespaces: Mapping[str, Labels]
) -> Iterator[tuple[str, list[InstalledConstraint]]]:
    """By namespace, the Constraints that look at its Pods, whatever their labels."""
    named = any(map(_names_namespaces, constraints))
    known: dict[frozenset[tuple[str, str]], list[InstalledConstraint]] = {}
    for name, labels in namespaces.items():
        # Most namespaces differ in their name only, which most Constraints do not look at.
        key = frozenset({(_NAME_LABEL, name)} if named else ()) | {
            each for each in labels.items() if each[0] != _NAME_LABEL
        }
        if key not in known:
            matcher = Matcher({name: labels})
            known[key] = [each for each in constraints if _looks(matcher, each, name)]
        yield name, known[key]


def _looks(matcher: Matcher, constraint: InstalledConstraint, namespace: str) -> bool:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace}}
    # What depends on a Pod's own labels or name may be true of some Pod.
    match = {name: each for name, each in constraint.match.items() if name not in ("labelSelector", "name", "kinds")}
    return matcher.select({"spec": {"match": match}}, Review(pod)).review is not None


def _names_namespaces(constraint: InstalledConstraint) -> bool:
    """Whether its match depends on more of a namespace than its labels."""
    return bool({"namespaces", "excludedNamespaces"} & constraint.match.keys()) or _NAME_LABEL in str(constraint.match)
