"""Answers from memory, beside a bare echo that is measured in turn with them: a ratio survives a busy machine."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench import aims
from tests.bench.bench import Bench, url
from tests.bench.load import LoadReport
from tests.bench.questions import FACTS, INDEX_CONFIGURATIONS, INDEX_CREATED, QUESTIONS
from tests.bench.report import Section, Table, Value

# How many keys, and how many requests tell a p99 of them.
_REQUESTS: Final = {1: 1000, 10: 600, 50: 300, 100: 300}
_MOST: Final = max(_REQUESTS)
_CLIENTS: Final = (1, 8)
_ROUNDS: Final = 3
_FIGURES: Final = ("p50", "p99", "a second")


@dataclass(frozen=True)
class Comparison:
    """The same question put to three servers in turn; of each the medians of p50, p99 and requests a second.

    Attributes:
        size: bytes of the provider's answer.
        provider: remembers it.
        echo: says what it hears.
        as_long: says as many bytes as the provider.
    """

    size: int
    provider: Sequence[float]
    echo: Sequence[float]
    as_long: Sequence[float]

    @property
    def ratios(self) -> list[float]:
        """The provider beside the echo."""
        return [ours / its for ours, its in zip(self.provider, self.echo, strict=True)]

    @property
    def ratios_as_long(self) -> list[float]:
        """The provider beside the echo that has as much to say."""
        return [ours / its for ours, its in zip(self.provider, self.as_long, strict=True)]


def measure(bench: Bench) -> Section:
    """The same keys again and again."""
    keys = QUESTIONS[FACTS].keys(bench.registry, _MOST)
    batches = {f"{count} key{'s' * (count > 1)}": keys[:count] for count in _REQUESTS}
    batches[f"{_MOST} keys, index, all configurations"] = QUESTIONS[INDEX_CONFIGURATIONS].keys(bench.registry, _MOST)
    batches[aims.CREATED] = QUESTIONS[INDEX_CREATED].keys(bench.registry, _MOST)
    with bench.provider("warm") as provider, bench.echo() as echo:
        alone, together = (
            {name: _beside(bench, url(provider), echo, keys, clients) for name, keys in batches.items()}
            for clients in _CLIENTS
        )
    figures = {}
    for name in ("1 key", f"{_MOST} keys"):
        figures[aims.WARM_P50.format(keys=name)] = alone[name].ratios[0]
        figures[aims.WARM_P99.format(keys=name)] = together[name].ratios[1]
    figures[aims.WARM_P50.format(keys=aims.CREATED)] = alone[aims.CREATED].ratios[0]
    tables = [
        table for clients, rows in zip(_CLIENTS, (alone, together), strict=True) for table in _tables(clients, rows)
    ]
    return Section(tables, figures)


def _beside(bench: Bench, provider: str, echo: str, keys: Sequence[str], clients: int) -> Comparison:
    ours, theirs, as_long = [], [], []
    requests = _REQUESTS[len(keys)]
    for _ in range(_ROUNDS):
        ours.append(bench.load.warm(provider, keys, requests, clients))
        theirs.append(bench.load.warm(echo, keys, requests, clients, echo=True))
        where = f"{echo}as-long-as/{ours[-1].size}"
        as_long.append(bench.load.warm(where, keys, requests, clients, echo=True))
    return Comparison(ours[-1].size, _middle(ours), _middle(theirs), _middle(as_long))


def _middle(rounds: Sequence[LoadReport]) -> list[float]:
    return [statistics.median(getattr(one, name) for one in rounds) for name in ("p50", "p99", "per_second")]


def _tables(clients: int, rows: Mapping[str, Comparison]) -> list[Table]:
    absolute: dict[str, list[Value]] = {name: [row.size / 1024, *row.provider, *row.echo] for name, row in rows.items()}
    relative: dict[str, list[Value]] = {name: [*row.ratios, *row.ratios_as_long] for name, row in rows.items()}
    note = "as long: beside an echo that answers as many bytes as the provider"
    return [
        Table(
            f"Warm, {clients} at a time: ms and requests a second",
            ["KiB", *_FIGURES, *(f"echo {figure}" for figure in _FIGURES)],
            absolute,
        ),
        Table(
            f"Warm, {clients} at a time: ratios beside the echo",
            [*_FIGURES, *(f"as long: {figure}" for figure in _FIGURES)],
            relative,
            note,
        ),
    ]
