"""Templates and Constraints as they stand in files, for suites of policies that are no ClusterImagePolicies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gatekeeper.evaluation.program import Template, package_of
from gatekeeper.policy.document import Document, read_documents
from gatekeeper.policy.problems import PolicyError, Problem
from gatekeeper.translation.translate import Translation

_TEMPLATE = "ConstraintTemplate"
_ACTIONS = ("deny", "warn")


def translations_of(files: Sequence[Path]) -> list[Translation]:
    """The Constraints of the files, each with its template.

    Raises:
        PolicyError: an object is neither, a Constraint has no template here, or one of them cannot be read.
    """
    documents = read_documents(files)
    problems: list[Problem] = []
    templates: dict[str, Mapping[str, Any]] = {}
    for document in documents:
        if document.kind == _TEMPLATE:
            _add_template(document, templates, problems)
    constraints = [document for document in documents if document.kind != _TEMPLATE]
    for document in constraints:
        problems += [document.locate(each) for each in _problems(document, templates)]
    if problems:
        raise PolicyError(problems)
    return [Translation(each.name, templates[each.kind], (_whole(each.value),)) for each in constraints]


def _add_template(document: Document, templates: dict[str, Mapping[str, Any]], problems: list[Problem]) -> None:
    try:
        template = Template.of(document.value)
        for text in (template.main, *template.libs):
            package_of(text)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        sentence = "is no template with Rego in spec.targets[0].code[0].source, as the translator writes it"
        problems.append(document.locate(Problem("spec", sentence)))
    else:
        templates[template.kind] = document.value


def _problems(document: Document, templates: Mapping[str, Any]) -> list[Problem]:
    if document.kind not in templates:
        return [Problem("kind", f"no {_TEMPLATE} for {document.kind or 'an object without a kind'}")]
    spec = document.value.get("spec")
    if not isinstance(spec, dict) or not isinstance(spec.get("parameters", {}), dict):
        return [Problem("spec", "expected a Constraint with its parameters")]
    if spec.get("enforcementAction", "deny") not in _ACTIONS:
        return [Problem("spec.enforcementAction", f"expected one of {', '.join(_ACTIONS)}")]
    return []


def _whole(constraint: Mapping[str, Any]) -> Mapping[str, Any]:
    """With what Gatekeeper takes for granted."""
    return {**constraint, "spec": {"enforcementAction": "deny", "parameters": {}, **constraint["spec"]}}
