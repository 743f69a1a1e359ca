"""Proves which parts of the platforms' configurations a rule reads.

A rule sees a configuration only where it names `input`. So every such place is looked at: `input.config[platform].a.b`
reads what is below `a.b`; a document under a name of its own (`some platform, c in input.config`,
`c := input.config[_]`, the parameter of a function that is called with one) is followed as long as each use of that
name is `c.a.b` again. Any other use ends the proof: `count(c)`, `c == other`, `c[field]`, `walk(input)`,
`with input as …`.

Names are followed by rule, whatever their scope: a name that means something else in another place of the rule only
adds paths, or ends the proof. So what is proved holds, and some of what would hold is not proved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from gatekeeper.translation.reading import syntax
from gatekeeper.translation.reading.syntax import DATA, INPUT, Membership, Node, NotProvedError
from provider.questions.config_paths import ConfigPaths, Path

_SCALARS: Final = frozenset({"null", "boolean", "number", "string"})
_LISTS: Final = frozenset({"array", "set"})
_COMPREHENSIONS: Final = frozenset({"arraycomprehension", "setcomprehension", "objectcomprehension"})

# A function and the number of its parameter.
_Parameter: TypeAlias = tuple[str, int]


def config_paths(module: Node | None) -> ConfigPaths | None:
    """The paths that the rules of a module read of each platform's document, in the order of questions.

    Args:
        module: the syntax tree, as `opa parse --format json` prints it; None where there is none.

    Returns:
        None where that is not proved, or where no question could carry so many: all of it may be read.
    """
    if module is None:
        return None
    try:
        found = ConfigPaths(tuple(_Module.of(module).paths()))
    except (NotProvedError, LookupError, TypeError, AttributeError, ValueError, RecursionError):
        # Of a tree with another shape nothing is proved either.
        return None
    return found if found.fits else None


@dataclass(frozen=True)
class _Module:
    """What the rules of a module have in common.

    Attributes:
        rules: all of them.
        taken: names of rules and imports, which mean the same everywhere.
        parameters: how many parameters each function has.
    """

    rules: tuple[Node, ...]
    taken: frozenset[str]
    parameters: Mapping[str, int]

    @classmethod
    def of(cls, module: Node) -> _Module:
        rules = tuple(syntax.rules(module))
        imported = frozenset(syntax.imported_names(module))
        taken = imported | {syntax.rule_name(rule) for rule in rules}
        if taken & {INPUT, DATA}:
            raise NotProvedError
        return cls(rules, taken, _functions(rules, imported))

    def paths(self) -> frozenset[Path]:
        """Every path that is read; documents that functions are called with are followed into them."""
        known: frozenset[_Parameter] = frozenset()
        while True:
            readings = [_RuleReading(self, rule, known) for rule in self.rules]
            for reading in readings:
                reading.read()
            called = known.union(*(reading.called for reading in readings))
            if called == known:
                return frozenset().union(*(reading.paths for reading in readings))
            known = called


@dataclass
class _RuleReading:
    """One pass over a rule.

    Attributes:
        module: that it is part of.
        rule: the rule.
        known: parameters that documents are handed to.
        paths: what it reads.
        called: parameters that it hands documents to.
        documents: names that a document has in it.
    """

    module: _Module
    rule: Node
    known: frozenset[_Parameter]
    paths: set[Path] = field(default_factory=set)
    called: set[_Parameter] = field(default_factory=set)
    documents: frozenset[str] = frozenset()

    def read(self) -> None:
        """Gather paths and calls.

        Raises:
            NotProvedError: a document is used otherwise.
        """
        self.documents = _document_names(self.rule, self._parameters())
        if self.documents & (self.module.taken | {INPUT, DATA}):
            raise NotProvedError
        for branch in syntax.branches(self.rule):
            self._head(syntax.head(branch))
            self._body(branch["body"])

    def _parameters(self) -> frozenset[str]:
        """Names of parameters that documents are handed to."""
        name, arguments = syntax.rule_name(self.rule), syntax.head(self.rule).get("args") or ()
        numbers = [number for number in range(len(arguments)) if (name, number) in self.known]
        found = [str(arguments[number]["value"]) for number in numbers if syntax.is_var(arguments[number])]
        every = [syntax.var_of(argument) for argument in arguments]
        if len(found) != len(numbers) or any(every.count(each) > 1 for each in found):
            raise NotProvedError
        return frozenset(found)

    def _head(self, head: Node) -> None:
        mine = self._parameters()
        for argument in head.get("args") or ():
            if syntax.var_of(argument) not in mine:
                self._term(argument)
        self._terms(head["ref"][1:])
        self._terms(head[name] for name in ("key", "value") if head.get(name) is not None)

    def _body(self, body: Iterable[Node]) -> None:
        for each in body:
            self._expression(syntax.expression(each)["terms"])

    def _expression(self, terms: Any) -> None:  # noqa: ANN401 - OPA has four forms of it
        every = syntax.membership(terms)
        if every is not None:
            self._membership(every)
        elif isinstance(terms, Mapping) and "symbols" in terms:
            self._declaration(terms["symbols"])
        elif isinstance(terms, Mapping):
            self._statement(terms)
        elif (document := _bound_document(terms)) is not None:
            self._platform(document)
        else:
            self._call(terms)

    def _declaration(self, symbols: Iterable[Node]) -> None:
        for symbol in symbols:
            over = syntax.declared(symbol)
            if over is not None:
                self._membership(over)
            elif syntax.var_of(symbol) in {INPUT, DATA, None}:
                raise NotProvedError

    def _membership(self, over: Membership) -> None:
        if over.key is not None:
            self._term(over.key)
        if syntax.is_config(over.domain):
            # The name of a document is followed; a pattern in its place is compared with all of it.
            if not syntax.is_var(over.value):
                raise NotProvedError
        else:
            self._terms((over.value, over.domain))
        self._body(over.body)

    def _statement(self, term: Node) -> None:
        """A term that is an expression by itself; of a document it asks only whether there is one."""
        if syntax.is_document(term):
            self._platform(term)
        else:
            self._term(term)

    def _platform(self, document: Node) -> None:
        """What stands in the brackets of `input.config[…]`."""
        self._term(document["value"][2])

    def _terms(self, terms: Iterable[Node]) -> None:
        for term in terms:
            self._term(term)

    def _term(self, term: Node) -> None:
        kind, value = term["type"], term["value"]
        if kind in _SCALARS:
            return
        if kind == "var":
            self._name(str(value))
        elif kind == "ref":
            self._reference(value)
        elif kind == "call":
            self._call(value)
        elif kind in _LISTS:
            self._terms(value)
        elif kind == "object":
            self._terms(each for pair in value for each in pair)
        elif kind in _COMPREHENSIONS:
            self._terms(value[name] for name in ("term", "key", "value") if name in value)
            self._body(value["body"])
        else:
            raise NotProvedError

    def _name(self, name: str) -> None:
        """A name alone: whoever has it has the whole value."""
        if name in {INPUT, DATA} or name in self.documents:
            raise NotProvedError

    def _reference(self, path: Sequence[Node]) -> None:
        first, *rest = path
        name = syntax.var_of(first)
        if name == INPUT:
            self._input(rest)
        elif name == DATA:
            raise NotProvedError
        elif name in self.documents:
            self._part(rest)
        else:
            self._terms(rest if name is not None else path)

    def _input(self, path: Sequence[Node]) -> None:
        """`input.…`: nothing but the configuration is ever cut."""
        member, *rest = path
        if member["type"] != "string":
            raise NotProvedError
        if member["value"] != "config":
            self._terms(rest)
        elif rest:
            self._term(rest[0])
            self._part(rest[1:])
        else:
            raise NotProvedError

    def _part(self, path: Sequence[Node]) -> None:
        """A part of a document: all below the names that it begins with."""
        names = syntax.names(path)
        if not names:
            raise NotProvedError
        self.paths.add(names)
        self._terms(path)

    def _call(self, call: Sequence[Node]) -> None:
        function, arguments = syntax.function_of(call) or "", call[1:]
        if syntax.var_of(call[0]["value"][0]) in {INPUT, DATA, *self.documents}:
            raise NotProvedError
        for number, argument in enumerate(arguments):
            if self._is_document(argument) and number < self.module.parameters.get(function, 0):
                self.called.add((function, number))
                if syntax.is_document(argument):
                    self._platform(argument)
            else:
                self._term(argument)

    def _is_document(self, term: Node) -> bool:
        return syntax.is_document(term) or syntax.var_of(term) in self.documents


def _functions(rules: Sequence[Node], imported: frozenset[str]) -> dict[str, int]:
    """How many parameters each function has; without those whose definitions differ in it."""
    counts: dict[str, set[int]] = {}
    for rule in rules:
        head = syntax.head(rule)
        count = len(head.get("args") or ()) if len(head["ref"]) == 1 else 0
        counts.setdefault(syntax.rule_name(rule), set()).add(count)
    return {name: min(found) for name, found in counts.items() if len(found) == 1 and name not in imported}


def _document_names(rule: Node, parameters: frozenset[str]) -> frozenset[str]:
    """Every name that a document has somewhere in a rule.

    Raises:
        NotProvedError: by `=` a name has a document that may have another value already, which compares the two.
    """
    declared = set(parameters)
    unified: Counter[str] = Counter()
    for node in _nodes(rule):
        for name, by_unification in _names_given(node):
            if by_unification:
                unified[name] += 1
            else:
                declared.add(name)
    if unified.keys() & declared or any(count > 1 for count in unified.values()):
        raise NotProvedError
    return frozenset(declared | unified.keys())


def _names_given(node: Node) -> Iterator[tuple[str, bool]]:
    """The names that an expression gives to documents, and whether by `=`."""
    terms = node.get("terms")
    if isinstance(terms, Mapping):
        over = [syntax.membership(terms), *map(syntax.declared, terms.get("symbols") or ())]
        values = [each.value for each in over if each is not None and syntax.is_config(each.domain)]
        yield from ((str(value["value"]), False) for value in values if syntax.is_var(value))
    elif terms is not None and _bound_document(terms) is not None:
        if node.get("negated"):
            raise NotProvedError
        by_unification = syntax.operator(terms, "eq")
        names = [each for each in terms[1:] if syntax.is_var(each)]
        yield str(names[0]["value"]), by_unification


def _bound_document(terms: Sequence[Node]) -> Node | None:
    """The document that an expression gives a name to: `c := input.config[_]`, `c = input.config[_]`."""
    if len(terms) != len(("operator", "left", "right")):
        return None
    _, left, right = terms
    if syntax.operator(terms, "assign", "eq") and syntax.is_var(left) and syntax.is_document(right):
        return right
    if syntax.operator(terms, "eq") and syntax.is_document(left) and syntax.is_var(right):
        return left
    return None


def _nodes(value: Any) -> Iterator[Node]:  # noqa: ANN401 - any part of the tree
    """All objects of a part of the tree."""
    if isinstance(value, Mapping):
        yield value
        for each in value.values():
            yield from _nodes(each)
    elif isinstance(value, list):
        for each in value:
            yield from _nodes(each)
