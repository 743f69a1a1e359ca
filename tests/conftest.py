"""What holds for all tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.programs import program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.rig.sigstore import Sigstore

# No test measures time: a machine that is busy with something else is no failure.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(scope="session")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sigstore]:
    """A sigstore instance to sign with; one for all, for its timestamp authority has a port that cannot be changed."""
    # Imported here: most runs sign nothing by real programs.
    from tests.e2e.rig import sigstore  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("sigstore")
    running = sigstore.start(program, folder, folder)
    yield running
    running.stop()
