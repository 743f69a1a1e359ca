"""Proves which parts of a statement the rule of an attestation reads.

Its input is the statement, so every place that names `input` is looked at: `input.predicate.scanner.uri` reads what is
below those names, up to whatever else stands there. `input` alone, under another name or replaced by `with`, ends the
proof, as does a tree of another shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gatekeeper.cue.reading import paths_read
from gatekeeper.translation.reading import syntax
from gatekeeper.translation.reading.syntax import INPUT, Node, NotProvedError
from provider.questions.config_paths import ConfigPaths, Path


def statement_paths(module: Node | None) -> ConfigPaths | None:
    """The paths that the rules of a module read of the statement, in the order of questions.

    Args:
        module: the syntax tree, as `opa parse --format json` prints it; None where there is none.

    Returns:
        None where that is not proved, or where no question could carry so many: all of it may be read.
    """
    if module is None:
        return None
    try:
        list(syntax.imported_names(module))
        found = ConfigPaths(tuple(path for rule in syntax.rules(module) for path in _paths(rule)))
    except (NotProvedError, LookupError, TypeError, AttributeError, ValueError, RecursionError):
        return None
    return found if found.fits else None


def cue_paths(text: str) -> ConfigPaths | None:
    """The same of a text in CUE, of which the compiler knows it."""
    paths = paths_read(text)
    found = ConfigPaths(paths) if paths is not None else None
    return found if found is not None and found.fits else None


def _paths(value: Any) -> Iterator[Path]:  # noqa: ANN401 - any part of the tree
    if isinstance(value, list):
        for each in value:
            yield from _paths(each)
    elif isinstance(value, Mapping):
        if "with" in value or syntax.is_var(value, INPUT):
            raise NotProvedError
        yield from _reference(value["value"]) if value.get("type") == "ref" else _below(value)


def _below(node: Node) -> Iterator[Path]:
    for each in node.values():
        yield from _paths(each)


def _reference(path: list[Node]) -> Iterator[Path]:
    first, *rest = path
    if syntax.is_var(first, INPUT):
        names = syntax.names(rest)
        if not names:
            raise NotProvedError
        yield names
        yield from _paths(rest)
    else:
        yield from _paths(path)
