"""What counts where a document says nothing: conditions and values that are made of other parts of it."""

from __future__ import annotations

from gatekeeper.cue.nodes import Choice, ComputedValue, ListNode, Node, ScalarNode, StructNode
from gatekeeper.cue.syntax import Mark


def line_of(node: Node | None) -> int | None:
    """The line of the first such thing that a node has wherever it is; None where there is none."""
    match node:
        case ScalarNode():
            return next((check.expression.line for check in node.checks if isinstance(check, ComputedValue)), None)
        case StructNode():
            if node.guards:
                return node.guards[0].conditions[0][0].line
            there = [entry.plain for entry in node.fields.values() if entry.mark is not Mark.OPTIONAL]
            within = [*there, *(each for _, each in node.definitions)]
            return next((line for each in within if (line := line_of(each)) is not None), None)
        case ListNode():
            return next((line for each in node.items if (line := line_of(each)) is not None), None)
        case Choice():
            return next((line for each in node.branches if (line := line_of(each)) is not None), None)
    return None
