"""Somebody whose images are well, alone and beside somebody whose images are not."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench import aims
from tests.bench.bench import Bench, url
from tests.bench.load import LoadReport, Neighbour
from tests.bench.registry import Registry
from tests.bench.report import Section, Table, Value
from tests.bench.silence import silent_hosts

_DELAY_MS: Final = 20
_SLOW_MS: Final = 500
# A request that was not answered counts as one that took the whole wait of `/validate`.
_WAIT_SECONDS: Final = 1.2
_ALONE_SECONDS: Final = 4.0
_BESIDE_SECONDS: Final = 5.0
# Trouble has begun when the neighbour is measured beside it.
_HEAD_START_SECONDS: Final = 0.3
# More than anybody gets through in the time.
_IMAGES: Final = 600
# Of each kind, with one request at a time: one alone has too few to tell a p99.
_CLIENTS: Final = 3
_GREETING: Final = 4
_SILENT_IMAGES: Final = 10
_SILENT_HOSTS: Final = 12
_KEYS: Final = 100
_CALLS_TO_ONE_HOST: Final = 12
_CALLS_TO_OWN_REGISTRY: Final = 8
_HUNDRED: Final = 100


@dataclass(frozen=True)
class Scene:
    """Trouble, and who lives beside it.

    Attributes:
        keys: the trouble.
        batch: keys a request; all requests are made at once, and not again.
        neighbours: by what they ask about: the registry, and the kind of its images.
        options: of the provider.
        wait: seconds that `/validate` waits.
        alone: seconds that neighbours are measured before it.
        beside: and with it.
    """

    keys: Sequence[str]
    batch: int
    neighbours: Mapping[str, tuple[Registry, str]]
    options: Sequence[str] = ()
    wait: float = _WAIT_SECONDS
    alone: float = _ALONE_SECONDS
    beside: float = _BESIDE_SECONDS


@contextlib.contextmanager
def _hanging(bench: Bench) -> Iterator[Scene]:
    with bench.another_registry("another") as other:
        other.set(delay_ms=_DELAY_MS)
        bench.registry.set("crowd", delay_ms=_DELAY_MS, hang=True)
        neighbours = {
            "an image of the same registry": (bench.registry, "plain"),
            "an index of the same registry": (bench.registry, "index"),
            "an index of another registry": (other, "index"),
        }
        options = [f"--insecure-registry={other.address}"]
        yield Scene(bench.registry.images(1, "crowd"), 1, neighbours, options)


@contextlib.contextmanager
def _silent_host(bench: Bench) -> Iterator[Scene]:
    with silent_hosts(1) as (host,):
        yield Scene(_silent(host), _SILENT_IMAGES, _another(bench), [f"--insecure-registry={host}"])


@contextlib.contextmanager
def _silent_hosts(bench: Bench) -> Iterator[Scene]:
    with silent_hosts(_SILENT_HOSTS) as hosts:
        options = [f"--insecure-registry={host}" for host in hosts]
        yield Scene([key for host in hosts for key in _silent(host)], _SILENT_IMAGES, _another(bench), options)


@contextlib.contextmanager
def _slow_host(bench: Bench) -> Iterator[Scene]:
    with bench.another_registry("slow") as slow:
        slow.set(delay_ms=_SLOW_MS)
        keys = slow.images(_CALLS_TO_ONE_HOST * _KEYS)
        yield Scene(keys, _KEYS, _another(bench), [f"--insecure-registry={slow.address}"])


@contextlib.contextmanager
def _slow_registry(bench: Bench) -> Iterator[Scene]:
    """One trip takes half a second: more than two do not fit into a wait of 1.2 s, so this one is longer."""
    bench.registry.set(delay_ms=_SLOW_MS)
    bench.registry.set("quick", delay_ms=_DELAY_MS)
    wait = 9.0
    neighbours = {
        "an image of the same registry": (bench.registry, "plain"),
        f"an image there that takes {_DELAY_MS} ms": (bench.registry, "quick"),
    }
    keys = bench.registry.images(_CALLS_TO_OWN_REGISTRY * _KEYS)
    yield Scene(keys, _KEYS, neighbours, [f"--validate-seconds={wait}"], wait, alone=5.0, beside=10.0)


def _silent(host: str) -> list[str]:
    return [f"{host}/silent/image-{number}:1" for number in range(_SILENT_IMAGES)]


def _another(bench: Bench) -> dict[str, tuple[Registry, str]]:
    return {"an image of another registry": (bench.registry, "plain")}


_SCENES: Final[Mapping[str, Callable[[Bench], contextlib.AbstractContextManager[Scene]]]] = {
    aims.HANGING: _hanging,
    aims.SILENT_HOST: _silent_host,
    aims.SILENT_HOSTS: _silent_hosts,
    aims.SLOW_HOST: _slow_host,
    aims.SLOW_REGISTRY: _slow_registry,
}
# Shown, and not aimed at: one registry is as quick for all its images.
_WITHOUT_AIM: Final = frozenset({f"an image there that takes {_DELAY_MS} ms"})


def measure(bench: Bench) -> Section:
    """A provider for each trouble, for what is left of it goes on for half a minute."""
    rows: dict[str, Sequence[Value]] = {}
    figures = {}
    for trouble, staged in _SCENES.items():
        bench.registry.set(delay_ms=_DELAY_MS)
        with staged(bench) as scene, bench.provider(f"beside {trouble}", *scene.options) as provider:
            ratios = {}
            for name, (alone, beside) in _measured(bench, url(provider), scene).items():
                ratios[name] = p99_ratio(alone, beside)
                rows[f"{trouble}: {name}"] = [*_figures(alone), *_figures(beside), ratios[name]]
        worst = max(ratio for name, ratio in ratios.items() if name not in _WITHOUT_AIM)
        figures[aims.NEIGHBOUR.format(trouble=trouble)] = worst
    columns = [
        "alone p50",
        "p99",
        "requests",
        "unanswered",
        "beside p50",
        "p99 ",
        "requests ",
        "unanswered ",
        "p99 ratio",
    ]
    note = (
        "an unanswered request counts as one that took the whole wait, and the ratio has no end where they are more "
        "than one of a hundred; trouble is made once, just before"
    )
    return Section([Table("A healthy neighbour beside trouble: ms", columns, rows, note)], figures)


def p99_ratio(alone: LoadReport, beside: LoadReport) -> float:
    """How much longer all but one of a hundred take; infinite when more of them than that had no answer."""
    unanswered = beside.late + beside.bad
    return math.inf if unanswered * _HUNDRED > beside.requests else beside.p99 / alone.p99


def _measured(bench: Bench, where: str, scene: Scene) -> dict[str, tuple[LoadReport, LoadReport]]:
    # Imports and first connections are nobody's trouble.
    greeting = [key for registry, kind in scene.neighbours.values() for key in registry.images(_GREETING, kind)]
    bench.load.cold(where, greeting, len(greeting))
    alone = bench.load.neighbours(where, _neighbours(scene, scene.alone))
    beside = _neighbours(scene, scene.beside)
    with bench.load.trouble(where, scene.keys, scene.batch):
        time.sleep(_HEAD_START_SECONDS)
        disturbed = bench.load.neighbours(where, beside)
    return {name: (alone[name], disturbed[name]) for name in scene.neighbours}


def _neighbours(scene: Scene, seconds: float) -> dict[str, Neighbour]:
    return {
        name: Neighbour(registry.images(_IMAGES, kind), _CLIENTS, seconds, scene.wait)
        for name, (registry, kind) in scene.neighbours.items()
    }


def _figures(measured: LoadReport) -> list[Value]:
    return [measured.p50, measured.p99, measured.requests, measured.late + measured.bad]
