"""What holds for all tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.processes import Schedule
from tests.programs import program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xdist.remote import Producer

    from tests.e2e.rig.sigstore import Sigstore

# No test measures time: a machine that is busy with something else is no failure.
settings.register_profile("no deadline", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no deadline")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Schedule:
    """Distribute tests over the processes that `--numprocesses` asks for."""
    return Schedule(config, log)


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sigstore]:
    """A sigstore instance to sign with; one for all, for its timestamp authority has a port that cannot be changed."""
    # Imported here: most runs sign nothing by real programs.
    from tests.e2e.rig import sigstore  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("sigstore")
    running = sigstore.start(program, folder, folder)
    yield running
    running.stop()
