"""What Gatekeeper enforces, as the cluster has it: ours, each with its template, to be evaluated without Gatekeeper."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.errors import ObjectAbsentError
from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, constraints
from gatekeeper.controller import constraint_status, limits
from gatekeeper.documents import fields
from gatekeeper.documents.document import Document
from gatekeeper.documents.problems import PolicyError
from gatekeeper.evaluation import installed
from gatekeeper.evaluation.opa import Engine
from gatekeeper.translation.translate import Translation

# Fields that the API server writes, and that change while the text does not.
_WRITTEN: Final = ("status",)


class PoliciesInForce:
    """Reads templates and Constraints; what did not change is not compiled anew.

    Args:
        api: of the cluster.
        engine: compiles templates.
    """

    def __init__(self, api: KubernetesApi, engine: Engine) -> None:
        self._api = api
        self._engine = engine
        self._known: dict[str, tuple[object, Sequence[Translation]]] = {}
        self.problems: list[str] = []

    def read(self) -> list[Translation]:
        """Those that can be used; of the others `problems` has a sentence.

        Raises:
            ClusterError: they cannot be listed.
            NoVerdictError: there is no opa.
        """
        self.problems = []
        found: dict[str, tuple[object, Sequence[Translation]]] = {}
        for kind, template in self._templates():
            several = self._constraints(kind)
            version = (_version(template), tuple(map(_version, several)))
            known = self._known.get(kind)
            if known is not None and known[0] == version:
                found[kind] = known
            elif several:
                found[kind] = version, self._translations(kind, template, several)
        self._known = found
        return [each for _, translations in found.values() for each in translations]

    def _templates(self) -> Iterator[tuple[str, Object]]:
        for page in self._api.pages(CONSTRAINT_TEMPLATES):
            for template in page:
                kind = fields.text(template, "spec", "crd", "spec", "names", "kind")
                if kind.isascii() and kind.isalnum() and constraint_status.is_ours(template):
                    yield kind, template

    def _constraints(self, kind: str) -> list[Object]:
        try:
            found = [each for page in self._api.pages(constraints(kind)) for each in page]
        except ObjectAbsentError:
            # Gatekeeper makes the kind a moment after the template.
            return []
        return found[: limits.AUDIT_KINDS]

    def _translations(self, kind: str, template: Object, several: Sequence[Object]) -> Sequence[Translation]:
        resource = constraints(kind)
        documents = [_document(template, CONSTRAINT_TEMPLATES.api_version, CONSTRAINT_TEMPLATES.kind)]
        documents += [_document(each, resource.api_version, kind) for each in several]
        try:
            made = installed.of_documents(documents, self._engine)
        except PolicyError as error:
            self.problems.append(f"{kind} is not forecast: {error}")
            return ()
        return _by_policy(made)


def _by_policy(made: Sequence[Translation]) -> list[Translation]:
    """A policy and its twin that warns are one; Constraints of one kind without names have their own."""
    named = [(_policy(each), each) for each in made]
    alone = {each.constraints[0]["metadata"]["name"]: each for each in made}
    found: dict[str, list[Translation]] = defaultdict(list)
    unnamed = {name for name, each in named if name == str(each.constraints[0].get("kind"))}
    several = {name for name in unnamed if len({_base(each, alone) for other, each in named if other == name}) > 1}
    for name, each in named:
        found[_base(each, alone) if name in several else name].append(each)
    return [
        replace(group[0], policy=name, constraints=tuple(each.constraints[0] for each in group))
        for name, group in found.items()
    ]


def _policy(translation: Translation) -> str:
    return constraint_status.policy_of(translation.constraints[0], ours=True)


def _base(translation: Translation, alone: Mapping[str, Translation]) -> str:
    """The name of a Constraint; of a twin that warns that of the one that denies."""
    name = str(translation.constraints[0]["metadata"]["name"])
    base = name.removesuffix("-warn")
    return base if base in alone else name


def _document(found: Object, api_version: str, kind: str) -> Document:
    """As it would stand in a file: members of a list do not say their kind."""
    kept = {name: value for name, value in found.items() if name not in _WRITTEN}
    return Document("", {**kept, "apiVersion": api_version, "kind": kind})


def _version(found: Object) -> tuple[str, int]:
    """Another one when its text changes; audit writes the status all the time."""
    metadata = found["metadata"]
    return str(metadata.get("uid", "")), int(metadata.get("generation") or 0)
