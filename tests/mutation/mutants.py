"""Mutants of a file: the file again and again, each time with one mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Final, cast

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider

from tests.mutation import operators

_LOG_LEVELS: Final = {"debug", "info", "warning", "error", "exception", "critical"}
# Neither branch of it is there for tests.
_NEVER_TESTED: Final = m.If(test=m.Name("TYPE_CHECKING") | m.Comparison(left=m.Name("__name__")))
_TYPE_NAME: Final = re.compile(r"_?[A-Z][a-z]\w*")
# What runs as a whole, and what has a head that runs before its body.
_STATEMENTS: Final = (cst.SimpleStatementLine, cst.BaseCompoundStatement, cst.MatchCase, cst.ExceptHandler)
# They only ask for a type. Without its argument, or with another one, they always raise or never change anything.
_OF_TYPES: Final = {"isinstance", "issubclass", "cast", "TypeVar", "NewType", "ParamSpec"}


@dataclass(frozen=True, eq=False)
class Source:
    """A file that is right.

    Attributes:
        file: relative to the root of the tree.
        module: its syntax tree.
        lines: its text.
    """

    file: str
    module: cst.Module
    lines: Sequence[str]


@dataclass(frozen=True, eq=False)
class Mutant:
    """A file with one mistake.

    Attributes:
        source: the file without it.
        operator: kind of the mistake.
        place: first and last line of what is changed, from 1.
        statement: first and last line of what has to run to meet it: a simple statement, or the head of a compound one.
        imported: whether it runs when the module is imported, and not when a function is called.
    """

    source: Source
    operator: str
    place: tuple[int, int]
    statement: tuple[int, int]
    imported: bool
    _node: cst.CSTNode
    _wrong: cst.CSTNode

    @property
    def file(self) -> str:
        """Relative to the root of the tree."""
        return self.source.file

    @property
    def line(self) -> int:
        """Where the mistake begins."""
        return self.place[0]

    @cached_property
    def text(self) -> str:
        """The whole file."""
        return cast("cst.Module", self.source.module.deep_replace(self._node, self._wrong)).code

    @cached_property
    def change(self) -> tuple[Sequence[str], Sequence[str]]:
        """The lines that went, and those that came instead: one stretch of the file."""
        right, wrong = self.source.lines, self.text.splitlines()
        start = _alike(right, wrong)
        end = _alike(right[start:][::-1], wrong[start:][::-1])
        return right[start : len(right) - end], wrong[start : len(wrong) - end]

    @property
    def before(self) -> str:
        """The first line that went, without its indentation; empty when none did."""
        return self.change[0][0].strip() if self.change[0] else ""

    @property
    def after(self) -> str:
        """The first line that came, the same way."""
        return self.change[1][0].strip() if self.change[1] else ""

    def may_change(self, line: str) -> bool:
        """Whether a line like this, without indentation, stands where the mistake is; much cheaper than to make it."""
        first, last = self.place
        return line in {found.strip() for found in self.source.lines[first - 1 : last]}

    @property
    def is_valid(self) -> bool:
        """Whether it is Python."""
        try:
            compile(self.text, self.file, "exec", dont_inherit=True)
        except SyntaxError:
            return False
        return True


def _alike(some: Sequence[str], others: Sequence[str]) -> int:
    """How many lines are the same from the start."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False))))


def of(file: str, text: str) -> list[Mutant]:
    """Every mutant of a file, in the order of its lines; some of them are not valid."""
    wrapper = MetadataWrapper(cst.parse_module(text))
    visitor = _Visitor(Source(file, wrapper.module, text.splitlines()))
    wrapper.visit(visitor)
    return sorted(visitor.mutants, key=lambda mutant: mutant.line)


class _Visitor(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.mutants: list[Mutant] = []
        self._source = source
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

    def _mutants(self, node: cst.CSTNode) -> Iterator[Mutant]:
        for operator, wrong in operators.of(node):
            yield Mutant(self._source, operator, self._place(), self._statement(), self._is_imported(), node, wrong)

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
