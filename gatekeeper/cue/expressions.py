"""Expressions that are made of the document, in Rego.

Each becomes a Rego expression that comes to `{"value": x}`, to `{"unknown": true}` where the document lacks something
(CUE calls that incomplete, and passes it), or to `{"error": text}`. `here` are the values that lead to the place, the
document first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gatekeeper.cue import regotext
from gatekeeper.cue.constants import constant, packaged
from gatekeeper.cue.destinations import BYTES, kinds_of_node, needed, refuse_open, static_value, walk
from gatekeeper.cue.nodes import (
    Choice,
    ComputedValue,
    ScalarNode,
    StructNode,
)
from gatekeeper.cue.refusal import CircleError, CueError
from gatekeeper.cue.scalars import kind_of
from gatekeeper.cue.scopes import Frame, meaning
from gatekeeper.cue.spots import Spot
from gatekeeper.cue.syntax import (
    Binary,
    Expression,
    FunctionCall,
    IndexOf,
    Interpolation,
    ListLiteral,
    Name,
    Selector,
    Unary,
)
from gatekeeper.cue.words import EVERY_KIND
from provider.golang import regexp

_COMPARISONS: Final = frozenset({"==", "!=", "<", "<=", ">", ">="})
BOOL: Final = frozenset({"bool"})
_TEXT: Final = frozenset({"string"})
_LIST: Final = frozenset({"list"})
_LONG: Final = frozenset({"string", "bytes", "list", "struct"})
_KEY: Final = frozenset({"string", "int"})
_UNKNOWN: Final = '{"unknown": true}'
_TESTS: Final = {
    "strings.HasPrefix": "has_prefix",
    "strings.HasSuffix": "has_suffix",
    "strings.Contains": "has_text",
    "list.Contains": "has_item",
}


@dataclass(frozen=True)
class Expressions:
    """Writes expressions.

    Attributes:
        imports: paths of packages by name.
        made: writes what a field comes to that is made of the document itself, as a call.
    """

    imports: Mapping[str, str]
    made: Callable[[ComputedValue, Spot], str]

    def rego(self, expression: Expression, frame: Frame, place: Spot) -> str:  # noqa: PLR0911 - a form a line
        """An expression in Rego.

        Raises:
            CueError: it is not taken.
        """
        known = constant(expression, frame, self.imports)
        if known is not None:
            return _known(known.value, expression.line)
        match expression:
            case Name():
                return self._name(expression, frame, place)
            case Selector():
                path = self._path(expression, frame)
                if path is not None:
                    return self._reference(*path, place, expression.line)
                return f"cue.item({self.rego(expression.of, frame, place)}, {_text(expression.name)})"
            case IndexOf():
                return self._item(expression, frame, place)
            case Interpolation():
                parts = [
                    _text(each) if isinstance(each, str) else self.rego(each, frame, place) for each in expression.parts
                ]
                return f"cue.glued([{', '.join(parts)}])"
            case Unary(operator="!"):
                return f"cue.opposite({self.typed(expression.operand, frame, place, BOOL)})"
            case Binary():
                return self._binary(expression, frame, place)
            case FunctionCall():
                return self._call(expression, frame, place)
        raise CueError(expression.line, "such an expression is not taken")

    def refuse_constraints(self, expression: Expression, frame: Frame, place: Spot) -> None:
        """Refuse a value that is another field's where more is asked of that one: CUE takes that over too."""
        path = self._path(expression, frame)
        if path is None:
            return
        found, names = path
        node = walk(place.stack[found.level], names, place, expression.line).node
        static = static_value(node, expression.line) if node is not None else None
        if node is None or static is not None or (isinstance(node, ScalarNode) and not node.checks):
            return
        if isinstance(node, ScalarNode) and any(isinstance(each, ComputedValue) for each in node.checks):
            return
        raise CueError(expression.line, "a value that is another field's, which the text does not give, is not taken")

    def _item(self, expression: IndexOf, frame: Frame, place: Spot) -> str:
        of = self.rego(expression.of, frame, replace(place, base=True, equality=False))
        by = constant(expression.key, frame, self.imports)
        if by is not None and not isinstance(by.value, str) and (kind_of(by.value) != "int" or by.value < 0):
            raise CueError(expression.line, "an item by anything but a whole number or a text is not taken")
        key = self.typed(expression.key, frame, replace(place, base=False, equality=False), _KEY, whole=True)
        return f"cue.item({of}, {key})"

    def typed(
        self, expression: Expression, frame: Frame, place: Spot, wanted: frozenset[str], *, whole: bool = False
    ) -> str:
        """An expression in Rego where only values of some kinds fit; CUE sees a field of other kinds without a value.

        With `whole`, a field that the text names may be of no other kind at all: CUE asks that before the document.

        Raises:
            CueError: it is not taken, or the text says that it is of another kind.
        """
        rego = self.rego(expression, frame, place)
        if isinstance(expression, Name) and (found := meaning(expression.name, frame)) and found.let is not None:
            return self.typed(found.let.value, found.frame, place, wanted, whole=whole)
        path = self._path(expression, frame)
        if path is not None and constant(expression, frame, self.imports) is None:
            node = walk(place.stack[path[0].level], path[1], place, expression.line).node
            scalars = getattr(node, "branches", (node,))
            kinds = frozenset().union(*(kinds_of_node(each) for each in scalars))
            named, listed = ".".join(path[1]), " or ".join(sorted(wanted))
            if not kinds & wanted:
                raise CueError(expression.line, f"`{named}` is never a {listed}, which is asked for here", wrong=True)
            if whole and node is not None and not kinds <= wanted:
                raise CueError(expression.line, f"`{named}` may be something else than a {listed}: say its type")
        return rego

    def _name(self, expression: Name, frame: Frame, place: Spot) -> str:
        found = meaning(expression.name, frame)
        if found is None:
            raise CueError(expression.line, f'reference "{expression.name}" not found, or not taken here')
        if found.let is not None:
            return self.rego(found.let.value, found.frame, place)
        if found.fields[0].definition:
            raise CueError(expression.line, f"`{expression.name}`, or a part of it, is not taken here")
        return self._reference(found.frame, (expression.name,), place, expression.line)

    def _path(self, expression: Expression, frame: Frame) -> tuple[Frame, tuple[str, ...]] | None:
        """`a.b.c` as the struct that has `a`, and the names; None where it is something else."""
        names: list[str] = []
        while isinstance(expression, Selector):
            names.append(expression.name)
            expression = expression.of
        if not isinstance(expression, Name) or any(name.startswith(("#", "_")) for name in names):
            return None
        found = meaning(expression.name, frame)
        if found is None or found.let is not None or found.fields[0].definition:
            return None
        return found.frame, (expression.name, *reversed(names))

    def _reference(self, frame: Frame, names: Sequence[str], place: Spot, line: int) -> str:
        if frame.level >= len(place.stack):
            raise CueError(line, f"`{'.'.join(names)}` is not taken here")
        target = walk(place.stack[frame.level], names, place, line)
        fallback = _UNKNOWN
        if target.node is not None:
            refuse_open(target.node, names, place, line)
            static = static_value(target.node, line)
            computed = [each for each in getattr(target.node, "checks", ()) if isinstance(each, ComputedValue)]
            if static is not None:
                if place.guard is None and isinstance(target.node, Choice):
                    raise CueError(line, "a text that is made of a default is not taken")
                fallback = _known(static, line)
            elif computed:
                if len(names) > 1 or frame.level + 1 != len(place.stack):
                    raise CueError(line, f"`{'.'.join(names)}`, which is made of the input, is not taken here")
                fallback = self._made(computed[0], names[0], place, line)
        if fallback != _UNKNOWN and target.optional:
            raise CueError(line, f"`{'.'.join(names)}` has a value only where an optional field is there")
        return f"cue.reference(here[{frame.level}], {regotext.value(tuple(names))}, {fallback})"

    def _made(self, computed: ComputedValue, name: str, place: Spot, line: int) -> str:
        """What a field comes to; nothing where it is made of itself under an `if` that needs it from the document."""
        if computed not in place.making:
            return self.made(computed, place)
        here = place.stack[-1]
        if isinstance(here, StructNode) and any(name in needed(here, guard) for guard in place.holding):
            return _UNKNOWN
        raise CircleError(line, f"`{name}` is made of itself")

    def _binary(self, expression: Binary, frame: Frame, place: Spot) -> str:
        if expression.operator in {"&&", "||"}:
            sides = [self.typed(each, frame, place, BOOL) for each in (expression.left, expression.right)]
            return f"cue.{'both' if expression.operator == '&&' else 'either'}({sides[0]}, {sides[1]})"
        if expression.operator in {"=~", "!~"}:
            return self._match(expression, frame, place)
        equality = expression.operator in {"==", "!="}
        left, right = (
            self.rego(each, frame, replace(place, base=False, equality=equality and isinstance(each, Name | Selector)))
            for each in (expression.left, expression.right)
        )
        match expression.operator:
            case "+":
                return f"cue.sum({left}, {right})"
            case operator if operator in _COMPARISONS:
                return f"cue.compared({regotext.value(operator)}, {left}, {right})"
        raise CueError(expression.line, f"`{expression.operator}` is not taken here")

    def _match(self, expression: Binary, frame: Frame, place: Spot) -> str:
        pattern = constant(expression.right, frame, self.imports)
        if pattern is None or not isinstance(pattern.value, str):
            raise CueError(expression.line, f"`{expression.operator}` with a text that the policy does not give")
        if problem := regexp.problem(pattern.value):
            raise CueError(expression.line, f"invalid regexp: {problem}", wrong=True)
        text = self.rego(expression.left, frame, replace(place, base=False, equality=False))
        return f"cue.matched({regotext.value(expression.operator)}, {text}, {regotext.value(pattern.value)})"

    def _call(self, call: FunctionCall, frame: Frame, place: Spot) -> str:
        if isinstance(call.function, Name) and call.function.name == "len" and meaning("len", frame) is None:
            if len(call.arguments) != 1:
                raise CueError(call.line, "`len` takes one value", wrong=True)
            return f"cue.length({self.typed(call.arguments[0], frame, place, _LONG)})"
        name = packaged(call.function, frame, self.imports)
        if name == "strings.Join" and len(call.arguments) == 2 and isinstance(call.arguments[0], ListLiteral):  # noqa: PLR2004
            items, separator = call.arguments
            if isinstance(items, ListLiteral) and items.rest is None:
                parts = ", ".join(self.typed(each, frame, place, _TEXT) for each in items.items)
                return f"cue.joined([{parts}], {self.typed(separator, frame, place, _TEXT)})"
        if name in _TESTS and len(call.arguments) == 2:  # noqa: PLR2004
            wanted = (_LIST, EVERY_KIND) if name == "list.Contains" else (_TEXT, _TEXT)
            first, second = (
                self.typed(each, frame, place, kinds) for each, kinds in zip(call.arguments, wanted, strict=True)
            )
            return f"cue.{_TESTS[name]}({first}, {second})"
        raise CueError(call.line, f"the call of `{name or 'a function'}` is not taken here")


def _text(name: str) -> str:
    return f'{{"value": {regotext.value(name)}}}'


def _known(value: Any, line: int) -> str:  # noqa: ANN401 - a value of CUE's
    """A value that the text itself gives. Rego has no bytes, and CUE joins them with texts in ways of its own."""
    if _has_bytes(value):
        raise CueError(line, BYTES)
    return f'{{"value": {regotext.value(value)}}}'


def _has_bytes(value: Any) -> bool:  # noqa: ANN401 - a value of CUE's
    return isinstance(value, bytes) or (isinstance(value, tuple | list) and any(map(_has_bytes, value)))
