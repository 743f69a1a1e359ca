"""OPA's syntax tree, as `opa parse --format json` prints it: what is looked at of it.

Whatever stands in it and is not known here ends the proof: a later OPA may print what this release has never seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Node: TypeAlias = Mapping[str, Any]

INPUT: Final = "input"
DATA: Final = "data"

_RULE: Final = frozenset({"head", "body", "else", "default", "annotations", "location"})
_HEAD: Final = frozenset({"name", "ref", "args", "key", "value", "assign", "location"})
_EXPRESSION: Final = frozenset({"index", "terms", "negated", "generated", "location"})
_LANGUAGE: Final = frozenset({"future", "rego"})
_MEMBERS: Final = {"member_2": 2, "member_3": 3}


class NotProvedError(Exception):
    """It is not proved which parts are read; all of them may be."""


@dataclass(frozen=True)
class Membership:
    """`some key, value in domain`, and `every key, value in domain { body }`."""

    key: Node | None
    value: Node
    domain: Node
    body: Sequence[Node] = ()


def rules(module: Node) -> Iterator[Node]:
    """The rules of a module, in their order."""
    if not module["rules"]:
        raise NotProvedError
    yield from (_known(rule, _RULE) for rule in module["rules"])


def branches(rule: Node) -> Iterator[Node]:
    """A rule and what comes after each `else` of it."""
    branch: Node | None = rule
    while branch is not None:
        yield _known(branch, _RULE)
        branch = branch.get("else")


def head(rule: Node) -> Node:
    """The head of a rule."""
    return _known(rule["head"], _HEAD)


def rule_name(rule: Node) -> str:
    """The first name of a rule: `f` of `f(x)`, `a` of `a.b`."""
    return str(head(rule)["ref"][0]["value"])


def imported_names(module: Node) -> Iterator[str]:
    """By which names a module goes by what it imports."""
    for each in module.get("imports") or ():
        path = each["path"]["value"]
        if path[0]["value"] == INPUT:
            raise NotProvedError
        if path[0]["value"] not in _LANGUAGE:
            yield str(each.get("alias") or path[-1]["value"])


def expression(node: Node) -> Node:
    """An expression without `with`: what that replaces need not be what is read."""
    return _known(node, _EXPRESSION)


def is_var(term: Node, name: str | None = None) -> bool:
    """Whether it is a name, or this very name."""
    return term.get("type") == "var" and name in {None, term["value"]}


def var_of(term: Node) -> str | None:
    """The name that a term is; None where it is none."""
    return str(term["value"]) if is_var(term) else None


def is_config(term: Node) -> bool:
    """Whether it is `input.config` and no part of it."""
    return _is_below_config(term) and len(term["value"]) == len(("input", "config"))


def is_document(term: Node) -> bool:
    """Whether it is `input.config[platform]` and no part of it."""
    return _is_below_config(term) and len(term["value"]) == len(("input", "config", "platform"))


def names(terms: Sequence[Node]) -> tuple[str, ...]:
    """The texts that a path begins with, up to whatever else stands in it."""
    found = []
    for term in terms:
        if term.get("type") != "string":
            break
        found.append(str(term["value"]))
    return tuple(found)


def operator(call: Sequence[Node], *wanted: str) -> bool:
    """Whether a call is of one of these functions without a dot in their name."""
    return function_of(call) in wanted


def function_of(call: Sequence[Node]) -> str | None:
    """The function of a call, where its name has no dot."""
    path = call[0]["value"]
    return var_of(path[0]) if len(path) == 1 else None


def membership(terms: Any) -> Membership | None:  # noqa: ANN401 - what an expression may be
    """What `every` goes over; None where the expression is something else."""
    if not (isinstance(terms, Mapping) and "domain" in terms):
        return None
    return Membership(terms.get("key"), terms["value"], terms["domain"], terms["body"])


def declared(symbol: Node) -> Membership | None:
    """What one symbol of `some` goes over; None for a name alone."""
    if symbol.get("type") != "call":
        return None
    function, *arguments = symbol["value"]
    module, name = function["value"]
    count = _MEMBERS.get(str(name["value"])) if is_var(module, "internal") else None
    if count != len(arguments):
        raise NotProvedError
    *key, value, domain = arguments
    return Membership(key[0] if key else None, value, domain)


def _is_below_config(term: Node) -> bool:
    path: Sequence[Node] = term["value"] if term.get("type") == "ref" else ()
    return len(path) > 1 and is_var(path[0], INPUT) and path[1] == {"type": "string", "value": "config"}


def _known(node: Node, fields: frozenset[str]) -> Node:
    if node.keys() - fields:
        raise NotProvedError
    return node
