"""Cold questions about a registry that speaks TLS, as all but a test's do."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.bench.asker import Asker
from tests.bench.bench import Bench
from tests.bench.cold import DELAYS_MS, MANY, PATIENT, ROUNDS, ROUNDS_OF_ONE, beside_yardstick
from tests.bench.questions import FACTS, INDEX_CONFIGURATIONS, PROOF, PROOF_OF_FIVE
from tests.bench.registry import Registry
from tests.bench.report import Section, Table, Value

_PROTOCOLS: Final = {"HTTP/1.1": False, "HTTP/2": True}
_QUESTIONS: Final = (FACTS, INDEX_CONFIGURATIONS, PROOF, PROOF_OF_FIVE)
_FIRST_DELAY_MS: Final = 20


def measure(bench: Bench) -> Section:
    """By protocol."""
    tables = []
    for protocol, http2 in _PROTOCOLS.items():
        with bench.another_registry(
            f"registry-{protocol.lower().replace('/', '-')}", tls=True, http2=http2
        ) as registry:
            tables += _of_protocol(bench, registry, protocol)
    return Section(tables)


def _of_protocol(bench: Bench, registry: Registry, protocol: str) -> list[Table]:
    options = [f"--registry-ca={registry.authority}", f"--named-registry={registry.address}"]
    with bench.provider(f"TLS, {protocol}", PATIENT, *options) as provider:
        # Everything is imported, and no connection to this registry is open.
        Asker(bench, provider, bench.registry).greet()
        asker = Asker(bench, provider, registry)
        first = asker.ask(FACTS, MANY, 1, _FIRST_DELAY_MS).longest
        asker.greet()
        beside = beside_yardstick(asker)
        return [_latency(asker, protocol, first), replace(beside, title=f"TLS, {protocol}: {beside.title}")]


def _latency(asker: Asker, protocol: str, first: float) -> Table:
    rows: dict[str, list[Value]] = {name: [] for name in _QUESTIONS}
    for name, row in rows.items():
        for delay in DELAYS_MS:
            row.append(asker.ask(name, 1, ROUNDS_OF_ONE, delay).p50)
            many = asker.cost(name, MANY, ROUNDS, delay)
            row += [many.took, many.processor]
    columns = [f"{what}, {delay} ms" for delay in DELAYS_MS for what in ("1 image", f"{MANY} images", "processor")]
    note = f"the first {MANY} facts, {_FIRST_DELAY_MS} ms, with no connection open: {first:.0f} ms"
    return Table(f"TLS, {protocol}, cold, by delay: p50 in ms; processor: ms an image", columns, rows, note)
