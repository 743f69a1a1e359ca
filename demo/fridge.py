"""A registry on loopback with images made up for the story: fresh, old, for several platforms, undated."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.simulators.registry import PushedManifest, RegistrySimulator

# Names of images; `HOST:PORT/` goes before them.
FRESH: Final = "shop/web:2.1"
OLD: Final = "shop/database:1.0"
ALL_OLD: Final = "shop/mail:7"
ONE_FRESH: Final = "shop/search:4"
UNDATED: Final = "shop/cart:reproducible"

FRESH_DAYS: Final = 2
OLD_DAYS: Final = 31


@contextmanager
def stocked() -> Iterator[str]:
    """Serve them; gives `HOST:PORT`."""
    registry = RegistrySimulator()
    _image(registry, FRESH, FRESH_DAYS)
    _image(registry, OLD, OLD_DAYS)
    _index(registry, ALL_OLD, {"amd64": 40, "arm64": 33})
    _index(registry, ONE_FRESH, {"amd64": FRESH_DAYS, "arm64": 90})
    _image(registry, UNDATED, None)
    with registry.serve() as address:
        yield address


def _image(registry: RegistrySimulator, name: str, days: float | None) -> None:
    repository, tag = name.split(":")
    registry.push_image(repository, tag, created=_days_ago(days))


def _index(registry: RegistrySimulator, name: str, days: dict[str, float]) -> None:
    repository, tag = name.split(":")
    platforms: list[PushedManifest] = [
        registry.push_image(repository, created=_days_ago(age), architecture=architecture)
        for architecture, age in days.items()
    ]
    registry.push_index(repository, tag, platforms)


def _days_ago(days: float | None) -> str | None:
    if days is None:
        return None
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
