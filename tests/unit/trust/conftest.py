"""A repository that signs for a trust root, a mirror of it in memory, and the state of who looks at it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatekeeper.trust.sources import TrustSources
from gatekeeper.trust.specification import Repository, TufMirror
from tests.simulators.clock import FakeClock
from tests.simulators.signing import SigningWorld
from tests.simulators.trust_mirror import URL, MemoryMirror
from tests.simulators.tuf_repository import TufRepository


@pytest.fixture(scope="session")
def world() -> SigningWorld:
    return SigningWorld()


@pytest.fixture
def body(world: SigningWorld) -> bytes:
    return json.dumps(world.trust_root).encode()


@pytest.fixture
def repository(body: bytes) -> TufRepository:
    return TufRepository({"trusted_root.json": body})


@pytest.fixture
def mirror(repository: TufRepository) -> MemoryMirror:
    return MemoryMirror(repository.files)


@pytest.fixture
def source(repository: TufRepository) -> TufMirror:
    return TufMirror(URL, Repository(repository.root))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sources(tmp_path: Path, mirror: MemoryMirror, clock: FakeClock) -> TrustSources:
    return TrustSources(tmp_path, lambda: mirror, clock, lambda: 0.0)
