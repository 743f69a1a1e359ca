"""The chart as each Helm renders it."""

from __future__ import annotations

import pytest

from tests.integration.chart.helm import VALUE_FILES, Helm, Rendering
from tests.programs import program


@pytest.fixture(scope="session", params=["helm", "helm4"])
def helm(request: pytest.FixtureRequest) -> Helm:
    return Helm(program(request.param))


@pytest.fixture(scope="session")
def rendering(helm: Helm) -> Rendering:
    """The chart with its defaults."""
    return helm.render()


@pytest.fixture(scope="session", params=VALUE_FILES, ids=lambda file: file.stem)
def variant(request: pytest.FixtureRequest, helm: Helm) -> Rendering:
    """The chart with each of the value files."""
    return helm.render(request.param)
