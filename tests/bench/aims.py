"""What some figures are meant to be, and what none can be better than."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from tests import many_images
from tests.bench.questions import FACTS, INDEX, INDEX_CONFIGURATIONS, PROOF, PROOF_OF_FIVE
from tests.bench.report import Table, Value


@dataclass(frozen=True)
class Aim:
    """What one figure is meant to be.

    Attributes:
        section: measures it.
        unit: of the figure; `times` beside something else.
        most: it is good up to here.
        least: nothing can be better: so many trips to the registry with 32 requests in flight; 0 where only the
            processor bounds it.
    """

    section: str
    unit: str
    most: float
    least: float = 0


YARDSTICK: Final = "100 new images beside the yardstick, {delay} ms"
ONE: Final = "1 new image, 20 ms: {question}"
HUNDRED: Final = "100 new images, {delay} ms: {question}"
LATE: Final = "100 proofs of 5 signatures: requests not answered within 1.2 s"
PROCESSOR: Final = "processor, a new image: {question}"
WARM_P50: Final = "warm beside the echo: {keys}, p50"
CREATED: Final = "100 keys, index, created of all configurations"
WARM_P99: Final = "warm beside the echo: {keys}, p99 of 8 clients"
AT_REST: Final = "memory at rest"
WITH_PROOFS: Final = "memory with proofs"
WITH_EXTRAS: Final = "memory with all extras"
STORE: Final = "1 key from the store, more than from memory"
AUDIT: Final = "audit of 1,000 Pods, processor"
NEIGHBOUR: Final = "neighbour's p99 beside {trouble}"
LAG: Final = "longest lag of the event loop"
LEDGER: Final = "a deny line with its line in our log, processor"
EVALUATION: Final = "evaluation of 200 images: {policy}"

FORECAST: Final = "first forecast of 10,000 Pods, processor"
FORECAST_AGAIN: Final = "the next one, where nothing changed, processor"
FORECAST_WRITES: Final = "the same, writes"
FORECAST_MEMORY: Final = "memory of the forecast with its opa"

HANGING: Final = "an index with 99 hanging children"
SILENT_HOST: Final = "10 images at one silent host"
SILENT_HOSTS: Final = "10 images at each of 12 silent hosts"
SLOW_HOST: Final = "1,200 keys at one slow host"
SLOW_REGISTRY: Final = "8 calls of 100 keys at its own slow registry"

AIMS: Final[Mapping[str, Aim]] = {
    YARDSTICK.format(delay=20): Aim("cold", "times", 1.3, 1),
    YARDSTICK.format(delay=0): Aim("cold", "times", 2.5, 1),
    ONE.format(question=FACTS): Aim("cold", "ms", 47, 40),
    ONE.format(question=INDEX): Aim("cold", "ms", 70, 60),
    ONE.format(question=PROOF): Aim("cold", "ms", 69, 60),
    HUNDRED.format(delay=20, question=FACTS): Aim("cold", "ms", 180, 125),
    HUNDRED.format(delay=20, question=PROOF): Aim("cold", "ms", 240, 187),
    HUNDRED.format(delay=20, question=PROOF_OF_FIVE): Aim("cold", "ms", 520, 437),
    HUNDRED.format(delay=0, question=FACTS): Aim("cold", "ms", 80),
    HUNDRED.format(delay=0, question=PROOF): Aim("cold", "ms", 120),
    HUNDRED.format(delay=0, question=PROOF_OF_FIVE): Aim("cold", "ms", 260),
    HUNDRED.format(delay=20, question=INDEX_CONFIGURATIONS): Aim("cold", "ms", 350, 315),
    HUNDRED.format(delay=0, question=INDEX_CONFIGURATIONS): Aim("cold", "ms", 180),
    LATE: Aim("cold", "of 20", 0),
    PROCESSOR.format(question=FACTS): Aim("cold", "ms", 0.6),
    PROCESSOR.format(question=INDEX_CONFIGURATIONS): Aim("cold", "ms", 1.6),
    PROCESSOR.format(question=PROOF_OF_FIVE): Aim("cold", "ms", 2.2),
    WARM_P50.format(keys="1 key"): Aim("warm", "times", 1.2, 1),
    WARM_P50.format(keys="100 keys"): Aim("warm", "times", 1.5, 1),
    WARM_P50.format(keys=CREATED): Aim("warm", "times", 1.5, 1),
    WARM_P99.format(keys="1 key"): Aim("warm", "times", 1.5, 1),
    WARM_P99.format(keys="100 keys"): Aim("warm", "times", 1.5, 1),
    AT_REST: Aim("memory", "MiB", 66),
    WITH_PROOFS: Aim("memory", "MiB", 100),
    WITH_EXTRAS: Aim("memory", "MiB", 140),
    STORE: Aim("sharing", "ms", 3),
    AUDIT: Aim("audit", "s", 1),
    NEIGHBOUR.format(trouble=HANGING): Aim("neighbours", "times", 2, 1),
    NEIGHBOUR.format(trouble=SILENT_HOST): Aim("neighbours", "times", 2, 1),
    NEIGHBOUR.format(trouble=SILENT_HOSTS): Aim("neighbours", "times", 2, 1),
    NEIGHBOUR.format(trouble=SLOW_HOST): Aim("neighbours", "times", 2, 1),
    NEIGHBOUR.format(trouble=SLOW_REGISTRY): Aim("neighbours", "times", 2, 1),
    **{EVALUATION.format(policy=name): Aim("evaluation", "ms", 300) for name in many_images.POLICIES},
    FORECAST: Aim("forecast", "s", 120),
    FORECAST_AGAIN: Aim("forecast", "s", 20),
    FORECAST_WRITES: Aim("forecast", "", 0),
    FORECAST_MEMORY: Aim("forecast", "MiB", 200),
    LEDGER: Aim("ledger", "µs", 200),
    LAG: Aim("loop lag", "ms", 20),
}


def table(figures: Mapping[str, float], sections: Collection[str]) -> Table:
    """The figures beside their aims, of the sections that were measured.

    Raises:
        KeyError: a figure has no aim, or an aim of these sections no figure.
    """
    if strangers := sorted(figures.keys() - AIMS.keys()):
        raise KeyError(f"there is no aim for {strangers[0]!r}")
    rows = {name: _row(aim, figures[name]) for name, aim in AIMS.items() if aim.section in sections}
    return Table("Beside what they are meant to be", ["figure", "unit", "at most", "at best", "met"], rows)


def _row(aim: Aim, figure: float) -> list[Value]:
    return [figure, aim.unit, aim.most, aim.least or "", "yes" if figure <= aim.most else "no"]
