"""Answers from memory, beside a bare echo that is measured in turn with them: a ratio survives a busy machine."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Final

from tests.bench.bench import Bench, url
from tests.bench.load import Measured
from tests.bench.registry import fact
from tests.bench.report import Table, Value

_KEYS: Final = (1, 10, 50, 100)
_CLIENTS: Final = (1, 8)
_ROUNDS: Final = 3
_REQUESTS: Final = 300


def measure(bench: Bench) -> list[Table]:
    """The same keys again and again."""
    bench.registry.set()
    keys = [fact(image) for image in bench.registry.images(max(_KEYS))]
    with bench.provider() as provider, bench.echo() as echo:
        return [_table(bench, url(provider), echo, keys, clients) for clients in _CLIENTS]


def _table(bench: Bench, provider: str, echo: str, keys: Sequence[str], clients: int) -> Table:
    rows = {}
    for count in _KEYS:
        ours, theirs = [], []
        for _ in range(_ROUNDS):
            ours.append(bench.load.warm(provider, keys[:count], _REQUESTS, clients))
            theirs.append(bench.load.warm(echo, keys[:count], _REQUESTS, clients, echo=True))
        rows[f"{count} keys" if count > 1 else "1 key"] = _row(_middle(ours), _middle(theirs))
    columns = ["p50", "p99", "a second", "echo p50", "echo p99", "a second ", "p50 ratio", "a second ratio"]
    return Table(f"Warm, {clients} at a time: ms and requests a second", columns, rows)


def _row(ours: Measured, echo: Measured) -> list[Value]:
    both = [ours.p50, ours.p99, ours.per_second, echo.p50, echo.p99, echo.per_second]
    return [*both, ours.p50 / echo.p50, ours.per_second / echo.per_second]


def _middle(rounds: Sequence[Measured]) -> Measured:
    """The median of each figure."""
    names = ("p50", "p99", "longest", "per_second")
    return Measured(*(statistics.median(getattr(one, name) for one in rounds) for name in names))
