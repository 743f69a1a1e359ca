"""A CUE text as a Rego library whose `isCompliant` says what policy-controller's CUE would say of the input.

It is `true`, or `{"cue": text}` with the conflict in CUE's words. One function a node says what is wrong with a value,
as a list of texts; a function that comes to nothing leaves `isCompliant` undefined, which denies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from gatekeeper.cue import activity, regotext, scalars, writing
from gatekeeper.cue.building import built
from gatekeeper.cue.expressions import BOOL, Expressions
from gatekeeper.cue.nodes import (
    Bound,
    Check,
    Choice,
    ComputedValue,
    Equals,
    FieldEntry,
    ListNode,
    Matches,
    Never,
    Node,
    OfKind,
    ScalarNode,
    StructNode,
    Validator,
)
from gatekeeper.cue.parser import parsed
from gatekeeper.cue.refusal import CueError
from gatekeeper.cue.spots import Spot
from gatekeeper.cue.syntax import IndexOf, Mark, Name, Selector

_HEAD: Final = """package {package}

import future.keywords

import data.lib.bestbefore.cue

isCompliant := true if _problems == []

else := {{"cue": cue.summary(_problems)}} if count(_problems) > 0

_problems := {call}
"""
# CUE evaluates a text before it meets a document; what is wrong then stays wrong, whatever the document says.
_HEAD_OF_ACTIVE: Final = """package {package}

import future.keywords

import data.lib.bestbefore.cue

isCompliant := true if {{
	_alone == []
	_problems == []
}} else := {{"cue": cue.summary(_alone)}} if {{
	count(_alone) > 0
}} else := {{"cue": cue.summary(_problems)}} if count(_problems) > 0

_alone := {alone}

_problems := {call}
"""
# How many texts are kept: a policy is compiled when it is checked, and again when its template is written.
_KEPT: Final = 64


@lru_cache(maxsize=_KEPT)
def rego_of(text: str, package: str) -> str:
    """The Rego library of a CUE text, in a package.

    Raises:
        CueError: it is no CUE, or none that is taken.
    """
    file = parsed(text)
    writer = _Writer({each.name: each.path for each in file.imports})
    node = built(file)
    call = writer.call(node, Spot(()), "input", '""', "[]")
    head = _HEAD.format(package=package, call=call)
    if activity.line_of(node) is not None:
        alone = call.replace("(input,", "({},", 1)
        head = _HEAD_OF_ACTIVE.format(package=package, alone=alone, call=call)
    return "\n".join([head, *writer.functions])


class _Writer:
    """Writes functions, and calls of them."""

    def __init__(self, imports: Mapping[str, str]) -> None:
        self.expressions = Expressions(imports, self.made)
        self.functions: list[str] = []
        self.count = 0

    def _name(self, kind: str) -> str:
        self.count += 1
        return f"_{kind}_{self.count}"

    def call(self, node: Node, place: Spot, value: str, at: str, here: str) -> str:
        """What is wrong with a value, as a Rego expression. `stack` are the nodes of what leads to it, as `here`."""
        stack = place.stack
        match node:
            case ScalarNode():
                return f"cue.problems({value}, {at}, {self._tests(node, place)}, {regotext.value(node.late)})"
            case Never():
                return _never(node, at)
            case StructNode():
                return f"{self._structure(node, stack)}({value}, {at}, {here})"
            case ListNode():
                return f"{self._listing(node, stack)}({value}, {at}, {here})"
        if (line := activity.line_of(node)) is not None:
            raise CueError(line, "what is made of the input, or under `if`, in a list or a disjunction is not taken")
        if all(isinstance(each, ScalarNode) for each in node.branches):
            tests = [self._tests(each, place) for each in node.branches if isinstance(each, ScalarNode)]
            return f"cue.any_of({value}, {at}, [{', '.join(tests)}], {node.ways})"
        return f"{self._choice(node, stack)}({value}, {at}, {here})"

    def made(self, computed: ComputedValue, place: Spot) -> str:
        """What a field comes to that is made of the document."""
        name = self._name("made")
        place = replace(place, making=(*place.making, computed), equality=False, base=False)
        rego = self.expressions.rego(computed.expression, computed.frame, place)
        self.functions.append(f"{name}(here) := {rego}\n")
        return f"{name}(here)"

    # ---- structs

    def _structure(self, node: StructNode, stack: Sequence[Node]) -> str:
        name, inner = self._name("struct"), (*stack, node)
        guards = [self._guard(index, node, inner) for index in range(len(node.guards))]
        closed = [f"[{regotext.names(each.labels)}, {self._allowed(each.patterns)}]" for each in node.closed]
        parts = [f"cue.unknown(value, at, [{', '.join(closed)}])"] if closed else []
        parts += [
            f"{self._field(label, entry, inner, guards)}(value, at, here)" for label, entry in node.fields.items()
        ]
        parts += [
            self.absent(each, Spot(inner), f"cue.at(at, {regotext.value(label)})")
            for label, each in node.definitions
            if activity.line_of(each) is not None
        ]
        parts += [
            f"{self._pattern(tests, each, frozenset(node.fields), inner)}(value, at, here)"
            for tests, each in node.patterns
        ]
        if node.checks:
            labels = frozenset(label for label, entry in node.fields.items() if entry.mark is Mark.REGULAR)
            tests = ", ".join(self._test(each, labels) for each in node.checks)
            parts.append(f"cue.problems(value, at, [{tests}], false)")
        verdicts = [f"{guard}(here)" for guard in guards]
        conditional = None
        if node.conditional:
            conditional = [each for each, part in zip(verdicts, node.guards, strict=True) if part.structure]
        self.functions.append(_Body("struct", node.text or "{…}", parts, verdicts, conditional=conditional).rego(name))
        return name

    def _allowed(self, patterns: Sequence[Sequence[Check]]) -> str:
        return "[" + ", ".join("[" + ", ".join(self._test(test) for test in tests) + "]" for tests in patterns) + "]"

    def _guard(self, index: int, node: StructNode, stack: Sequence[Node]) -> str:
        name = self._name("if")
        whole = ""
        for condition, frame in node.guards[index].conditions:
            rego = self.expressions.typed(condition, frame, Spot(stack, index), BOOL)
            whole = f"cue.both({whole}, {rego})" if whole else f"cue.truth({rego})"
        self.functions.append(f"{name}(here) := {whole}\n")
        return name

    def _field(self, label: str, entry: FieldEntry, stack: Sequence[Node], guards: Sequence[str]) -> str:
        if not entry.guards:
            return self._variant(label, entry.plain, entry.mark, Spot(stack))
        name = self._name("field")
        states = ", ".join(f"{index}: {guards[index]}(here)" for index in entry.guards)
        texts: list[str] = []
        for holding, node in entry.variants.items():
            place = Spot(stack, known=frozenset(entry.guards), holding=holding)
            variant = self._variant(label, node, entry.marks[holding], place)
            wanted = "{" + ", ".join(str(index) for index in sorted(holding)) + "}" if holding else "set()"
            head = f"{name}(value, at, here) := " if not texts else "else := "
            texts.append(f"{head}{variant}(value, at, here) if cue.holding({{{states}}}) == {wanted}\n")
        self.functions.append("\n".join(texts))
        return name

    def _variant(self, label: str, node: Node | None, mark: Mark, place: Spot) -> str:
        name = self._name("field")
        key = regotext.value(label)
        at = f"cue.at(at, {regotext.value(writing.label(label))})"
        if node is None:
            self.functions.append(f"{name}(value, at, here) := [] if is_object(value)\n")
            return name
        absent = self.absent(node, place, at) if mark is Mark.REGULAR else "[]"
        line = activity.line_of(node)
        if mark is Mark.REQUIRED and line is not None:
            raise CueError(line, "what is made of the input, or under `if`, in a required field is not taken")
        call = self.call(node, place, f"value[{key}]", at, "here")
        self.functions.append(
            f"{name}(value, at, here) := {call} if {key} in object.keys(value)\n\n"
            f"else := {absent} if not {key} in object.keys(value)\n"
        )
        return name

    def absent(self, node: Node, place: Spot, at: str) -> str:
        """What is wrong with a regular field that a document lacks: CUE has it all the same."""
        if isinstance(node, Never):
            return _never(node, at)
        line = activity.line_of(node)
        if line is None:
            return "[]"
        if isinstance(node, StructNode):
            return self.call(node, place, "{}", at, "here")
        if not isinstance(node, ScalarNode):
            raise CueError(line, "what is made of the input, or under `if`, in a list or a disjunction is not taken")
        given = [each for each in node.checks if isinstance(each, Equals)]
        tests, late = self._tests(node, place), regotext.value(node.late)
        if given:
            return f"cue.problems({regotext.value(given[0].value)}, {at}, {tests}, {late})"
        computed = next(each for each in node.checks if isinstance(each, ComputedValue))
        return f"cue.problems_of({self.made(computed, place)}, {at}, {tests}, {late})"

    def _pattern(self, tests: Sequence[Check], node: Node, named: frozenset[str], stack: Sequence[Node]) -> str:
        name = self._name("others")
        asked = "[" + ", ".join(self._test(test) for test in tests) + "]"
        call = self.call(node, Spot(stack), "value[key]", "cue.at_key(at, key)", "here")
        self.functions.append(
            f"{name}(value, at, here) := [problem | some found in all; some problem in found] if {{\n"
            f"\tkeys := cue.keys(value, {regotext.names(named)}, {asked})\n"
            f"\tall := [found | some key in keys; found := {call}]\n"
            "\tcount(all) == count(keys)\n}\n"
        )
        return name

    # ---- lists

    def _listing(self, node: ListNode, stack: Sequence[Node]) -> str:
        name, inner = self._name("list"), (*stack, node)
        length = len(node.items)
        parts = [
            self.call(each, Spot(inner), f"value[{index}]", f"cue.at(at, {regotext.value(str(index))})", "here")
            for index, each in enumerate(node.items)
        ]
        if node.rest is not None:
            parts.append(f"{self._rest(node.rest, length, inner)}(value, at, here)")
        if node.checks:
            parts.append(f"cue.problems(value, at, [{', '.join(self._test(each) for each in node.checks)}], false)")
        wrong = f"count(value) {'<' if node.rest is not None else '!='} {length}"
        self.functions.append(
            _Body("list", node.text or "[…]", parts, length=(wrong, f"cue.lengths(at, value, {length})")).rego(name)
        )
        return name

    def _rest(self, node: Node, start: int, stack: Sequence[Node]) -> str:
        name = self._name("rest")
        call = self.call(node, Spot(stack), "item", 'cue.at(at, sprintf("%d", [index]))', "here")
        self.functions.append(
            f"{name}(value, at, here) := [problem | some found in all; some problem in found] if {{\n"
            f"\tall := [found | some index, item in value; index >= {start}; found := {call}]\n"
            f"\tcount(all) == count(value) - {start}\n}}\n"
        )
        return name

    # ---- disjunctions and values

    def _choice(self, node: Choice, stack: Sequence[Node]) -> str:
        name = self._name("any")
        calls = []
        for each in node.branches:
            branch = self._name("way")
            self.functions.append(
                f"{branch}(value, at, here) := {self.call(each, Spot(stack), 'value', 'at', 'here')}\n"
            )
            calls.append(f"{branch}(value, at, here)")
        head = f"{name}(value, at, here) := "
        texts: list[str] = []
        for call in calls:
            texts.append(f"{head}[] if {call} == []\n")
            head = "else := "
        texts.append(f"else := cue.none_of(at, [{', '.join(calls)}], {node.ways})\n")
        self.functions.append("\n".join(texts))
        return name

    def _tests(self, node: ScalarNode, place: Spot) -> str:
        tests = []
        for check in node.checks:
            if isinstance(check, ComputedValue):
                if isinstance(check.expression, Name | Selector | IndexOf):
                    self.expressions.refuse_constraints(check.expression, check.frame, place)
                tests.append(f'{{"op": "made", "of": {self.made(check, place)}}}')
            else:
                tests.append(self._test(check))
        return "[" + ", ".join(tests) + "]"

    def _test(self, check: Check, labels: frozenset[str] = frozenset()) -> str:
        kinds = tuple(sorted(scalars.kinds_of(check)))
        known = {"kinds": kinds, "text": scalars.text_of(check), "type": scalars.type_of(check)}
        match check:
            case OfKind():
                return regotext.value({"op": "kind", **known})
            case Equals():
                late = {"late": True} if check.made else {}
                return regotext.value({"op": "is", "value": check.value, **known, **late})
            case Bound():
                return regotext.value({"op": check.operator, "value": check.value, **known})
            case Matches():
                return regotext.value({"op": check.operator, "value": check.pattern, **known})
            case Validator():
                more = {"labels": tuple(sorted(labels))} if check.name == "struct.MaxFields" else {}
                return regotext.value({"op": check.name, "value": next(iter(check.arguments), ""), **known, **more})
        raise TypeError(check)


@dataclass(frozen=True)
class _Body:
    """The function of a struct or a list.

    Attributes:
        kind: which of them.
        text: as CUE would write it.
        parts: calls that say what is wrong with it.
        verdicts: those of its conditions.
        length: of a list, when it is of a wrong one, and what is wrong then.
        conditional: of a struct that is none where none of these conditions holds: then any value fits.
    """

    kind: str
    text: str
    parts: Sequence[str]
    verdicts: Sequence[str] = ()
    length: tuple[str, str] | None = None
    conditional: Sequence[str] | None = None

    def rego(self, name: str) -> str:
        """The function by its name."""
        test = "is_object" if self.kind == "struct" else "is_array"
        said = regotext.value(self.text)
        verdicts = f"[{', '.join(self.verdicts)}]"
        wrong = f'cue.mismatch(value, at, "{self.kind}", {said})'
        if self.conditional is not None:
            other = f"\tnot {test}(value)\n\there := array.concat(up, [value])\n"
            some = f"\tcount(cue.holding([{', '.join(self.conditional)}])) > 0\n"
            lines = [
                f"{name}(value, at, up) := {wrong} if {{\n{other}{some}}}\n",
                f"else := cue.decided(at, [], {verdicts}) if {{\n{other}}}\n",
            ]
        else:
            lines = [f"{name}(value, at, up) := {wrong} if not {test}(value)\n"]
        if self.length is not None:
            lines.append(f"else := {self.length[1]} if {self.length[0]}\n")
        result = "cue.all_of(parts)"
        if self.verdicts:
            result = f"cue.decided(at, cue.all_of(parts), {verdicts})"
        listed = "".join(f"\t\t{part},\n" for part in self.parts)
        lines.append(f"else := {result} if {{\n\there := array.concat(up, [value])\n\tparts := [\n{listed}\t]\n}}\n")
        return "\n".join(lines)


def _never(node: Never, at: str) -> str:
    place = f"cue.at({at}, {regotext.value('.'.join(node.path))})" if node.path else at
    return f"cue.never({place}, {regotext.value(node.sentence)})"
