"""Where an expression stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gatekeeper.cue.nodes import ComputedValue, Node


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
