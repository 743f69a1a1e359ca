"""Pairs of Constraints: a policy that denies some things and warns of others has two.

An action belongs to a Constraint, not to a finding. So each of a pair reports only its own class (`parameters.reports`)
and leaves the rest to its twin. Where the twin is missing, or judges by other parameters, what is left to it is
reported by nobody: an image could be admitted without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from gatekeeper.documents.document import Document
from gatekeeper.documents.problems import Problem
from gatekeeper.translation import names

_REPORTS: Final = "reports"
_TWIN: Final = "twin"
_OTHER: Final = {"deny": "warn", "warn": "deny"}


def twin_problems(constraints: Iterable[Document]) -> Iterator[Problem]:
    """What is wrong with the pairs among Constraints, each problem with its place."""
    halves = [each for each in constraints if _reports(each) in _OTHER]
    for document in halves:
        reports = _reports(document)
        action = _spec(document).get("enforcementAction", "deny")
        if action not in {reports, "dryrun"}:
            sentence = f"this Constraint reports what is to {reports}, so its action is {reports}, not {action}"
            yield document.locate(Problem("spec.enforcementAction", sentence))
        twin = _twin(document, halves)
        if twin is None:
            name = document.name + names.WARN_SUFFIX if reports == "deny" else _unsuffixed(document)
            sentence = f"there is no Constraint {name} beside it, so nobody reports what is to {_OTHER[reports]}"
            hint = f"apply {name} too, or set `reports: all`"
            yield document.locate(Problem(f"spec.parameters.{_REPORTS}", sentence, hint=hint))
        elif reports == "warn":
            yield from _differences(document, twin)


def _twin(document: Document, halves: Sequence[Document]) -> Document | None:
    """The other one of a pair: by its name, or the only one there is of the kind."""
    mine = [each for each in halves if each.kind == document.kind and _reports(each) == _reports(document)]
    others = [each for each in halves if each.kind == document.kind and _reports(each) != _reports(document)]
    named = [each for each in others if _unsuffixed(each) == _unsuffixed(document)]
    if named:
        return named[0]
    return others[0] if len(mine) == len(others) == 1 else None


def _unsuffixed(document: Document) -> str:
    return document.name.removesuffix(names.WARN_SUFFIX)


def _reports(document: Document) -> str:
    return str(_mapping(_spec(document).get("parameters")).get(_REPORTS, ""))


def _differences(warning: Document, denying: Document) -> Iterator[Problem]:
    for field in ("match", "parameters"):
        one, other = (_mapping(_spec(each).get(field)) for each in (warning, denying))
        for name in sorted((one.keys() | other.keys()) - {_REPORTS, _TWIN}):
            if one.get(name) != other.get(name):
                sentence = f"is not what {denying.name} has: what only one of the two reports is reported by nobody"
                yield warning.locate(Problem(f"spec.{field}.{name}", sentence, hint="make both the same"))
    declared = _mapping(_mapping(_spec(warning).get("parameters")).get(_TWIN))
    has = _mapping(_spec(denying).get("parameters"))
    for name, value in declared.items():
        if has.get(name) != value:
            sentence = f"is {value}, but {denying.name} has {has.get(name, 'nothing')}"
            yield warning.locate(Problem(f"spec.parameters.{_TWIN}.{name}", sentence))


def _spec(document: Document) -> Mapping[str, Any]:
    return _mapping(document.value.get("spec"))


def _mapping(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - any JSON
    return value if isinstance(value, Mapping) else {}
