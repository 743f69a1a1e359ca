"""What an audit costs: Gatekeeper asks about one Pod after the other, by the digest that it runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from tests.bench import aims, process
from tests.bench.bench import Bench, url
from tests.bench.questions import configuration
from tests.bench.report import Section, Table, Value
from tests.e2e.rig.provider import RealProvider

_PODS: Final = 1000


def measure(bench: Bench) -> Section:
    """Pods that share no image, which is the worst case, audited twice."""
    bench.registry.set()
    images = bench.registry.pinned(bench.registry.images(_PODS))
    keys = [configuration(bench.registry, image) for image in images]
    with bench.provider("audit") as provider:
        rows = {name: _row(bench, provider, keys) for name in ("first", "again")}
    columns = ["seconds", "processor seconds", "requests to the registry"]
    table = Table(f"Audit of {_PODS} Pods, no two of one image, registry without delay", columns, rows)
    return Section([table], {aims.AUDIT: float(rows["first"][1])})


def _row(bench: Bench, provider: RealProvider, keys: Sequence[str]) -> list[Value]:
    assert provider.program is not None
    pid = provider.program.process.pid
    bench.registry.counts()
    computed, begun = process.processor_seconds(pid), time.monotonic()
    bench.load.cold(url(provider, "/audit"), keys, 1)
    seconds = time.monotonic() - begun
    return [seconds, process.processor_seconds(pid) - computed, sum(bench.registry.counts().values())]
