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
from gatekeeper.cue.nodes import (
    Choice,
    ComputedValue,
    Equals,
    FieldEntry,
    ListNode,
    Never,
    Node,
    ScalarNode,
    StructNode,
    Validator,
)
from gatekeeper.cue.refusal import CircleError, CueError
from gatekeeper.cue.scalars import kind_of, kinds_of
from gatekeeper.cue.scopes import Frame, meaning
from gatekeeper.cue.syntax import (
    Binary,
    Expression,
    FunctionCall,
    IndexOf,
    Interpolation,
    ListLiteral,
    Mark,
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
class Spot:
    """Where an expression stands.

    Attributes:
        stack: the nodes of what leads to it, the document's first, its struct's last.
        guard: the guard that it is a condition of; None in a value.
        known: the guards of its struct of which it is known whether they hold, where the value counts.
        holding: those of them that do.
        making: the values that are being written, so that a circle is seen.
        equality: it is compared with `==` or `!=`, for which no type is wrong.
        base: a field of it is taken by its name, so that it may be a struct.
    """

    stack: Sequence[Node]
    guard: int | None = None
    known: frozenset[int] = frozenset()
    holding: frozenset[int] = frozenset()
    making: tuple[ComputedValue, ...] = ()
    equality: bool = False
    base: bool = False


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
            return f'{{"value": {regotext.value(known.value)}}}'
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
        node = _walk(place.stack[found.level], names, place, expression.line).node
        static = _static(node, expression.line) if node is not None else None
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

        With `whole`, a field of which the text says something may be of no other kind at all.

        Raises:
            CueError: it is not taken, or the text says that it is of another kind.
        """
        rego = self.rego(expression, frame, place)
        if isinstance(expression, Name) and (found := meaning(expression.name, frame)) and found.let is not None:
            return self.typed(found.let.value, found.frame, place, wanted, whole=whole)
        path = self._path(expression, frame)
        if path is not None and constant(expression, frame, self.imports) is None:
            node = _walk(place.stack[path[0].level], path[1], place, expression.line).node
            scalars = getattr(node, "branches", (node,))
            kinds = frozenset().union(*(_kinds(each) for each in scalars))
            if not kinds & wanted or (whole and kinds != EVERY_KIND and not kinds <= wanted):
                raise CueError(
                    expression.line,
                    f"`{'.'.join(path[1])}` is never a {' or '.join(sorted(wanted))}, which is asked for here",
                    wrong=True,
                )
        return rego

    def _name(self, expression: Name, frame: Frame, place: Spot) -> str:
        found = meaning(expression.name, frame)
        if found is None:
            raise CueError(expression.line, f'reference "{expression.name}" not found, or not taken here')
        if found.let is not None:
            return self.rego(found.let.value, found.frame, place)
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
        target = _walk(place.stack[frame.level], names, place, line)
        fallback = _UNKNOWN
        if target.node is not None:
            _refuse_open(target.node, names, place, line)
            static = _static(target.node, line)
            computed = [each for each in getattr(target.node, "checks", ()) if isinstance(each, ComputedValue)]
            if static is not None:
                if place.guard is None and isinstance(target.node, Choice):
                    raise CueError(line, "a text that is made of a default is not taken")
                fallback = f'{{"value": {regotext.value(static)}}}'
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


@dataclass(frozen=True)
class _Target:
    """What the text says of where a path leads; None where it says nothing."""

    node: Node | None
    optional: bool = False


def _kinds(node: Node | None) -> frozenset[str]:
    """The kinds of values that may fit a node."""
    match node:
        case ScalarNode():
            return EVERY_KIND.intersection(*(kinds_of(check) for check in node.checks))
        case ListNode():
            return _LIST
        case StructNode():
            return frozenset({"struct"})
    return EVERY_KIND


def _walk(node: Node | None, names: Sequence[str], place: Spot, line: int) -> _Target:
    optional = False
    here = place.stack[-1]
    for number, name in enumerate(names):
        if isinstance(node, Choice) and len(node.branches) == 1:
            node = node.branches[0]
        if node is None or (isinstance(node, ScalarNode) and not node.checks):
            return _Target(None)
        if isinstance(node, Choice) and not any(node.preferred):
            return _Target(None)
        if not isinstance(node, StructNode):
            raise CueError(line, f"`{'.'.join(names)}` leads through what is no plain struct")
        entry = node.fields.get(name)
        if entry is None:
            if node.closed:
                raise CueError(line, f"undefined field: {name}", wrong=True)
            return _Target(None)
        own = node is here and number == len(names) - 1
        if own and frozenset(entry.guards) <= place.known:
            holding = place.holding & frozenset(entry.guards)
            optional, node = optional or entry.marks[holding] is not Mark.REGULAR, entry.variants[holding]
            continue
        optional = optional or entry.mark is not Mark.REGULAR
        if entry.guards and not (own and _is_safe(name, entry, place, node, line)):
            raise CueError(line, f"`{'.'.join(names)}`, which depends on an `if`, is not taken here")
        node = entry.plain
    return _Target(node, optional)


def _refuse_open(node: Node, names: Sequence[str], place: Spot, line: int) -> None:
    """What has a value, or half of one, where the document lacks it: structs, lists, disjunctions without a default."""
    if place.base and isinstance(node, ScalarNode) and node.checks:
        raise CueError(line, f"a field of `{'.'.join(names)}`, which is no struct, is not taken")
    if place.base and not isinstance(node, StructNode) and _static(node, line) is not None:
        raise CueError(line, f"an item of `{'.'.join(names)}`, of which the text says something, is not taken")
    functions = isinstance(node, ScalarNode) and any(isinstance(each, Validator) for each in node.checks)
    if functions or (isinstance(node, StructNode | ListNode | Choice) and _static(node, line) is None):
        scalars = isinstance(node, Choice) and all(isinstance(each, ScalarNode) for each in node.branches)
        empty = isinstance(node, StructNode) and not (node.fields or node.patterns or node.closed or node.guards)
        if not ((scalars and place.equality) or (empty and place.base)):
            raise CueError(line, f"`{'.'.join(names)}` is a struct, a list or a disjunction, which is not taken here")


def _is_safe(name: str, entry: FieldEntry, place: Spot, node: StructNode, line: int) -> bool:
    """Whether no `if` gives a field a value where the document lacks it: it has the document's, or none."""
    if entry.plain is not None and _static(entry.plain, line) is not None:
        return False
    if place.guard is not None:
        return entry.guards == (place.guard,)
    return all(name in needed(node, guard) for guard in entry.guards)


def needed(node: StructNode, guard: int) -> frozenset[str]:  # noqa: C901 - a form a line
    """The fields of a struct without which a guard's condition is not known."""
    found: set[str] = set()
    waiting: list[Expression] = [condition for condition, _ in node.guards[guard].conditions]
    while waiting:
        each = waiting.pop()
        match each:
            case Name() if each.name not in found:
                found.add(each.name)
                entry = node.fields.get(each.name)
                if isinstance(entry, FieldEntry) and isinstance(entry.plain, ScalarNode):
                    checks = entry.plain.checks
                    if not any(isinstance(check, Equals) for check in checks):
                        waiting += [check.expression for check in checks if isinstance(check, ComputedValue)]
            case Selector():
                waiting.append(each.of)
            case IndexOf():
                waiting += [each.of, each.key]
            case Unary():
                waiting.append(each.operand)
            case Binary():
                waiting += [each.left, each.right]
            case Interpolation():
                waiting += [part for part in each.parts if not isinstance(part, str)]
            case FunctionCall():
                waiting += each.arguments
            case ListLiteral():
                waiting += each.items
    return frozenset(found)


def _static(node: Node, line: int) -> Any:  # noqa: ANN401 - a JSON value, null as `Null`
    """The value that a node has where the document says nothing; None where there is none."""
    match node:
        case ScalarNode():
            given = [check.value for check in node.checks if isinstance(check, Equals)]
            return regotext.NULL if given == [None] else (given[0] if given else None)
        case ListNode():
            items = [_static(each, line) for each in node.items]
            return None if any(each is None for each in items) else tuple(items)
        case Choice() if any(node.preferred):
            first = [each for each, preferred in zip(node.branches, node.preferred, strict=True) if preferred]
            if len(first) > 1 or isinstance(first[0], StructNode | Choice | Never):
                raise CueError(line, "such a default is not taken in a condition")
            return _static(first[0], line)
        case Choice() if len(node.branches) == 1:
            return _static(node.branches[0], line)
    return None


def _text(name: str) -> str:
    return f'{{"value": {regotext.value(name)}}}'
