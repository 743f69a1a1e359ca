"""What the provider holds: at rest, with many images, and once it was asked for signatures."""

from __future__ import annotations

from typing import Final

from tests.bench import aims, process
from tests.bench.bench import Bench, url
from tests.bench.questions import PROOF, QUESTIONS, Question, configuration
from tests.bench.report import Section, Table
from tests.e2e.rig.provider import RealProvider

_IMAGES: Final = 1000
_BATCH: Final = 20


def measure(bench: Bench) -> Section:
    """One provider, asked for more and more."""
    with bench.provider("memory") as provider:
        rested = _mib(provider)
        bench.load.cold(url(provider), Question([configuration]).keys(bench.registry, _IMAGES), _BATCH)
        of_facts = _mib(provider)
        bench.load.cold(url(provider), QUESTIONS[PROOF].keys(bench.registry, 1), 1)
        of_one = _mib(provider)
        bench.load.cold(url(provider), QUESTIONS[PROOF].keys(bench.registry, _IMAGES), _BATCH)
        of_proofs = _mib(provider)
    rows = {
        "started": [rested],
        f"facts of {_IMAGES} images": [of_facts],
        "and 1 proof": [of_one],
        f"and {_IMAGES} proofs": [of_proofs],
    }
    table = Table("Memory of the provider and its worker: proportional set size in MiB", ["MiB"], rows)
    return Section([table], {aims.AT_REST: rested, aims.WITH_PROOFS: of_proofs})


def _mib(provider: RealProvider) -> float:
    assert provider.program is not None
    return process.memory_mib(provider.program.process.pid)
