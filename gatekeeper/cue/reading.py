"""Which parts of a document a text can notice, so that nothing else has to be handed to its rule.

An open struct of named fields notices those fields, whatever else is there; everything else notices all of its value.
A text with conditions, or values that are made of the document, notices all of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatekeeper.cue.building import built
from gatekeeper.cue.nodes import Choice, ComputedValue, ListNode, Node, ScalarNode, StructNode
from gatekeeper.cue.parser import parsed
from gatekeeper.cue.refusal import CueError

Path = tuple[str, ...]


def paths_read(text: str) -> tuple[Path, ...] | None:
    """The names that lead to what a text notices, from the outside in; None for the whole document.

    What is no object on the way to such a place counts too, as it is.
    """
    try:
        node = built(parsed(text))
    except CueError:
        return None
    if not _is_plain(node) or not _is_open(node):
        return None
    return tuple(_paths(node, ()))


def _paths(node: Node | None, here: Path) -> Iterator[Path]:
    if not isinstance(node, StructNode) or not _is_open(node):
        yield here
        return
    for name, entry in node.fields.items():
        yield from _paths(entry.plain, (*here, name))


def _is_open(node: Node) -> bool:
    """Whether it is a struct that notices its named fields only, of which there are some."""
    return isinstance(node, StructNode) and bool(node.fields) and not (node.closed or node.patterns or node.checks)


def _is_plain(node: Node | None) -> bool:
    """Whether each place is judged by its own value alone."""
    match node:
        case ScalarNode():
            return not any(isinstance(check, ComputedValue) for check in node.checks)
        case StructNode():
            within = [each for entry in node.fields.values() for each in entry.variants.values()]
            within += [each for _, each in (*node.patterns, *node.definitions)]
            return not node.guards and all(_is_plain(each) for each in within)
        case ListNode():
            return all(_is_plain(each) for each in (*node.items, node.rest))
        case Choice():
            return all(_is_plain(each) for each in node.branches)
    return True
