"""The way of a cold question: requests to the registry, and how many of them one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.bench.bench import Bench, url
from tests.bench.questions import Question, configuration, facts, proof
from tests.bench.registry import Registry
from tests.bench.report import Section, Table, Value
from tests.e2e.rig.provider import RealProvider

_DELAY_MS: Final = 100
_IMAGES: Final = 5
_WITH_TOKEN: Final = "tag, with a token"


def _by_digest(registry: Registry, image: str) -> str:
    return registry.pinned([image])[0]


_QUESTIONS: Final[Mapping[str, Question]] = {
    "tag, one platform": Question([facts]),
    "tag, index of two": Question([facts], "index"),
    "tag, index of two, all configurations": Question([configuration], "index"),
    "tag, index of two and an attestation, all configurations": Question([configuration], "attested"),
    "digest, one platform": Question([_by_digest]),
    "proof, 1 signature": Question([proof], signatures=1),
    "proof, 1 signature over the usual payload": Question([proof], signatures=1, usual=True),
    "proof, 5 signatures": Question([proof], signatures=5),
    "facts and proof, 1 signature": Question([facts, proof], signatures=1),
    "facts and proof, 5 signatures": Question([facts, proof], signatures=5),
    # Last, for from then on the provider knows that this registry wants tokens, and fetches them beforehand.
    _WITH_TOKEN: Question([facts]),
}


def measure(bench: Bench) -> Section:
    """One image after the other, with a delay beside which everything else is small."""
    with bench.provider("paths") as provider:
        rows = {name: _row(bench, provider, name) for name in _QUESTIONS}
    bench.registry.set()
    note = f"in turn: how much longer it takes with {_DELAY_MS} ms a request"
    columns = ["in turn", "requests", "of these"]
    return Section([Table("Cold: requests to the registry for an image", columns, rows, note)])


def _row(bench: Bench, provider: RealProvider, name: str) -> list[Value]:
    question = _QUESTIONS[name]
    times = []
    for delay in (0, _DELAY_MS):
        keys = question.keys(bench.registry, _IMAGES, delay)
        if name == _WITH_TOKEN:
            bench.registry.set(delay_ms=delay, token=True)
        bench.registry.counts()
        times.append(bench.load.cold(url(provider), keys, len(question.asks)).p50)
    counts = bench.registry.counts()
    kinds = ", ".join(f"{kind} {count / _IMAGES:g}" for kind, count in sorted(counts.items()))
    return [round((times[1] - times[0]) / _DELAY_MS), sum(counts.values()) / _IMAGES, kinds]
