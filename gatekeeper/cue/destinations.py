"""What the text says of where a path leads, and whether that may be asked where the document has nothing there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.cue import regotext
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
from gatekeeper.cue.refusal import CueError
from gatekeeper.cue.scalars import kind_of, kinds_of
from gatekeeper.cue.spots import Spot
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

BYTES: Final = "bytes (`'…'`) in a condition, or in what is made of others, are not taken"


@dataclass(frozen=True)
class Destination:
    """What the text says of where a path leads; None where it says nothing."""

    node: Node | None
    optional: bool = False


def kinds_of_node(node: Node | None) -> frozenset[str]:
    """The kinds of values that may fit a node."""
    match node:
        case ScalarNode():
            return EVERY_KIND.intersection(*(kinds_of(check) for check in node.checks))
        case ListNode():
            return frozenset({"list"})
        case StructNode():
            return frozenset({"struct"})
    return EVERY_KIND


def walk(node: Node | None, names: Sequence[str], place: Spot, line: int) -> Destination:
    """Follows names from a struct.

    Raises:
        CueError: what the text says on the way is not taken.
    """
    optional = False
    here = place.stack[-1]
    for number, name in enumerate(names):
        if isinstance(node, Choice) and len(node.branches) == 1:
            node = node.branches[0]
        if node is None or (isinstance(node, ScalarNode) and not node.checks):
            return Destination(None)
        if isinstance(node, Choice) and not any(node.preferred):
            _refuse_ways(node, name, line)
            return Destination(None)
        if not isinstance(node, StructNode):
            raise CueError(line, f"`{'.'.join(names)}` leads through what is no plain struct")
        entry = node.fields.get(name)
        if entry is None:
            if node.closed:
                raise CueError(line, f"undefined field: {name}", wrong=True)
            return Destination(None)
        own = node is here and number == len(names) - 1
        if own and frozenset(entry.guards) <= place.known:
            holding = place.holding & frozenset(entry.guards)
            optional, node = optional or entry.marks[holding] is not Mark.REGULAR, entry.variants[holding]
            continue
        optional = optional or entry.mark is not Mark.REGULAR
        if entry.guards and not (own and is_safe(name, entry, place, node, line)):
            raise CueError(line, f"`{'.'.join(names)}`, which depends on an `if`, is not taken here")
        node = entry.plain
    return Destination(node, optional)


def _refuse_ways(node: Choice, name: str, line: int) -> None:
    """Which way CUE goes depends on the document, and with it the value that a way gives the field."""
    for way in node.branches:
        if isinstance(way, Choice) or (isinstance(way, StructNode) and (name in way.fields or way.closed)):
            raise CueError(line, f"`{name}` of a disjunction that says something of it is not taken")


def refuse_open(node: Node, names: Sequence[str], place: Spot, line: int) -> None:
    """What has a value, or half of one, where the document lacks it: structs, lists, disjunctions without a default."""
    if place.base and isinstance(node, ScalarNode) and node.checks:
        raise CueError(line, f"a field of `{'.'.join(names)}`, which is no struct, is not taken")
    if place.base and not isinstance(node, StructNode) and static_value(node, line) is not None:
        raise CueError(line, f"an item of `{'.'.join(names)}`, of which the text says something, is not taken")
    functions = isinstance(node, ScalarNode) and any(isinstance(each, Validator) for each in node.checks)
    if functions or (isinstance(node, StructNode | ListNode | Choice) and static_value(node, line) is None):
        scalars = isinstance(node, Choice) and all(isinstance(each, ScalarNode) for each in node.branches)
        empty = isinstance(node, StructNode) and not (node.fields or node.patterns or node.closed or node.guards)
        if not ((scalars and place.equality) or (empty and place.base)):
            raise CueError(line, f"`{'.'.join(names)}` is a struct, a list or a disjunction, which is not taken here")


def is_safe(name: str, entry: FieldEntry, place: Spot, node: StructNode, line: int) -> bool:
    """Whether no `if` gives a field a value where the document lacks it: it has the document's, or none."""
    if entry.plain is not None and static_value(entry.plain, line) is not None:
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


def static_value(node: Node, line: int) -> Any:  # noqa: ANN401 - a JSON value, null as `Null`
    """The value that a node has where the document says nothing; None where there is none."""
    match node:
        case ScalarNode():
            if kinds_of_node(node) == {"bytes"}:
                raise CueError(line, BYTES)
            given = [check.value for check in node.checks if isinstance(check, Equals)]
            return regotext.NULL if given == [None] else (given[0] if given else None)
        case ListNode():
            items = [static_value(each, line) for each in node.items]
            return None if any(each is None for each in items) else tuple(items)
        case Choice() if any(node.preferred):
            first = [each for each, preferred in zip(node.branches, node.preferred, strict=True) if preferred]
            if len(first) > 1 or isinstance(first[0], StructNode | Choice | Never):
                raise CueError(line, "such a default is not taken in a condition")
            return static_value(first[0], line)
        case Choice() if len(node.branches) == 1:
            return static_value(node.branches[0], line)
        case Choice() if all(isinstance(each, ScalarNode) for each in node.branches):
            # `1 | 1` is 1 to CUE.
            given = [static_value(each, line) for each in node.branches]
            alike = None not in given and len({(kind_of(each), each) for each in given}) == 1
            return given[0] if alike else None
    return None
