"""Answers from memory, beside a bare echo that is measured in turn with them: a ratio survives a busy machine."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Final

from tests.bench import aims
from tests.bench.bench import Bench, url
from tests.bench.load import Measured
from tests.bench.questions import FACTS, INDEX_CONFIGURATIONS, QUESTIONS
from tests.bench.report import Section, Table, Value

# How many keys, and how many requests tell a p99 of them.
_REQUESTS: Final = {1: 1000, 10: 600, 50: 300, 100: 300}
_MOST: Final = max(_REQUESTS)
_CLIENTS: Final = (1, 8)
_ROUNDS: Final = 3


def measure(bench: Bench) -> Section:
    """The same keys again and again."""
    keys = QUESTIONS[FACTS].keys(bench.registry, _MOST)
    batches = {f"{count} key{'s' * (count > 1)}": keys[:count] for count in _REQUESTS}
    batches[f"{_MOST} keys, index, all configurations"] = QUESTIONS[INDEX_CONFIGURATIONS].keys(bench.registry, _MOST)
    with bench.provider("warm") as provider, bench.echo() as echo:
        tables = [_table(bench, url(provider), echo, batches, clients) for clients in _CLIENTS]
    alone, together = (table.rows for table in tables)
    figures = {}
    for name in ("1 key", f"{_MOST} keys"):
        figures[aims.WARM_P50.format(keys=name)] = float(alone[name][-3])
        figures[aims.WARM_P99.format(keys=name)] = float(together[name][-2])
    return Section(tables, figures)


def _table(bench: Bench, provider: str, echo: str, batches: dict[str, list[str]], clients: int) -> Table:
    rows = {}
    for name, keys in batches.items():
        ours, theirs = [], []
        for _ in range(_ROUNDS):
            ours.append(bench.load.warm(provider, keys, _REQUESTS[len(keys)], clients))
            theirs.append(bench.load.warm(echo, keys, _REQUESTS[len(keys)], clients, echo=True))
        rows[name] = _row(ours, theirs)
    columns = [
        "p50",
        "p99",
        "a second",
        "echo p50",
        "echo p99",
        "a second ",
        "p50 ratio",
        "p99 ratio",
        "a second ratio",
    ]
    return Table(f"Warm, {clients} at a time: ms and requests a second", columns, rows)


def _row(ours: Sequence[Measured], echo: Sequence[Measured]) -> list[Value]:
    names = ("p50", "p99", "per_second")
    left, right = (
        [statistics.median(getattr(one, name) for one in rounds) for name in names] for rounds in (ours, echo)
    )
    return [*left, *right, *(mine / its for mine, its in zip(left, right, strict=True))]
