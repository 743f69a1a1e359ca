"""What the forecast costs in a large cluster: rounds of the controller's own parts, and what they ask of a registry."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.freshness.provider_facts import ProviderFacts, ProviderTarget
from tests.bench import aims, large_cluster, process
from tests.bench.bench import Bench, url
from tests.bench.questions import configuration, created, facts, proof
from tests.bench.report import Section, Table, Value

_ROUNDS: Final = {
    "first": "the first round",
    "second": "nothing changed",
    "new": "one new Deployment",
}
_COLUMNS: Final = {
    "seconds": "seconds",
    "own": "processor s, our process",
    "opa": "processor s, opa",
    "runs": "runs of opa",
    "keys": "keys asked of the provider",
    "requests": "requests to the API server",
    "writes": "writes",
    "minutes": "minutes of the cluster until all is written",
    "outlooks": "outlooks",
    "unknown": "of them unknown",
}
_LOOK_SECONDS: Final = 0.1
# What `forecast_rounds` says when the cluster is there.
_WORLD: Final = "world"
_MEMORY_TITLE: Final = "The forecast: most memory, proportional set size in MiB"
_MEMORY_NOTE: Final = "before the first round: Python, our modules, and the cluster and facts that are simulated"
_TITLE: Final = "The forecast: {pods:,} Pods of 1,500 workloads, {images} images, 20 policies"


@dataclass
class PeakMemory:
    """The most that a process and those that it started held, MiB: alone and together.

    Attributes:
        own: the process itself, since it was last asked.
        others: those that it started.
        together: both at one moment.
    """

    own: float = 0.0
    others: float = 0.0
    together: float = 0.0

    def watch(self, pid: int, over: threading.Event) -> None:
        """Look again and again, until it is over."""
        while not over.wait(_LOOK_SECONDS):
            try:
                own, together = process.own_memory_mib(pid), process.memory_mib(pid)
            except (FileNotFoundError, ProcessLookupError, StopIteration):
                return
            self.own = max(self.own, own)
            self.others = max(self.others, together - own)
            self.together = max(self.together, together)

    def lap(self) -> float:
        """The most that the process held since it was last asked."""
        found, self.own = self.own, 0.0
        return found


def measure(bench: Bench) -> Section:
    """Rounds over a simulated cluster by the real opa; then the questions of a round to the real provider, twice."""
    memory = PeakMemory()
    found = dict(_rounds(memory))
    world = found.pop(_WORLD)["memory"]
    rows: dict[str, list[Value]] = {
        _ROUNDS[name]: [figures[column] for column in _COLUMNS] for name, figures in found.items()
    }
    title = _TITLE.format(pods=large_cluster.PODS, images=large_cluster.IMAGES)
    rounds = Table(
        title, list(_COLUMNS.values()), rows, "writes are Events and reports, until none was written for ten minutes"
    )
    peak = Table(_MEMORY_TITLE, ["MiB"], _memory_rows(world, found, memory), _MEMORY_NOTE)
    first = found["first"]
    figures = {
        aims.FORECAST: first["own"] + first["opa"],
        aims.FORECAST_AGAIN: found["second"]["own"] + found["second"]["opa"],
        aims.FORECAST_WRITES: found["second"]["writes"],
        aims.FORECAST_MEMORY: memory.together,
    }
    return Section([rounds, peak, _requests(bench)], figures)


def _memory_rows(world: float, found: Mapping[str, Mapping[str, Any]], memory: PeakMemory) -> dict[str, list[Value]]:
    rows: dict[str, list[Value]] = {"our process before the first round": [world]}
    rows |= {f"our process, {_ROUNDS[name]}": [figures["memory"]] for name, figures in found.items()}
    return rows | {"opa": [memory.others], "both at one moment": [memory.together]}


def _rounds(memory: PeakMemory) -> Mapping[str, Mapping[str, Any]]:
    """The figures of each round, by its name; of the cluster before it only the memory."""
    words = [sys.executable, "-m", "tests.bench.forecast_rounds"]
    over = threading.Event()
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as program:
        watcher = threading.Thread(target=memory.watch, args=(program.pid, over))
        watcher.start()
        assert program.stdout is not None
        rows = [{**json.loads(line), "memory": memory.lap()} for line in program.stdout]
        over.set()
        watcher.join()
    assert program.returncode == 0, "the rounds did not come to their end"
    return {row["round"]: row for row in rows}


def _requests(bench: Bench) -> Table:
    """What the provider asks of a registry for the questions of two rounds about the same images."""
    bench.registry.set(signatures=1)
    images = bench.registry.images(large_cluster.IMAGES)
    keys = [ask(bench.registry, image) for image in images for ask in (facts, created, configuration, proof)]
    client = bench.authority.issue("forecast", server=False, client=True)
    rows: dict[str, list[Value]] = {}
    with bench.provider("forecast") as provider:
        target = ProviderTarget(url(provider, "/audit"), bench.pair.authority.read_bytes())
        source = ProviderFacts(lambda: target, client.certificate, client.key)
        bench.registry.counts()
        for name in ("the first round", "the second"):
            with source.conversation() as asked:
                found = asked.answers(keys)
            rows[name] = [len(found.values), sum(bench.registry.counts().values())]
    columns = ["keys answered", "requests to the registry"]
    title = f"Questions of a round about {large_cluster.IMAGES} images, each with four of its policies"
    return Table(title, columns, rows)
