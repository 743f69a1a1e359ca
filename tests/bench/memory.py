"""What the provider holds: at rest, with many images, and once it was asked for signatures."""

from __future__ import annotations

from typing import Final

from tests.bench import process
from tests.bench.bench import Bench, url
from tests.bench.registry import fact
from tests.bench.report import Table
from tests.e2e.rig.provider import RealProvider

_IMAGES: Final = 1000
_BATCH: Final = 20


def measure(bench: Bench) -> list[Table]:
    """One provider, asked for more and more."""
    rows = {}
    bench.registry.set(signatures=1)
    with bench.provider() as provider:
        rows["started"] = [_mib(provider)]
        bench.load.cold(url(provider), [fact(image) for image in bench.registry.images(_IMAGES)], _BATCH)
        rows[f"facts of {_IMAGES} images"] = [_mib(provider)]
        bench.load.cold(url(provider), [bench.registry.proof(image) for image in bench.registry.images(1)], 1)
        rows["and 1 proof"] = [_mib(provider)]
        proofs = [bench.registry.proof(image) for image in bench.registry.images(_IMAGES)]
        bench.load.cold(url(provider), proofs, _BATCH)
        rows[f"and {_IMAGES} proofs"] = [_mib(provider)]
    return [Table("Memory of the provider and its worker: proportional set size in MiB", ["MiB"], rows)]


def _mib(provider: RealProvider) -> float:
    assert provider.program is not None
    return process.memory_mib(provider.program.process.pid)
