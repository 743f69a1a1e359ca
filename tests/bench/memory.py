"""What the provider holds: at rest, with many images, and once it was asked for signatures."""

from __future__ import annotations

import time
from typing import Final

from tests.bench import aims, process
from tests.bench.bench import Bench, url
from tests.bench.questions import PROOF, QUESTIONS, Question, configuration
from tests.bench.report import Section, Table
from tests.e2e.rig.provider import RealProvider
from tests.ports import free_port

_IMAGES: Final = 1000
_BATCH: Final = 20
_KEY: Final = b"k" * 32
# A registry of each cloud, by the setting's names.
_CLOUDS: Final = {
    "ecr": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/app:1",
    "google": "europe-docker.pkg.dev/project/app/app:1",
    "azure": "shop12345.azurecr.io/app:1",
}
# In which a library is imported, and has tried to find out who we are.
_CLOUD_SECONDS: Final = 12.0


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
    extras = _extras(bench)
    most = max(float(row[0]) for row in extras.rows.values())
    return Section([table, extras], {aims.AT_REST: rested, aims.WITH_PROOFS: of_proofs, aims.WITH_EXTRAS: most})


def _extras(bench: Bench) -> Table:
    """With each extra loaded: a library is imported when it is wanted first."""
    key = bench.folder / "store.key"
    key.write_bytes(_KEY)
    # Nobody listens there: the library is loaded all the same.
    store = [f"--store=127.0.0.1:{free_port()}", f"--store-key={key}", "--store-tls=false"]
    extras: dict[str, list[str]] = {"none": [], "store": store}
    extras |= {name: [f"--cloud-credentials={name}"] for name in _CLOUDS}
    extras["all of them"] = [*store, *(word for name in _CLOUDS for word in extras[name])]
    rows = {name: [_with(bench, name, options)] for name, options in extras.items()}
    note = "after 1 proof and a question about a registry of each cloud, which is not to be reached here"
    return Table("Memory with each extra loaded: proportional set size in MiB", ["MiB"], rows, note)


def _with(bench: Bench, name: str, options: list[str]) -> float:
    with bench.provider(f"memory, {name}", *options) as provider:
        bench.load.cold(url(provider), QUESTIONS[PROOF].keys(bench.registry, 1), 1)
        # Whatever comes of it.
        with bench.load.trouble(url(provider, "/audit"), list(_CLOUDS.values()), len(_CLOUDS)):
            time.sleep(_CLOUD_SECONDS)
        return _mib(provider)


def _mib(provider: RealProvider) -> float:
    assert provider.program is not None
    return process.memory_mib(provider.program.process.pid)
