"""What is in the cluster, as far as reconciling looks at it: without the texts, which are large."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gatekeeper.cluster.api import Object
from gatekeeper.documents import fields
from gatekeeper.documents.product import MANAGED_BY
from gatekeeper.reconciliation import marks
from gatekeeper.translation import trust_roots
from gatekeeper.translation.changes import without_additions
from gatekeeper.translation.marks import POLICY, TRANSLATOR_VERSION

_SENTENCE_CHARACTERS: Final = 300
# `policies` is of the Constraint for uncovered images, the others are of all others.
_COVERED: Final = ("name", "images", "match", "policies")


@dataclass(frozen=True)
class PolicyObject:
    """A ClusterImagePolicy in the cluster.

    Attributes:
        name: its name.
        uid: of this object; another one of the same name has another.
        generation: raised by each change of its spec.
        value: the object, without what the cluster writes into it.
        terminating: somebody deleted it, and a finalizer holds it.
    """

    name: str
    uid: str
    generation: int
    value: Mapping[str, Any] = field(repr=False)
    terminating: bool = False

    @classmethod
    def of(cls, found: Object) -> PolicyObject:
        """From the object."""
        metadata = found["metadata"]
        kept = {name: metadata[name] for name in ("name", "generation", "annotations") if name in metadata}
        value = {
            "apiVersion": found.get("apiVersion", ""),
            "kind": found.get("kind", ""),
            "metadata": kept,
            "spec": found.get("spec"),
        }
        return cls(
            str(metadata["name"]),
            str(metadata.get("uid", "")),
            fields.number(found, "metadata", "generation"),
            value,
            bool(metadata.get("deletionTimestamp")),
        )


@dataclass(frozen=True)
class PodWord:
    """What one Pod of Gatekeeper says of an object: an entry of `status.byPod`.

    Attributes:
        pod: its name.
        generation: of the object that it has taken up.
        uid: of the object that it means.
        in_force: whether it enforces it; True of a template.
        errors: what it has against the object, each as `CODE: MESSAGE`.
    """

    pod: str
    generation: int
    uid: str
    in_force: bool
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class PresentObject:
    """A template or Constraint in the cluster.

    Attributes:
        kind: of a template that of its Constraints, of a Constraint its own.
        name: its name.
        uid: of this object.
        generation: raised by each change of its spec.
        owner: the uid of the policy that we made it for; empty where we did not make it.
        policy: the name of the policy that it was translated from, if it says so.
        translated: whether `bestbefore translate` or this controller made it.
        digest: of what we would compare.
        words: what each Pod says of it.
        covered: of a Constraint the part of its parameters that says for which images it is.
        action: of a Constraint what it does.
        policy_generation: of a Constraint the generation of the policy that it was made of; 0 where it does not say.
        trust_roots: of a Constraint the trust roots that it asks for, name and digest.
    """

    kind: str
    name: str
    uid: str
    generation: int
    owner: str
    policy: str
    translated: bool
    digest: str
    words: tuple[PodWord, ...] = ()
    covered: Mapping[str, Any] = field(default_factory=dict)
    action: str = ""
    policy_generation: int = 0
    trust_roots: frozenset[tuple[str, str]] = frozenset()

    def in_force(self, pod: str) -> bool:
        """Whether a Pod has it in force as it is now."""
        return any(each.in_force and not each.errors for each in self._said(pod))

    def errors(self, pods: Collection[str]) -> tuple[str, ...]:
        """What Pods have against it as it is now, each sentence once."""
        said = (error for pod in sorted(pods) for each in self._said(pod) for error in each.errors)
        return tuple(dict.fromkeys(said))

    def _said(self, pod: str) -> Iterator[PodWord]:
        for each in self.words:
            if each.pod == pod and each.uid == self.uid and each.generation == self.generation:
                yield each

    def belongs_to(self, name: str, uid: str) -> bool:
        """Whether it was made for a policy: by this controller, or translated from a policy of this name."""
        return self.owner == uid or (self.translated and self.policy == name)

    @property
    def adoptable(self) -> bool:
        """Whether what all policies share may be written over: it is ours, or translated."""
        return self.owner == marks.SHARED or (self.translated and not self.policy)


def template(found: Object) -> PresentObject:
    """A ConstraintTemplate."""
    kind = fields.text(found, "spec", "crd", "spec", "names", "kind")
    return _present(found, kind, tuple(_words(found, "templateUID", "")))


def constraint(found: Object) -> PresentObject:
    """A Constraint."""
    parameters = fields.mapping(found, "spec", "parameters")
    return _present(
        found,
        str(found.get("kind", "")),
        tuple(_words(found, "constraintUID", "enforced")),
        {name: parameters[name] for name in _COVERED if name in parameters},
        fields.text(found, "spec", "enforcementAction") or "deny",
        fields.number(parameters, "generation"),
        frozenset(trust_roots.named(parameters)),
    )


def digest(body: Object) -> str:
    """A digest of what we compare of an object: its spec, our annotations and labels."""
    text = json.dumps([without_additions(body), _labels(body)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _present(found: Object, kind: str, words: tuple[PodWord, ...], *rest: Any) -> PresentObject:  # noqa: ANN401
    metadata = found["metadata"]
    annotations = fields.mapping(found, "metadata", "annotations")
    return PresentObject(
        kind,
        str(metadata["name"]),
        str(metadata.get("uid", "")),
        fields.number(found, "metadata", "generation"),
        marks.owner(fields.mapping(found, "metadata", "labels")),
        str(annotations.get(POLICY, "")),
        TRANSLATOR_VERSION in annotations,
        digest(found),
        words,
        *rest,
    )


def _labels(body: Object) -> dict[str, Any]:
    labels = fields.mapping(body, "metadata", "labels")
    return {name: labels.get(name) for name in (MANAGED_BY, marks.POLICY_UID)}


def _words(found: Object, uid: str, enforced: str) -> Iterator[PodWord]:
    for each in fields.rows(found, "status", "byPod"):
        yield PodWord(
            fields.text(each, "id"),
            fields.number(each, "observedGeneration"),
            fields.text(each, uid),
            each.get(enforced) is True if enforced else True,
            tuple(_sentences(each)),
        )


def _sentences(word: Mapping[str, Any]) -> Iterable[str]:
    for each in fields.rows(word, "errors"):
        code, message = fields.text(each, "code"), fields.text(each, "message")
        yield f"{code}: {message}"[:_SENTENCE_CHARACTERS]
