"""The kinds of mistakes that are made: mutmut's, but for texts, and three of guards and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, cast

import libcst as cst
from mutmut.mutation import mutators

# A node of the syntax tree to what stands there instead, once for each mistake.
Operator = Callable[[Any], Iterable[cst.CSTNode]]

_TEXT: Final = (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString)


def of(node: cst.CSTNode) -> Iterator[tuple[str, cst.CSTNode]]:
    """Everything that can be wrong with one node itself: the operator's name, and the node that replaces it."""
    for name, kinds, operator in _OPERATORS:
        if isinstance(node, kinds):
            for wrong in operator(node):
                if not _is_noise(node, wrong):
                    yield name, wrong


def is_text(node: cst.CSTNode | None) -> bool:
    """Whether a text stands there literally: its wording is nobody's behaviour, so it is not changed."""
    return isinstance(node, _TEXT)


def _guard(node: cst.If | cst.CompIf) -> Iterable[cst.CSTNode]:
    """A condition that never holds, and one that always does; mutmut has it for ternaries only."""
    # It needs no more than a node with a test.
    return mutators.operator_if_exp(cast("cst.IfExp", node))


def _call(node: cst.Expr) -> Iterable[cst.CSTNode]:
    """A call for its effect is left out."""
    value = node.value.expression if isinstance(node.value, cst.Await) else node.value
    if isinstance(value, cst.Call):
        yield cst.Pass()


def _element(node: cst.Set | cst.List | cst.Dict) -> Iterable[cst.CSTNode]:
    """A row is missing from a table: one element each."""
    if isinstance(node, cst.Set) and len(node.elements) == 1:
        yield cst.parse_expression("set()")
        return
    for left_out in node.elements:
        yield node.with_changes(elements=[element for element in node.elements if element is not left_out])


def _is_noise(node: cst.CSTNode, wrong: cst.CSTNode) -> bool:
    """Whether a literal text is missing from an assignment or a call, or None stands for False, which is as false."""
    if isinstance(node, cst.Assign | cst.AnnAssign):
        return is_text(node.value) or _is_false(node.value)
    if isinstance(node, cst.Call) and isinstance(wrong, cst.Call):
        missing = [arg.value for arg in node.args if not any(arg is kept for kept in wrong.args)]
        is_replaced = len(node.args) == len(wrong.args)
        return any(is_text(value) or (is_replaced and _is_false(value)) for value in missing)
    return False


def _is_false(node: cst.CSTNode | None) -> bool:
    return isinstance(node, cst.Name) and node.value == "False"


def _name(operator: Operator) -> str:
    return operator.__name__.removeprefix("operator_").removeprefix("_").replace("_", " ")


_OURS: Final[Mapping[Operator, tuple[type[cst.CSTNode], ...]]] = {
    _guard: (cst.If, cst.CompIf),
    _call: (cst.Expr,),
    _element: (cst.Set, cst.List, cst.Dict),
}
_OPERATORS: Final = [
    *(
        (_name(operator), (kind,), operator)
        for kind, operator in mutators.mutation_operators
        if operator is not mutators.operator_string
    ),
    *((_name(operator), kinds, operator) for operator, kinds in _OURS.items()),
]
