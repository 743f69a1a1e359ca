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
def variant(request: pytest.FixtureRequest) -> Rendering:
    """The chart with each of the value files. By one Helm: test_objects.py shows that the other renders the same."""
    return Helm(program("helm4")).render(request.param)
