"""From the parts of a text to its nodes: definitions in their places, what is said twice of one place put together.

A disjunction is multiplied out over what is joined with it (`(a | b) & c` is `a & c | b & c`), so that fields which a
document lacks are judged as CUE does. What CUE would find wrong without any document is `Never`; where it is not sure
what CUE would find, the text is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from gatekeeper.cue import embedding, scalars, structures, words, writing
from gatekeeper.cue.checks import checks_of
from gatekeeper.cue.constants import constant
from gatekeeper.cue.declared import refuse_undeclared
from gatekeeper.cue.hidden import hidden_constants
from gatekeeper.cue.nodes import (
    Check,
    Choice,
    ComputedValue,
    Equals,
    ListNode,
    Never,
    Node,
    ScalarNode,
    StructNode,
    Validator,
)
from gatekeeper.cue.parts import ClosingPart, Conjunct, Disjuncts, ListPart, Part, StructPart, Way
from gatekeeper.cue.refusal import CueError
from gatekeeper.cue.scopes import Frame, NameMeaning, StructNames, meaning
from gatekeeper.cue.syntax import (
    Binary,
    CueField,
    EmbeddedValue,
    Expression,
    File,
    FunctionCall,
    Guard,
    Let,
    ListLiteral,
    Mark,
    Name,
    Rest,
    Selector,
    StructLiteral,
    Unary,
)
from gatekeeper.cue.walking import walked
from provider.limits import CUE_BRANCHES, CUE_DEPTH, CUE_PARTS

_MIN: Final = "list.MinItems"


def built(file: File) -> Node:
    """The node of a whole text.

    Raises:
        CueError: what is not taken, or that nothing can ever fit.
    """
    imports: dict[str, str] = {}
    for each in file.imports:
        if each.path not in words.PACKAGES:
            raise CueError(each.line, f'the package "{each.path}" is not taken')
        if each.name in imports:
            raise CueError(each.line, f"{each.name} redeclared as imported package name", wrong=True)
        if each.name in words.TYPES:
            raise CueError(each.line, f"`{each.name}` as the name of an import is not taken")
        imports[each.name] = each.path
    builder = Builder(imports)
    node = builder.whole(file.content)
    builder.check_use(file)
    refuse_undeclared(file.content, imports)
    return node


@dataclass
class Builder:
    """Builds nodes, and counts them."""

    imports: Mapping[str, str]
    parts: int = 0
    groups: Iterator[int] = field(default_factory=itertools.count)
    used: set[object] = field(default_factory=set)
    hidden: frozenset[CueField] = frozenset()

    def whole(self, content: StructLiteral) -> Node:
        """The node of the whole document."""
        outermost = Frame(StructNames(StructLiteral(content.line, ())), 0)
        self.hidden = hidden_constants(content, self.imports)
        node = self.node((Conjunct(content, outermost),), 0)
        if isinstance(node, Never):
            raise CueError(content.line, f"no document ever complies: {node.said}")
        if not isinstance(node, StructNode):
            raise CueError(content.line, "a text that is a disjunction, or no struct, is not taken")
        if node.guards:
            raise CueError(node.guards[0].conditions[0][0].line, "`if` outside of all fields is not taken")
        return node

    def check_use(self, file: File) -> None:
        """CUE refuses imports and `let`s that nothing uses."""
        for each in file.imports:
            if each.name not in self.used:
                raise CueError(each.line, f'imported and not used: "{each.path}"', wrong=True)

    # ---- a place

    def node(self, said: Sequence[Conjunct], depth: int, *, late: bool = False) -> Node:
        """What is said of a place, put together."""
        line = said[0].expression.line if said else 1
        self._count(line)
        if depth > CUE_DEPTH:
            raise CueError(line, f"definitions nest deeper than {CUE_DEPTH}")
        ways = Disjuncts((Way(()),))
        for each in said:
            ways = self._both(ways, self._ways(each, depth), line)
        nodes = [(self._joined(way.parts, depth, line, late=late), way.preferred) for way in ways.all]
        if len(nodes) == 1:
            return nodes[0][0]
        living = [(node, preferred) for node, preferred in nodes if not isinstance(node, Never)]
        if not living:
            return Never(f"{len(nodes)} errors in empty disjunction:")
        return Choice(
            tuple(node for node, _ in living), tuple(preferred and ways.marked for _, preferred in living), len(nodes)
        )

    def _count(self, line: int, more: int = 1) -> None:
        self.parts += more
        if self.parts > CUE_PARTS:
            raise CueError(line, f"the text comes to more than {CUE_PARTS} parts, definitions in their places")

    # ---- disjunctions

    def _both(self, left: Disjuncts, right: Disjuncts, line: int) -> Disjuncts:
        if len(left.all) * len(right.all) > CUE_BRANCHES:
            raise CueError(line, f"a disjunction with more than {CUE_BRANCHES} ways is not taken")
        self._count(line, len(left.all) * len(right.all))
        return Disjuncts(
            tuple(
                Way(
                    (*one.parts, *other.parts),
                    (one.preferred or not left.marked) and (other.preferred or not right.marked),
                )
                for one in left.all
                for other in right.all
            ),
            left.marked or right.marked,
        )

    def _either(self, expression: Binary, said: Conjunct, depth: int) -> Disjuncts:
        operands = list(_operands(expression, "|"))
        if len(operands) > CUE_BRANCHES:
            raise CueError(expression.line, f"a disjunction with more than {CUE_BRANCHES} ways is not taken")
        starred = [isinstance(each, Unary) and each.operator == "*" for each in operands]
        found: list[Way] = []
        marked = any(starred)
        for each, star in zip(operands, starred, strict=True):
            plain = each.operand if star and isinstance(each, Unary) else each
            ways = self._ways(replace(said, expression=plain), depth)
            if ways.marked and (any(starred) or len(operands) > 1):
                raise CueError(each.line, "a default within a disjunction within another is not taken")
            found += [replace(way, preferred=star) for way in ways.all]
        if len(found) > CUE_BRANCHES:
            raise CueError(expression.line, f"a disjunction with more than {CUE_BRANCHES} ways is not taken")
        return Disjuncts(tuple(found), marked)

    def _ways(self, said: Conjunct, depth: int) -> Disjuncts:  # noqa: PLR0911 - a form a line
        """The ways of one expression."""
        expression = said.expression
        self._count(expression.line)
        match expression:
            case Binary(operator="&"):
                left = self._ways(replace(said, expression=expression.left), depth)
                return self._both(left, self._ways(replace(said, expression=expression.right), depth), expression.line)
            case Binary(operator="|"):
                return self._either(expression, said, depth)
            case StructLiteral():
                return self._struct_ways(expression, said, depth)
            case ListLiteral():
                return Disjuncts((Way((ListPart(expression, said),)),))
            case Name():
                return self._name_ways(expression, said, depth)
            case FunctionCall() if isinstance(expression.function, Name) and expression.function.name == "close":
                return self._closed(expression, said, depth)
            case FunctionCall() if isinstance(expression.function, Name) and expression.function.name == "or":
                return self._one_of(expression, said)
            case _:
                return Disjuncts((Way(_closing(tuple(checks_of(expression, said, self.imports)), said)),))

    def _one_of(self, call: FunctionCall, said: Conjunct) -> Disjuncts:
        """`or(["a", "b"])`, of values that the text gives."""
        listed = constant(call.arguments[0], said.frame, self.imports) if len(call.arguments) == 1 else None
        if meaning("or", said.frame) is not None or listed is None or not isinstance(listed.value, tuple):
            raise CueError(call.line, "`or` of what the text does not give is not taken")
        if not 0 < len(listed.value) <= CUE_BRANCHES or not all(isinstance(each, str) for each in listed.value):
            raise CueError(call.line, f"`or` of anything but 1 to {CUE_BRANCHES} texts is not taken")
        return Disjuncts(tuple(Way((Equals(each),)) for each in listed.value))

    def _closed(self, call: FunctionCall, said: Conjunct, depth: int) -> Disjuncts:
        if len(call.arguments) != 1 or meaning("close", said.frame) is not None:
            raise CueError(call.line, "`close` takes one struct")
        group = next(self.groups)
        ways = self._ways(replace(said, expression=call.arguments[0]), depth)
        if len(ways.all) > 1:
            raise CueError(call.line, "`close` of a disjunction is not taken")
        found = []
        for way in ways.all:
            parts = tuple(embedding.in_group(part, group) for part in way.parts)
            if not parts or not all(isinstance(part, StructPart) for part in parts):
                raise CueError(call.line, "`close` of anything but a struct is not taken")
            declared = [each for part in parts if isinstance(part, StructPart) for each in part.struct.declarations]
            if any(isinstance(each, Guard) for each in declared) and any(isinstance(each, Rest) for each in declared):
                # CUE 0.15.4 loses what is in conflict there.
                raise CueError(call.line, "`close` of a struct that `...` opens and that has an `if` is not taken")
            found.append(replace(way, parts=parts))
        return replace(ways, all=tuple(found))

    # ---- names

    def _name_ways(self, expression: Name, said: Conjunct, depth: int) -> Disjuncts:
        found = meaning(expression.name, said.frame)
        if found is None:
            if expression.name in words.TYPES:
                return Disjuncts((Way(_closing(words.TYPES[expression.name], said)),))
            raise self._unknown(expression)
        if found.let is not None:
            self.used.add(found.let)
            target: object = found.let
            self._enter(target, said, expression)
            entered = (*said.entered, target)
            ways = self._ways(Conjunct(found.let.value, found.frame, said.groups, entered), depth)
            if any(not isinstance(part, Equals) for way in ways.all for part in way.parts):
                return self._let_of_more(ways, said, expression)
            return ways
        if found.fields[0].definition:
            return self._definition_ways(expression, found, said, depth)
        return self._field_ways(expression, found, said)

    def _let_of_more(self, ways: Disjuncts, said: Conjunct, expression: Name) -> Disjuncts:
        if said.groups and any(isinstance(part, StructPart) for way in ways.all for part in way.parts):
            raise CueError(expression.line, "a `let` of a struct in a definition is not taken")
        return ways

    def _definition_ways(self, expression: Name, found: NameMeaning, said: Conjunct, depth: int) -> Disjuncts:
        target = found.fields[0]
        self._enter(target, said, expression)
        group = frozenset({next(self.groups)})
        entered = (*said.entered, target)
        ways = Disjuncts((Way(()),))
        for each in found.fields:
            ways = self._both(
                ways, self._ways(Conjunct(each.value, found.frame, group, entered), depth), expression.line
            )
        return ways

    def _enter(self, target: object, said: Conjunct, expression: Name) -> None:
        if target in said.entered:
            raise CueError(expression.line, f"`{expression.name}` contains itself, which is not taken")
        if len(said.entered) > CUE_DEPTH:
            raise CueError(expression.line, f"definitions nest deeper than {CUE_DEPTH}")

    def _field_ways(self, expression: Name, found: NameMeaning, said: Conjunct) -> Disjuncts:
        """`x: x` says nothing; another field counts where it has one value, or one that is made of the document."""
        if any(each.value is expression for each in found.fields):
            return Disjuncts((Way(()),))
        return Disjuncts((Way(tuple(checks_of(expression, said, self.imports))),))

    def _unknown(self, expression: Name) -> CueError:
        name = expression.name
        if name in words.UNTAKEN or name in self.imports:
            return CueError(expression.line, f"`{name}` is not taken here")
        return CueError(expression.line, f'reference "{name}" not found', wrong=True)

    # ---- structs

    def _struct_ways(self, struct: StructLiteral, said: Conjunct, depth: int) -> Disjuncts:
        frame = Frame(StructNames(struct), depth, said.frame)
        self._look_over(struct, frame)
        own = StructPart(struct, frame, said.groups, said.groups, said.entered)
        embedded = [
            self._ways(Conjunct(each.value, frame, said.groups, said.entered), depth)
            for each in struct.declarations
            if isinstance(each, EmbeddedValue)
        ]
        if not embedded:
            return Disjuncts((Way((own,)),))
        ways = Disjuncts((Way(()),))
        for each in embedded:
            ways = self._both(ways, each, struct.line)
        found = [replace(way, parts=embedding.embedded(own, way.parts, len(embedded), struct.line)) for way in ways.all]
        return replace(ways, all=tuple(found))

    def _look_over(self, struct: StructLiteral, frame: Frame) -> None:
        """What is refused in any struct."""
        names: set[str] = set()
        for each in struct.declarations:
            if isinstance(each, CueField) and not each.quoted:
                self._look_over_name(each)
            if isinstance(each, Let):
                if each.name in names or each.name in frame.scope.fields:
                    raise CueError(each.line, f"`{each.name}` is declared twice", wrong=True)
                names.add(each.name)
                if not embedding.mentions(struct, each):
                    raise CueError(each.line, f"unreferenced alias or let clause {each.name}", wrong=True)
            self._note_imports(each)

    def _look_over_name(self, each: CueField) -> None:
        if each.hidden and each not in self.hidden:
            quoted = f'"{each.name}"'
            raise CueError(
                each.line,
                f"`{each.name}` is hidden in CUE and meets no field of the input: write {quoted}, or remove it",
            )
        if each.definition and each.mark is not Mark.REGULAR:
            raise CueError(each.line, "a definition with `?` or `!` is not taken")

    def definition(self, field: CueField, part: StructPart, depth: int) -> Node:
        """A definition where it stands; CUE judges it even where nothing uses it."""
        group = frozenset({next(self.groups)})
        node = self.node((Conjunct(field.value, part.frame, group, (*part.entered, field)),), depth + 1)
        if isinstance(node, Never):
            raise CueError(field.line, f"nothing ever fits `{field.name}`: {node.said}")
        return node

    def _note_imports(self, declaration: object) -> None:
        for each in walked(declaration):
            if isinstance(each, Selector) and isinstance(each.of, Name) and each.of.name in self.imports:
                self.used.add(each.of.name)

    # ---- putting together

    def _joined(self, parts: Sequence[Part], depth: int, line: int, *, late: bool) -> Node:
        structs = [part for part in parts if isinstance(part, StructPart)]
        lists = [part for part in parts if isinstance(part, ListPart)]
        checks = [part for part in parts if not isinstance(part, StructPart | ListPart | ClosingPart)]
        _refuse_closed_by_less(parts, structs, line)
        if not structs and not lists:
            return scalars.joined(checks, line, late=late)
        kind = "struct" if structs else "list"
        if structs and lists:
            return Never("conflicting values of a list and a struct (mismatched types list and struct)")
        for check in checks:
            if isinstance(check, ComputedValue):
                raise CueError(line, "a struct or a list and a value that is made of the input for one place")
            if kind not in scalars.kinds_of(check):
                return Never(
                    f"conflicting values (mismatched types {kind} and {'|'.join(sorted(scalars.kinds_of(check)))})"
                )
        if structs:
            return structures.structure(self, structs, tuple(checks), depth, late=late)
        return self._listing(lists, tuple(checks), depth, line, late=late)

    def _listing(
        self, lists: Sequence[ListPart], checks: tuple[Check, ...], depth: int, line: int, *, late: bool
    ) -> Node:
        closed = {len(each.list.items) for each in lists if each.list.rest is None}
        longest = max(len(each.list.items) for each in lists)
        if len(closed) > 1 or (closed and min(closed) < longest):
            return Never(f"incompatible list lengths ({min(closed)} and {longest})")
        if checks and (longest or any(isinstance(each, Validator) and each.name == "list.Contains" for each in checks)):
            raise CueError(line, "a list with items and a function for one place is not taken")
        items = []
        for place in range(longest):
            said = [found for each in lists if (found := _item(each, place)) is not None]
            # What comes of `...T` is said late.
            items.append(self.node(said, depth + 1, late=late or any(place >= len(each.list.items) for each in lists)))
        never = [(place, item) for place, item in enumerate(items) if isinstance(item, Never)]
        if never:
            return never[0][1].below(str(never[0][0]))
        if closed:
            wanted = max(
                (each.arguments[0] for each in checks if isinstance(each, Validator) and each.name == _MIN), default=0
            )
            if wanted > 0:
                # Checks and items exclude each other: it is empty.
                return Never(f"invalid value [] (does not satisfy {_MIN}({wanted}))")
            return ListNode(tuple(items), None, checks, text=_list_text(lists))
        rest = [found for each in lists if (found := _item(each, longest)) is not None]
        node = self.node(rest, depth + 1, late=True) if rest else ScalarNode()
        return ListNode(tuple(items), node, checks, text=_list_text(lists))


def _closing(checks: tuple[Check, ...], said: Conjunct) -> tuple[Part, ...]:
    """What is said of a value in a definition: where it may be a struct, that one is closed."""
    if said.groups and all("struct" in scalars.kinds_of(each) for each in checks):
        return (*checks, ClosingPart(said.groups))
    return checks


def _refuse_closed_by_less(parts: Sequence[Part], structs: Sequence[StructPart], line: int) -> None:
    """A definition that may be any struct closes the one that it meets; how, depends on what else is said of it."""
    closing = [part for part in parts if isinstance(part, ClosingPart)]
    if closing and any(isinstance(part, Validator) for part in parts):
        raise CueError(line, "a function for a struct in a definition is not taken")
    if any(not each.groups <= part.groups for each in closing for part in structs):
        raise CueError(line, "a struct beside a definition that may be any struct is not taken")


def _item(part: ListPart, place: int) -> Conjunct | None:
    if place < len(part.list.items):
        return replace(part.said, expression=part.list.items[place])
    if part.list.rest is None or (part.list.rest.value is None and not part.said.groups):
        return None
    # In a definition `[...]` closes structs as `[..._]` does.
    return replace(part.said, expression=part.list.rest.value or Name(part.list.line, "_"))


def _list_text(lists: Sequence[ListPart]) -> str:
    if len(lists) > 1:
        return ""
    return writing.text(lists[0].list)


def _operands(expression: Expression, operator: str) -> Iterator[Expression]:
    """The operands of a chain of one operator, in their order; long chains lean to the left."""
    waiting = [expression]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Binary) and each.operator == operator:
            waiting += [each.right, each.left]
        else:
            yield each
