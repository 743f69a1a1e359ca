"""What is said of one struct, put together: its fields, the names that it allows, the parts that count sometimes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from gatekeeper.cue import scalars, writing
from gatekeeper.cue.nodes import (
    AllowedNames,
    Check,
    Equals,
    FieldEntry,
    GuardedPart,
    Matches,
    Never,
    Node,
    ScalarNode,
    StructNode,
    Validator,
)
from gatekeeper.cue.parts import Conjunct, StructPart
from gatekeeper.cue.refusal import CircleError, CueError
from gatekeeper.cue.scopes import Frame, StructNames
from gatekeeper.cue.syntax import (
    Binary,
    CueField,
    EmbeddedValue,
    Expression,
    Guard,
    Interpolation,
    Literal,
    Mark,
    Name,
    Pattern,
    Rest,
    Unary,
)
from provider.golang import regexp

# Guards that say something of the same field: each set of them that may count is a node of its own.
_GUARDS: Final = 4
_MAX: Final = "struct.MaxFields"


class NodeBuilder(Protocol):
    """Makes nodes of what is said of a place."""

    def node(self, said: Sequence[Conjunct], depth: int, *, late: bool = False) -> Node:
        """What is said of a place, put together."""
        ...

    def definition(self, field: CueField, part: StructPart, depth: int) -> Node:
        """A definition where it stands."""
        ...


@dataclass(frozen=True, eq=False)
class _Line:
    """A field as one struct's text has it, perhaps in a guard."""

    field: CueField
    said: Conjunct
    guard: int | None


def labels(part: StructPart) -> frozenset[str]:
    """The fields that a struct's text names, those that count sometimes too."""
    return frozenset(
        field.name for field, _ in _fields(part.struct.declarations) if not (field.definition or field.hidden)
    )


def nests(part: StructPart, name: str) -> bool:
    """Whether what it says of a field may be a struct."""
    plain = Literal | Unary | Interpolation
    return any(
        field.name == name and not isinstance(field.value, plain) and not _is_type(field.value)
        for field, _ in _fields(part.struct.declarations)
    )


def _is_type(expression: Expression) -> bool:
    if isinstance(expression, Binary):
        return all(_is_type(each) or isinstance(each, Literal | Unary) for each in (expression.left, expression.right))
    return isinstance(expression, Name) and expression.name in {"string", "int", "bool", "number", "float"}


def _fields(declarations: Iterable[object], guarded: bool = False) -> Iterator[tuple[CueField, bool]]:  # noqa: FBT001, FBT002
    for each in declarations:
        if isinstance(each, CueField):
            yield each, guarded
        elif isinstance(each, Guard):
            yield from _fields(each.body.declarations, guarded=True)


def structure(
    builder: NodeBuilder, parts: Sequence[StructPart], checks: tuple[Check, ...], depth: int, *, late: bool
) -> Node:
    """A struct of all that is said of it.

    Raises:
        CueError: what is not taken.
    """
    parts = list(dict.fromkeys(parts))
    guards: list[GuardedPart] = []
    lines: list[_Line] = []
    for part in parts:
        lines += _lines(part, part.frame, part.struct.declarations, guards, ())
    patterns = [(_names(each, part), part) for part in parts for each in _patterns(part)]
    said_of: dict[str, list[_Line]] = {}
    for line in lines:
        said_of.setdefault(line.field.name, []).append(line)
    closed = tuple(_closed(parts))
    fields: dict[str, FieldEntry] = {}
    for name, found in said_of.items():
        also = [said for (tests, said), _ in patterns if _fits(name, tests, said.expression.line)]
        entry = _entry(builder, found, also, depth, late=late)
        never = _never(name, entry, closed, found[0].field.line)
        if never is not None:
            return never
        fields[name] = entry
    if guards:
        _refuse_new_names(said_of, closed)
    if checks and (guards or closed):
        raise CueError(parts[0].struct.line, "a function for a struct that is closed or has an `if` is not taken")
    if (too_many := _too_many(fields, checks)) is not None:
        return too_many
    others = tuple((tests, builder.node((said,), depth + 1, late=True)) for (tests, said), _ in patterns)
    text = writing.text(parts[0].struct) if len(parts) == 1 else ""
    definitions = tuple(_definitions(builder, parts, depth))
    conditional = bool(guards) and all(_is_conditional(part) for part in parts)
    if conditional:
        _refuse_required(lines)
    return StructNode(fields, others, closed, tuple(guards), checks, text, definitions, conditional)


def _is_conditional(part: StructPart) -> bool:
    """Whether a struct's text has guards or embeds something, and no field that is there whatever they say."""
    declared = part.struct.declarations
    return any(isinstance(each, Guard | EmbeddedValue) for each in declared) and not any(
        isinstance(each, CueField) and each.mark is Mark.REGULAR and not (each.definition or each.hidden)
        for each in declared
    )


def _refuse_required(lines: Sequence[_Line]) -> None:
    """Whether CUE takes another value for a struct with a required field depends on what its guards say of that one."""
    for line in lines:
        if line.field.mark is Mark.REQUIRED:
            raise CueError(line.field.line, f"`{line.field.name}!` in a struct that has no other fields but under `if`")


def _never(name: str, entry: FieldEntry, closed: Sequence[AllowedNames], line: int) -> Never | None:
    """Why nothing fits a struct with such a field; None where something may."""
    forbidden = any(not _allows(each, name) for each in closed)
    if forbidden and any(mark is not Mark.OPTIONAL for mark in entry.marks.values()):
        if frozenset(entry.marks) != {frozenset()}:
            raise CueError(line, f"`{name}` under `if` in a closed struct is not taken")
        if entry.mark is Mark.REQUIRED:
            raise CueError(line, f"`{name}!` in a closed struct that has no such field is not taken")
        return Never("field not allowed", (writing.label(name),))
    if not isinstance(entry.plain, Never):
        return None
    if entry.mark is Mark.REQUIRED:
        # Whether CUE holds it against a document without the field depends on where it stands.
        raise CueError(line, f"nothing ever fits `{name}!`: {entry.plain.said}")
    return entry.plain.below(writing.label(name)) if entry.mark is Mark.REGULAR else None


def _too_many(fields: Mapping[str, FieldEntry], checks: Sequence[Check]) -> Never | None:
    """Why a struct that has more fields by its text than a function allows fits nothing; None where it has not."""
    count = sum(entry.mark is Mark.REGULAR for entry in fields.values())
    for each in checks:
        if isinstance(each, Validator) and each.name == _MAX and count > each.arguments[0]:
            return Never(f"invalid value (does not satisfy {_MAX}({each.arguments[0]})): {count} fields")
    return None


def _definitions(builder: NodeBuilder, parts: Sequence[StructPart], depth: int) -> Iterator[tuple[str, Node]]:
    for part in parts:
        for each in part.struct.declarations:
            if isinstance(each, CueField) and each.definition and each not in part.entered:
                yield each.name, builder.definition(each, part, depth)


def _refuse_new_names(said_of: dict[str, list[_Line]], closed: Sequence[AllowedNames]) -> None:
    """Whether a closed struct may have a field that counts sometimes only depends on the order in which CUE looks."""
    for name, found in said_of.items():
        if all(line.guard is not None for line in found) and any(name in each.labels for each in closed):
            raise CueError(found[0].field.line, f"`{name}` under `if` only, in a closed struct, is not taken")


def _lines(
    part: StructPart,
    frame: Frame,
    declarations: Iterable[object],
    guards: list[GuardedPart],
    conditions: tuple[tuple[Expression, Frame], ...],
) -> Iterator[_Line]:
    here = None
    if conditions:
        here = len(guards)
        names = frozenset(each.name for each in declarations if isinstance(each, CueField))
        told = list(declarations)
        structure = not told or any(not isinstance(each, Guard) for each in told)
        guards.append(GuardedPart(tuple(conditions), names, structure))
    for each in declarations:
        if isinstance(each, CueField):
            if (each.definition or each.hidden) and not conditions:
                continue
            if each.definition or each.hidden or (conditions and each.mark is not Mark.REGULAR):
                raise CueError(each.line, "only regular fields are taken under `if`")
            yield _Line(each, Conjunct(each.value, frame, part.deep, part.entered), here)
        elif isinstance(each, Guard):
            inner = Frame(StructNames(each.body), frame.level, frame)
            more = tuple((condition, frame) for condition in each.conditions)
            yield from _lines(part, inner, each.body.declarations, guards, (*conditions, *more))
        elif conditions:
            raise CueError(each.line if hasattr(each, "line") else 1, "only fields are taken under `if`")


def _entry(
    builder: NodeBuilder, lines: Sequence[_Line], patterns: Sequence[Conjunct], depth: int, *, late: bool
) -> FieldEntry:
    guards = tuple(dict.fromkeys(line.guard for line in lines if line.guard is not None))
    if len(guards) > _GUARDS:
        raise CueError(lines[0].field.line, f"more than {_GUARDS} `if`s about one field are not taken")
    variants: dict[frozenset[int], Node | None] = {}
    marks: dict[frozenset[int], Mark] = {}
    for size in range(len(guards) + 1):
        for holding in itertools.combinations(guards, size):
            count = [line for line in lines if line.guard is None or line.guard in holding]
            key = frozenset(holding)
            said = [*(line.said for line in count), *patterns]
            variants[key] = _variant(builder, said, depth, late=late, guarded=bool(holding)) if count else None
            marks[key] = _mark(count)
    return FieldEntry(marks[frozenset()], guards, variants, marks)


def _variant(builder: NodeBuilder, said: Sequence[Conjunct], depth: int, *, late: bool, guarded: bool) -> Node:
    try:
        return builder.node(said, depth + 1, late=late or guarded)
    except CircleError:
        # A field that an `if` makes of itself is an error of CUE's wherever the condition holds.
        if not guarded:
            raise
        return Never("structural cycle")


def _mark(lines: Sequence[_Line]) -> Mark:
    given = {line.field.mark for line in lines}
    if Mark.REGULAR in given:
        return Mark.REGULAR
    return Mark.REQUIRED if Mark.REQUIRED in given else Mark.OPTIONAL


def _patterns(part: StructPart) -> Iterator[Pattern]:
    return (each for each in part.struct.declarations if isinstance(each, Pattern))


def _names(pattern: Pattern, part: StructPart) -> tuple[tuple[Check, ...], Conjunct]:
    """What is asked of a name, and what is said of the fields that have it."""
    names = pattern.names
    tests: tuple[Check, ...]
    if isinstance(names, Name) and names.name == "string":
        tests = ()
    elif isinstance(names, Literal) and isinstance(names.value, str):
        tests = (Equals(names.value),)
    elif (found := _expression_of_names(names)) is not None:
        operator, text = found
        if problem := regexp.problem(text):
            raise CueError(pattern.line, f"invalid regexp: {problem}", wrong=True)
        tests = (Matches(operator, text),)
    else:
        raise CueError(pattern.line, "a pattern of names that is not `string`, a text, `=~` or `!~` is not taken")
    return tests, Conjunct(pattern.value, part.frame, part.deep, part.entered)


def _expression_of_names(names: Expression) -> tuple[str, str] | None:
    """The operator and the expression of `[=~"…"]` and `[!~"…"]`; None of another pattern."""
    if not isinstance(names, Unary) or names.operator not in {"=~", "!~"} or not isinstance(names.operand, Literal):
        return None
    return (names.operator, names.operand.value) if isinstance(names.operand.value, str) else None


def _fits(name: str, tests: Sequence[Check], line: int) -> bool:
    return all(isinstance(scalars.joined((Equals(name), test), line, late=False), ScalarNode) for test in tests)


def _closed(parts: Sequence[StructPart]) -> Iterator[AllowedNames]:
    for group in sorted({group for part in parts for group in part.groups}):
        within = [part for part in parts if group in part.groups]
        allowing = list(dict.fromkeys([*within, *(other for part in within for other in part.beside)]))
        if any(_open(part) for part in allowing):
            continue
        names = frozenset().union(*(labels(part) for part in allowing))
        tests = tuple(_names(each, part)[0] for part in allowing for each in _patterns(part))
        yield AllowedNames(names, tests)


def _open(part: StructPart) -> bool:
    return any(isinstance(each, Rest) for each in part.struct.declarations)


def _allows(allowed: AllowedNames, name: str) -> bool:
    return name in allowed.labels or any(_fits(name, tests, 1) for tests in allowed.patterns)
