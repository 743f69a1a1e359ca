"""Latency of questions that nobody has asked before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.bench import process
from tests.bench.bench import Bench, url
from tests.bench.load import Measured
from tests.bench.registry import fact
from tests.bench.report import Table, Value
from tests.e2e.rig.provider import RealProvider

_IMAGES: Final = (1, 10, 50, 100)
_DELAYS_MS: Final = (0, 20)
_ROUNDS: Final = 5
_ROUNDS_OF_ONE: Final = 20
_KINDS: Final[dict[str, tuple[str, int, tuple[bool, bool]]]] = {
    # kind of image, signatures, whether facts and proofs are asked for
    "facts": ("plain", 0, (True, False)),
    "facts, index of two and an attestation": ("index", 0, (True, False)),
    "proof, 1 signature": ("plain", 1, (False, True)),
    "proof, 5 signatures": ("plain", 5, (False, True)),
    "facts and proof, 1 signature": ("plain", 1, (True, True)),
}


def measure(bench: Bench) -> list[Table]:
    """One request at a time, with all its images new."""
    with bench.provider() as provider:
        # What is imported and connected with the very first question is not what is asked about here.
        bench.registry.set(signatures=1)
        bench.load.cold(url(provider), [*_keys(bench, "facts", 4), *_keys(bench, "proof, 1 signature", 4)], 1)
        return [_table(bench, provider, delay) for delay in _DELAYS_MS]


def _table(bench: Bench, provider: RealProvider, delay: int) -> Table:
    rows = {name: _row(bench, provider, name, delay) for name in _KINDS}
    title = f"Cold, {delay} ms a request to the registry: p50 in ms by images of a question"
    note = "late: requests of 100 images with keys that had no answer within 1.2 s; processor: ms an image"
    return Table(title, [*(str(images) for images in _IMAGES), "late", "processor"], rows, note)


def _row(bench: Bench, provider: RealProvider, name: str, delay: int) -> list[Value]:
    assert provider.program is not None
    pid = provider.program.process.pid
    measured = [_measured(bench, provider, name, images, delay) for images in _IMAGES[:-1]]
    before = process.processor_seconds(pid)
    measured.append(_measured(bench, provider, name, _IMAGES[-1], delay))
    computed = process.processor_seconds(pid) - before
    return [*(each.p50 for each in measured), measured[-1].late, computed * 1000 / (_IMAGES[-1] * _ROUNDS)]


def _measured(bench: Bench, provider: RealProvider, name: str, images: int, delay: int) -> Measured:
    _, signatures, asked = _KINDS[name]
    rounds = _ROUNDS_OF_ONE if images == 1 else _ROUNDS
    bench.registry.set(delay_ms=delay, signatures=signatures)
    return bench.load.cold(url(provider), _keys(bench, name, images * rounds), images * sum(asked))


def _keys(bench: Bench, name: str, count: int) -> Sequence[str]:
    kind, _, (facts, proofs) = _KINDS[name]
    images = bench.registry.images(count, kind)
    questions = ([fact] if facts else []) + ([bench.registry.proof] if proofs else [])
    return [ask(image) for image in images for ask in questions]
