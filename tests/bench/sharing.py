"""What a store between replicas is good for: requests that no registry gets, and what a look into it takes."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tests.bench import aims, process
from tests.bench.bench import Bench, url
from tests.bench.questions import configuration, facts
from tests.bench.report import Section, Table, Value
from tests.e2e.rig.provider import RealProvider
from tests.integration.store import servers

_PODS: Final = 1000
_IMAGES: Final = 200
_REPLICAS: Final = (1, 2, 4)
_REQUESTS: Final = 1000
_ROUNDS: Final = 3
_LOOKS: Final = 100
_KEY: Final = b"k" * 32
_PATIENT: Final = "--validate-seconds=9"


def missing() -> str:
    """Why it cannot be measured; empty where it can."""
    return "" if shutil.which("redis-server") else "redis-server is not installed"


def measure(bench: Bench) -> Section:
    """With a Redis on this machine, without TLS."""
    bench.registry.set()
    with servers.single() as store:
        options = _options(bench, store.addresses[0])
        tables = [_audits(bench, options), _replicas(bench, options)]
        looks, more = _looks(bench, options)
    return Section([*tables, looks], {aims.STORE: more})


def _options(bench: Bench, address: tuple[str, int]) -> list[str]:
    key = bench.folder / "store.key"
    key.write_bytes(_KEY)
    return [f"--store={address[0]}:{address[1]}", f"--store-key={key}", "--store-tls=false"]


def _audits(bench: Bench, options: Sequence[str]) -> Table:
    """Pods of which some share an image, named by tag as people name them, or by digest as mutation does."""
    rows: dict[str, list[Value]] = {}
    for how in ("by tag", "by digest"):
        images = bench.registry.images(_IMAGES)
        named = images if how == "by tag" else bench.registry.pinned(images)
        keys = [configuration(bench.registry, image) for image in itertools.islice(itertools.cycle(named), _PODS)]
        with bench.provider(f"audit of shared images, {how}", *options) as provider:
            rows |= {f"{how}, {name}": _audit(bench, provider, keys) for name in ("first", "again")}
        # A stop has written what waited.
        for name in ("after a restart", "another replica"):
            with bench.provider(f"{how}, {name}", *options) as provider:
                rows[f"{how}, {name}"] = _audit(bench, provider, keys)
    columns = ["seconds", "processor seconds", "requests to the registry"]
    return Table(f"Audit of {_PODS} Pods with {_IMAGES} images, one after the other, with a store", columns, rows)


def _audit(bench: Bench, provider: RealProvider, keys: Sequence[str]) -> list[Value]:
    bench.registry.counts()
    computed, begun = process.processor_seconds(_pid(provider)), time.monotonic()
    bench.load.cold(url(provider, "/audit"), keys, 1)
    seconds = time.monotonic() - begun
    return [seconds, process.processor_seconds(_pid(provider)) - computed, sum(bench.registry.counts().values())]


def _replicas(bench: Bench, options: Sequence[str]) -> Table:
    rows = {str(count): _together(bench, options, count) for count in _REPLICAS}
    columns = ["requests to the registry a key", "warm requests a second, best of 3", "processor, ms a request"]
    note = (
        "new images, each asked of one replica after the other; then the same key of all of them at the same time. "
        "The load, the registry and the store share the processors with them"
    )
    return Table("Replicas with one store", columns, rows, note)


def _together(bench: Bench, options: Sequence[str], count: int) -> list[Value]:
    keys = [facts(bench.registry, image) for image in bench.registry.images(_IMAGES)]
    with contextlib.ExitStack() as stack:
        replicas = [
            stack.enter_context(bench.provider(f"replica {number + 1} of {count}", *options)) for number in range(count)
        ]
        bench.registry.counts()
        for replica in replicas:
            bench.load.cold(url(replica), keys, 10)
        asked = sum(bench.registry.counts().values()) / len(keys)
        before = sum(process.processor_seconds(_pid(replica)) for replica in replicas)
        rounds = [_at_once(bench, replicas, keys[:1]) for _ in range(_ROUNDS)]
        cost = sum(process.processor_seconds(_pid(replica)) for replica in replicas) - before
    return [asked, max(rounds), cost * 1000 / (_ROUNDS * _REQUESTS * count)]


def _at_once(bench: Bench, replicas: Sequence[RealProvider], keys: Sequence[str]) -> float:
    """Requests a second of all of them together."""
    with ThreadPoolExecutor(len(replicas)) as pool:
        reports = pool.map(lambda one: bench.load.warm(url(one), keys, _REQUESTS, 2), replicas)
        return sum(report.per_second for report in reports)


def _looks(bench: Bench, options: Sequence[str]) -> tuple[Table, float]:
    """One key from memory, the store and the registry, in turn; and how much longer the store takes than memory."""
    names = [facts(bench.registry, image) for image in bench.registry.images(_LOOKS + 5)]
    with bench.provider("fills the store", *options) as first:
        bench.load.cold(url(first), names, 10)
    with bench.provider("looks", *options, _PATIENT) as provider, bench.provider("alone", _PATIENT) as alone:
        # Connections are made, and everything is imported.
        fresh = [facts(bench.registry, image) for image in bench.registry.images(_LOOKS + 10)]
        bench.load.cold(url(provider), names[:5], 1)
        bench.load.cold(url(alone), fresh[:10], 1)
        store = bench.load.cold(url(provider), names[5:], 1)
        memory = bench.load.warm(url(provider), names[5:6], _LOOKS, 1)
        registry = bench.load.cold(url(alone), fresh[10:], 1)
    rows: dict[str, list[Value]] = {
        name: [report.p50, report.p50 - memory.p50, report.p99]
        for name, report in (("memory", memory), ("store", store), ("registry, 0 ms", registry))
    }
    title = "One key, by where its image is known: ms"
    return Table(title, ["p50", "more than from memory", "p99"], rows), store.p50 - memory.p50


def _pid(provider: RealProvider) -> int:
    assert provider.program is not None
    return provider.program.process.pid
