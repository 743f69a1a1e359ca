"""Templates and Constraints as they stand in files, for policies that are no ClusterImagePolicies."""

from __future__ import annotations

import copy
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from gatekeeper.documents.document import Document, read_documents
from gatekeeper.documents.enforcement import ACTIONS, SCOPED, SCOPES, action_of
from gatekeeper.documents.problems import PolicyError, Problem
from gatekeeper.evaluation import constraint_parameters, program
from gatekeeper.evaluation.opa import Engine
from gatekeeper.evaluation.program import Template, package_of
from gatekeeper.translation import authority_parameters, own_template
from gatekeeper.translation.template import with_waivers
from gatekeeper.translation.translate import Translation
from gatekeeper.translation.twins import twin_problems

_TEMPLATE: Final = "ConstraintTemplate"
_GROUPS: Final = ("templates.gatekeeper.sh", "constraints.gatekeeper.sh")
_FIELDS: Final = frozenset({"enforcementAction", SCOPES, "match", "parameters"})
# What Gatekeeper asks of a template: a rule that makes a set.
_VIOLATION: Final = re.compile(r"^[ \t]*violation\b", re.MULTILINE)


def translations_of(files: Sequence[Path], engine: Engine) -> list[Translation]:
    """The Constraints of the files, each with its template.

    Raises:
        PolicyError: an object is neither, a Constraint has no template here or a template no Constraint, one of them
            cannot be read, the engine refuses a template's Rego, or its schema does not have what a Constraint says.
        NoVerdictError: the engine could not be run.
    """
    return of_documents(read_documents(files, with_lines=True), engine)


def of_documents(
    documents: Sequence[Document], engine: Engine, at_hand: Mapping[str, Mapping[str, Any]] | None = None
) -> list[Translation]:
    """The Constraints among documents, each with its template.

    Args:
        documents: ConstraintTemplates and Constraints.
        engine: compiles the templates.
        at_hand: templates by kind that need not stand among the documents.

    Raises:
        PolicyError: see `translations_of`.
        NoVerdictError: the engine could not be run.
    """
    documents = list(map(_with_library, documents))
    templates: dict[str, Document] = {}
    problems: list[Problem] = []
    for document in (each for each in documents if each.kind == _TEMPLATE):
        found = list(_template_problems(document, templates))
        problems += [document.locate(each) for each in found]
        if not found:
            templates[_kind(document)] = document
    constraints = [each for each in documents if each.kind != _TEMPLATE]
    problems += _namesakes(constraints)
    idle = templates.keys() - {each.kind for each in constraints}
    problems += [templates[kind].locate(_idle(kind)) for kind in sorted(idle)]
    for kind, template in (at_hand or {}).items():
        if any(each.kind == kind for each in constraints):
            templates.setdefault(kind, Document("", dict(template)))
    for document in constraints:
        problems += [document.locate(each) for each in _constraint_problems(document, templates)]
    problems += twin_problems(constraints)
    if not problems:
        problems = [template.locate(each) for template in templates.values() for each in _compiled(template, engine)]
    if problems:
        raise PolicyError(problems)
    return [_translation(each, templates[each.kind].value) for each in constraints]


def templates_with_library(
    documents: Sequence[Document], engine: Engine | None, *, synced_waivers: bool = False
) -> list[Mapping[str, Any]]:
    """Templates of one's own with the library that they import; other objects as they are.

    Those of ours read the Waivers of the cluster with `synced_waivers`.

    Raises:
        PolicyError: a template cannot be read, imports what there is not, or the engine refuses its Rego.
        NoVerdictError: the engine could not be run.
    """
    completed = list(map(_with_library, documents))
    if synced_waivers:
        completed = list(map(_reading_waivers, completed))
    templates = [each for each in completed if each.kind == _TEMPLATE]
    problems = [
        each.locate(Problem("kind", f"expected a {_TEMPLATE} or a Constraint, got {each.kind or 'no kind'}"))
        for each in completed
        if each.api_version.partition("/")[0] not in _GROUPS
    ]
    problems += [each.locate(problem) for each in templates for problem in _template_problems(each, {})]
    if not problems and engine is not None:
        problems = [each.locate(problem) for each in templates for problem in _compiled(each, engine)]
    if problems:
        raise PolicyError(problems)
    return [each.value for each in completed]


def _reading_waivers(document: Document) -> Document:
    if document.kind != _TEMPLATE:
        return document
    value = copy.deepcopy(document.value)
    try:
        target = value["spec"]["targets"][0]
        for source in (each["source"] for each in target["code"]):
            source["rego"] = with_waivers(source["rego"])
    except (KeyError, IndexError, TypeError, AttributeError):
        return document  # its own problem says why it is no template
    return replace(document, value=value)


def _with_library(document: Document) -> Document:
    if document.kind != _TEMPLATE:
        return document
    try:
        return replace(document, value=own_template.with_library(document.value))
    except (KeyError, IndexError, TypeError, AttributeError):
        return document  # its own problem says why it is no template


def _kind(template: Document) -> str:
    return Template.of(template.value).kind


def _template_problems(document: Document, templates: Mapping[str, Document]) -> Iterator[Problem]:
    try:
        template = Template.of(document.value)
        for text in (template.main, *template.libs):
            package_of(text)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError):
        yield Problem("spec", "is no template with Rego in spec.targets[0], each text with its package line")
        return
    yield from own_template.problems(document.value)
    if not _VIOLATION.search(template.main):
        yield Problem(
            "spec.targets[0]", "its Rego has no rule `violation`, without which Gatekeeper refuses a template"
        )
    # A folder of several policies may hold the same template beside each of them.
    if template.kind in templates and templates[template.kind].value != document.value:
        yield Problem("metadata.name", f"there is another {_TEMPLATE} of {template.kind}")
    yield from constraint_parameters.schema_problems(document.value)


def _namesakes(constraints: Sequence[Document]) -> Iterator[Problem]:
    """Constraints that would take the place of each other: a cluster has one of a kind and name."""
    first: dict[tuple[str, str], Document] = {}
    for each in constraints:
        other = first.setdefault((each.kind, each.name), each)
        if other.value != each.value:
            yield each.locate(Problem("metadata.name", f"there is another {each.kind} {each.name} (in {other.file})"))


def _idle(kind: str) -> Problem:
    return Problem("metadata.name", f"there is no Constraint of kind {kind}, so this template judges nothing")


def _constraint_problems(document: Document, templates: Mapping[str, Document]) -> Iterator[Problem]:
    if document.kind not in templates:
        yield Problem("kind", f"no {_TEMPLATE} for {document.kind or 'an object without a kind'}")
        return
    spec = document.value.get("spec")
    if not isinstance(spec, dict) or not isinstance(spec.get("parameters", {}), dict):
        yield Problem("spec", "expected a Constraint with its parameters")
        return
    yield from _action_problems(spec)
    for name in sorted(map(str, spec.keys() - _FIELDS)):
        yield Problem(f"spec.{name}", f"there is no such field; there are {', '.join(sorted(_FIELDS))}")
    yield from constraint_parameters.problems(templates[document.kind].value, spec.get("parameters", {}))
    yield from _key_problems(spec.get("parameters", {}), "spec.parameters")


def _action_problems(spec: Mapping[str, Any]) -> Iterator[Problem]:
    if spec.get("enforcementAction", "deny") not in (*ACTIONS, SCOPED):
        yield Problem("spec.enforcementAction", f"expected one of {', '.join((*ACTIONS, SCOPED))}")
    if spec.get("enforcementAction") == SCOPED and SCOPES not in spec:
        # In the words of Gatekeeper's webhook, which refuses it.
        yield Problem(f"spec.{SCOPES}", f"{SCOPES} is required", hint=f"beside `enforcementAction: {SCOPED}`")
    scopes = spec.get(SCOPES, [])
    if not isinstance(scopes, list) or not all(map(_is_scope, scopes)):
        yield Problem(f"spec.{SCOPES}", "expected a list of `{action: TEXT, enforcementPoints: [{name: TEXT}]}`")
    elif any(each["action"] not in ACTIONS for each in scopes):
        yield Problem(f"spec.{SCOPES}", f"expected actions of {', '.join(ACTIONS)}")


def _is_scope(value: Any) -> bool:  # noqa: ANN401 - any JSON
    points = value.get("enforcementPoints") if isinstance(value, Mapping) else None
    return (
        isinstance(points, list)
        and isinstance(value.get("action"), str)
        and all(isinstance(each, Mapping) and isinstance(each.get("name"), str) for each in points)
    )


def _key_problems(value: Any, path: str) -> Iterator[Problem]:  # noqa: ANN401 - any JSON
    """Public keys in parameters that the provider would refuse for good: whoever asks by them is always denied."""
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _key_problems(each, f"{path}[{index}]")
    if not isinstance(value, Mapping):
        return
    for name, each in value.items():
        if name in {"verify", "attestor"} and isinstance(each, Mapping):
            yield from (Problem(f"{path}.{name}", sentence) for sentence in authority_parameters.problems_in(each))
        else:
            yield from _key_problems(each, f"{path}.{name}")


def _compiled(document: Document, engine: Engine) -> Iterator[Problem]:
    """What the engine has against the Rego of a template, as Gatekeeper would have it."""
    template = Template.of(document.value)
    with tempfile.TemporaryDirectory(prefix="bestbefore-") as name:
        program.write_modules(Path(name), template.modules)
        found = engine.check(Path(name))
    paths = _paths(document)
    for each in dict.fromkeys(found):
        path = paths.get(each.file.removesuffix(".rego"), "spec.targets[0]")
        yield Problem(path, str(each), text_line=None if template.v1 else each.row)


def _paths(document: Document) -> Mapping[str, str]:
    """Where each text of a template stands, by its package."""
    target = document.value["spec"]["targets"][0]
    codes = [n for n, each in enumerate(target.get("code", ())) if each.get("engine", "Rego") == "Rego"]
    place = f"spec.targets[0].code[{codes[0]}].source" if codes else "spec.targets[0]"
    template = Template.of(document.value)
    libraries = {package_of(text): f"{place}.libs[{number}]" for number, text in enumerate(template.libs)}
    return {**libraries, template.package: f"{place}.rego"}


def _translation(constraint: Document, template: Mapping[str, Any]) -> Translation:
    """A Constraint with what the API server and Gatekeeper fill in."""
    spec = {**constraint.value["spec"], "enforcementAction": action_of(constraint.value["spec"])}
    parameters = constraint_parameters.with_defaults(template, spec.get("parameters", {}))
    return Translation(constraint.name, template, ({**constraint.value, "spec": {**spec, "parameters": parameters}},))
