"""The way of a cold question: requests to the registry, and how many of them one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.bench import Bench, url
from tests.bench.registry import fact
from tests.bench.report import Table, Value
from tests.e2e.rig.provider import RealProvider

_DELAY_MS: Final = 100
_IMAGES: Final = 5


@dataclass(frozen=True)
class _Way:
    """A kind of question.

    Attributes:
        keys: asks about fresh images, so many.
        signatures: that each image has.
        token: whether the registry wants one.
    """

    keys: Callable[[Bench, int], Sequence[str]]
    signatures: int = 0
    token: bool = False


def _facts(bench: Bench, count: int) -> Sequence[str]:
    return [fact(image) for image in bench.registry.images(count)]


def _proofs(bench: Bench, count: int) -> Sequence[str]:
    return [bench.registry.proof(image) for image in bench.registry.images(count)]


def _both(bench: Bench, count: int) -> Sequence[str]:
    return [key for image in bench.registry.images(count) for key in (fact(image), bench.registry.proof(image))]


_WAYS: Final[Mapping[str, _Way]] = {
    "tag, one platform": _Way(_facts),
    "tag, index of two": _Way(lambda bench, count: bench.registry.images(count, "index")),
    "tag, index, all of it": _Way(
        lambda bench, count: [fact(image) for image in bench.registry.images(count, "index")]
    ),
    "digest, one platform": _Way(
        lambda bench, count: [fact(image) for image in bench.registry.pinned(bench.registry.images(count))]
    ),
    "proof, 1 signature": _Way(_proofs, signatures=1),
    "proof, 5 signatures": _Way(_proofs, signatures=5),
    "facts and proof, 1 signature": _Way(_both, signatures=1),
    "facts and proof, 5 signatures": _Way(_both, signatures=5),
    # Last, for from then on the provider knows that this registry wants tokens, and fetches them beforehand.
    "tag, with a token": _Way(_facts, token=True),
}


def measure(bench: Bench) -> list[Table]:
    """One image after the other, with a delay beside which everything else is small."""
    with bench.provider() as provider:
        rows = {name: _row(bench, provider, way) for name, way in _WAYS.items()}
    note = f"in turn: how much longer it takes with {_DELAY_MS} ms a request; an index has an attestation, too"
    return [Table("Cold: requests to the registry for an image", ["in turn", "requests", "of these"], rows, note)]


def _row(bench: Bench, provider: RealProvider, way: _Way) -> list[Value]:
    times = []
    for delay in (0, _DELAY_MS):
        bench.registry.set(signatures=way.signatures)
        keys = way.keys(bench, _IMAGES)
        bench.registry.set(delay_ms=delay, signatures=way.signatures, token=way.token)
        bench.registry.counts()
        times.append(bench.load.cold(url(provider), keys, len(keys) // _IMAGES).p50)
    counts = bench.registry.counts()
    kinds = ", ".join(f"{kind} {count / _IMAGES:g}" for kind, count in sorted(counts.items()))
    return [round((times[1] - times[0]) / _DELAY_MS), sum(counts.values()) / _IMAGES, kinds]
