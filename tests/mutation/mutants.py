"""Mutants of a file: the file again and again, each time with one mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, cast

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider

from tests.mutation import operators
from tests.mutation.mutant import Mutant

_LOG_LEVELS: Final = {"debug", "info", "warning", "error", "exception", "critical"}
# Neither branch of it is there for tests.
_NEVER_TESTED: Final = m.If(test=m.Name("TYPE_CHECKING") | m.Comparison(left=m.Name("__name__")))
_TYPE_NAME: Final = re.compile(r"_?[A-Z][a-z]\w*")
# What runs as a whole, and what has a head that runs before its body.
_STATEMENTS: Final = (cst.SimpleStatementLine, cst.BaseCompoundStatement, cst.MatchCase, cst.ExceptHandler)
# They only ask for a type. Without its argument, or with another one, they always raise or never change anything.
_OF_TYPES: Final = {"isinstance", "issubclass", "cast", "TypeVar", "NewType", "ParamSpec"}


@dataclass(frozen=True, eq=False)
class PythonMutant(Mutant):
    """A Python file with one mistake.

    Attributes:
        module: the syntax tree of the file without it.
        statement: first and last line of what has to run to meet it: a simple statement, or the head of a compound one.
        imported: whether it runs when the module is imported, and not when a function is called.
    """

    module: cst.Module
    statement: tuple[int, int]
    imported: bool
    _node: cst.CSTNode
    _wrong: cst.CSTNode

    @cached_property
    def text(self) -> str:  # type: ignore[override] - kept, because it takes a while
        """The whole file."""
        return cast("cst.Module", self.module.deep_replace(self._node, self._wrong)).code

    @property
    def is_valid(self) -> bool:
        """Whether it is Python."""
        try:
            compile(self.text, self.file, "exec", dont_inherit=True)
        except SyntaxError:
            return False
        return True


def of(file: str, text: str) -> list[PythonMutant]:
    """Every mutant of a file, in the order of its lines; some of them are not valid."""
    wrapper = MetadataWrapper(cst.parse_module(text))
    visitor = _Visitor(file, text.splitlines(), wrapper.module)
    wrapper.visit(visitor)
    return sorted(visitor.mutants, key=lambda mutant: mutant.line)


class _Visitor(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, file: str, lines: Sequence[str], module: cst.Module) -> None:
        super().__init__()
        self.mutants: list[PythonMutant] = []
        self._file, self._lines, self._module = file, lines, module
        self._above: list[cst.CSTNode] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if _is_left_alone(node, self._above):
            return False
        self._above.append(node)
        self.mutants += self._mutants(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        # What was not entered is left all the same.
        if self._above and self._above[-1] is original_node:
            self._above.pop()

    def _mutants(self, node: cst.CSTNode) -> Iterator[PythonMutant]:
        for operator, wrong in operators.of(node):
            place, statement, imported = self._place(), self._statement(), self._is_imported()
            yield PythonMutant(self._file, self._lines, operator, place, self._module, statement, imported, node, wrong)

    def _place(self) -> tuple[int, int]:
        """Of the innermost node that has a place in the text: an operator such as `+` has none."""
        places = (self.get_metadata(PositionProvider, node, None) for node in reversed(self._above))
        place = next(place for place in places if place is not None)
        return place.start.line, place.end.line

    def _statement(self) -> tuple[int, int]:
        statement = next(node for node in reversed(self._above) if isinstance(node, _STATEMENTS))
        place = self.get_metadata(PositionProvider, statement)
        if isinstance(statement, cst.SimpleStatementLine):
            return place.start.line, place.end.line
        body = statement.cases[0] if isinstance(statement, cst.Match) else statement.body
        return place.start.line, max(place.start.line, self.get_metadata(PositionProvider, body).start.line - 1)

    def _is_imported(self) -> bool:
        """Bodies of functions are what does not run at import; their heads, with the defaults, do."""
        return not any(
            isinstance(outer, cst.FunctionDef | cst.Lambda) and inner is outer.body
            for outer, inner in zip(self._above, self._above[1:], strict=False)
        )


def _is_left_alone(node: cst.CSTNode, above: list[cst.CSTNode]) -> bool:
    """What is no behaviour, or the wording of one: types, texts, log lines, decorators."""
    return (
        isinstance(node, cst.Annotation | cst.Decorator | cst.Import | cst.ImportFrom)
        or operators.is_text(node)
        or _is_of_types(node, above)
        or _is_log_line(node)
        or m.matches(node, _NEVER_TESTED)
    )


def _is_of_types(node: cst.CSTNode, above: list[cst.CSTNode]) -> bool:
    match node:
        case cst.Call(func=cst.Name(value=name)):
            return name in _OF_TYPES
        case cst.Subscript(value=cst.Name(value=name)):
            return name in {"Callable", "Literal"}
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]):
            inside = any(isinstance(outer, cst.ClassDef | cst.FunctionDef) for outer in above)
            return not inside and _TYPE_NAME.fullmatch(name) is not None
    return False


def _is_log_line(node: cst.CSTNode) -> bool:
    match node:
        case cst.Expr(value=cst.Call(func=cst.Attribute(value=log, attr=cst.Name(value=level)))):
            name = log.attr if isinstance(log, cst.Attribute) else log
            return level in _LOG_LEVELS and isinstance(name, cst.Name) and name.value.strip("_").lower() == "log"
    return False
