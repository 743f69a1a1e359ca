"""Latency and processor time of questions that nobody has asked before."""

from __future__ import annotations

from typing import Final

from tests.bench import aims
from tests.bench.asker import Asker
from tests.bench.bench import Bench
from tests.bench.questions import FACTS, INDEX, INDEX_CONFIGURATIONS, PROOF, PROOF_OF_FIVE, QUESTIONS
from tests.bench.report import Section, Table, Value

MANY: Final = 100
DELAYS_MS: Final = (20, 0)
ROUNDS: Final = 5
ROUNDS_OF_ONE: Final = 15
_IMAGES: Final = (1, 10, 50)
_LATE_ROUNDS: Final = 10
# Longer than anything here takes, so that it is seen how long that is.
PATIENT: Final = "--validate-seconds=9"


def measure(bench: Bench) -> Section:
    """One request at a time, with all its images new."""
    with bench.provider("cold", PATIENT) as provider:
        asker = Asker(bench, provider, bench.registry)
        asker.greet()
        tables = [_latency(asker, delay) for delay in DELAYS_MS]
        beside = beside_yardstick(asker)
    with bench.provider("cold, a wait of 1.2 s") as provider:
        asker = Asker(bench, provider, bench.registry)
        asker.greet()
        late = _late(asker)
    figures = {**_figures(tables), **_late_figures(late)}
    figures |= {aims.YARDSTICK.format(delay=delay): float(beside.rows[f"{delay} ms"][3]) for delay in DELAYS_MS}
    return Section([*tables, beside, late], figures)


def beside_yardstick(asker: Asker) -> Table:
    """Facts of many images by delay: the one comparison of cold figures that a busy machine does not spoil."""
    rows = {f"{delay} ms": asker.beside_yardstick(MANY, delay).figures() for delay in DELAYS_MS}
    columns = ["provider p50", "yardstick p50", "ratio", "of the shortest"]
    columns += ["provider's processor", "yardstick's", "ratio "]
    title = f"Cold, {MANY} images beside the yardstick, by delay: ms; processor: ms an image"
    return Table(title, columns, rows, "the yardstick: asyncio over libcurl, manifest and configuration, nothing else")


def _latency(asker: Asker, delay: int) -> Table:
    rows = {name: _latencies(asker, name, delay) for name in QUESTIONS}
    title = f"Cold, {delay} ms a request to the registry: p50 in ms by images of a question"
    note = "processor: ms an image; an index has two platforms"
    return Table(title, [*(str(images) for images in (*_IMAGES, MANY)), "processor"], rows, note)


def _latencies(asker: Asker, name: str, delay: int) -> list[Value]:
    few = [asker.ask(name, images, ROUNDS_OF_ONE if images == 1 else ROUNDS, delay).p50 for images in _IMAGES]
    many = asker.cost(name, MANY, ROUNDS, delay)
    return [*few, many.took, many.processor]


def _late(asker: Asker) -> Table:
    rows: dict[str, list[Value]] = {}
    for delay in DELAYS_MS:
        measured = asker.ask(PROOF_OF_FIVE, MANY, _LATE_ROUNDS, delay)
        rows[f"{delay} ms"] = [measured.p50, measured.longest, measured.late, measured.requests]
    title = f"Cold, {MANY} proofs of 5 signatures with the wait of 1.2 s, by delay: ms"
    return Table(title, ["p50", "longest", "late", "of"], rows, "late: requests with keys that had no answer in time")


def _figures(tables: list[Table]) -> dict[str, float]:
    by_delay = {delay: table.rows for delay, table in zip(DELAYS_MS, tables, strict=True)}

    def figure(delay: int, question: str, column: int) -> float:
        return float(by_delay[delay][question][column])

    figures = {aims.ONE.format(question=name): figure(20, name, 0) for name in (FACTS, INDEX, PROOF)}
    for question in (FACTS, PROOF, PROOF_OF_FIVE, INDEX_CONFIGURATIONS):
        for delay in DELAYS_MS:
            figures[aims.HUNDRED.format(delay=delay, question=question)] = figure(delay, question, -2)
    for question in (FACTS, INDEX_CONFIGURATIONS, PROOF_OF_FIVE):
        dearest = max(figure(delay, question, -1) for delay in DELAYS_MS)
        figures[aims.PROCESSOR.format(question=question)] = dearest
    return figures


def _late_figures(late: Table) -> dict[str, float]:
    return {aims.LATE: sum(float(row[2]) for row in late.rows.values())}
