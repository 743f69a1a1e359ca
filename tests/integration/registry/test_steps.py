"""Requests and round trips of answers, as `facts --steps` counts them, from go-containerregistry's registry."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from gatekeeper.cli.main import cli
from tests.integration.registry.conftest import copy
from tests.simulators.registry import RegistrySimulator

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def world():
    """An image, and an index of two platforms."""
    registry = RegistrySimulator()
    image = registry.push_image("steps/app", "v1")
    other = registry.push_image("steps/app", architecture="arm64", created="2025-01-01T00:00:00Z")
    registry.push_index("steps/app", "index", [image, other])
    return registry, image


@pytest.mark.parametrize(
    ("name", "requests", "trips"),
    [(":v1", 2, 2), (":index", 5, 3), ("@{digest}", 2, 2)],
    ids=["single image", "index of two platforms", "known digest"],
)
def test_answer_takes_as_many_requests_as_the_documents_need(real_registry, world, name, requests, trips):
    registry, image = world
    copy(registry, real_registry)
    reference = f"{real_registry}/steps/app{name.format(digest=image.digest)}"
    done = CliRunner().invoke(cli, ["facts", reference, "--steps", "--output", "json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    plain = [step for step in answer["steps"][reference] if step["ref"] == answer["images"][reference]["ref"]]
    sent = [step for step in plain if step["trip"]]
    assert (len(sent), max(step["trip"] for step in sent)) == (requests, trips)
    assert {(step["source"], step["host"], step["status"]) for step in sent} == {("registry", real_registry, 200)}
    assert not [step for step in answer["steps"][reference] if step not in plain and step["trip"]]
