"""How many requests may be under way."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from typing import Final

from provider import limits


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many requests may be under way.

    Attributes:
        registry: at one registry.
        unknown: at one that has not answered yet.
        all: at all together.
        reserved: of a registry's, the last ones, for callers that have none there yet.
        reserved_all: the same of all.
    """

    registry: int = limits.REGISTRY_REQUESTS
    unknown: int = limits.UNKNOWN_REGISTRY_REQUESTS
    all: int = limits.ALL_REQUESTS
    reserved: int = limits.RESERVED_REQUESTS
    reserved_all: int = limits.RESERVED_ALL_REQUESTS


def open_files() -> int:
    """How many files this process may have open."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if files == resource.RLIM_INFINITY else files


def affordable(files: int) -> Bounds:
    """The bounds of a process that may open so many files: half of them at most are requests under way."""
    every = max(limits.UNKNOWN_REGISTRY_REQUESTS, min(limits.ALL_REQUESTS, files // 2))
    return Bounds(all=every, reserved_all=every * limits.RESERVED_ALL_REQUESTS // limits.ALL_REQUESTS)


DEFAULT_BOUNDS: Final = Bounds()
# Of documents that are large: what is in flight of them has a bound in bytes.
LARGE_BOUNDS: Final = Bounds(
    registry=limits.LARGE_DOCUMENTS // 2,
    unknown=limits.LARGE_DOCUMENTS // 2,
    all=limits.LARGE_DOCUMENTS,
    reserved=1,
    reserved_all=2,
)
