"""What a rule says of a unit, from which clock on, and how one asks for it."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence
from typing import Final

from gatekeeper.freshness.forecast.clock_program import Row, Rows
from gatekeeper.freshness.forecast.unit import Unit

# Why nothing can be said although all facts are there; no reason of the provider.
NOT_EVALUATED: Final = "EngineFailed"

Line = list[tuple[int, Rows]]
"""What a rule says of a unit, from which clock on."""

Wanted = Mapping[Unit, Sequence[int]]
"""At which clocks a rule is to be evaluated for each unit; they are in order."""

Search = Generator[Wanted, Mapping[Unit, Line], dict[Unit, Line]]
"""Yields what it wants to know, is sent what the rule says there in which words, and returns the lines of all units.

So whoever drives it can evaluate what several searches want in one run of opa.
"""


def keys(rows: Collection[Row]) -> frozenset[tuple[str, str, str]]:
    """What is recognised at another clock: a sentence may say how old an image is, and that is no turn."""
    return frozenset(row[:3] for row in rows)
