"""What a provider shows of its way to an answer: its steps in the log, and what a registry has left in its metrics."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from provider.questions import question
from provider.steps import AnswerStep
from tests.integration.server.conftest import Provider
from tests.simulators.registry import RegistrySimulator

pytestmark = pytest.mark.integration

SOURCE = "203.0.113.7"


@pytest.fixture
def registry() -> RegistrySimulator:
    """One that wants a password, and says as Docker Hub how much is left."""
    registry = RegistrySimulator()
    registry.push_image("team/app", "v1")
    registry.challenge, registry.authorizations = 'Basic realm="r"', {"Basic bWU6dGhlLXBhc3N3b3Jk"}
    registry.quota = {
        "RateLimit-Limit": "100;w=21600",
        "RateLimit-Remaining": "76;w=21600",
        "Docker-RateLimit-Source": SOURCE,
    }
    return registry


@pytest.fixture
def address(registry) -> Iterator[str]:
    with registry.serve() as address:
        yield address


@pytest.fixture
def provider(authority, tmp_path, address) -> Iterator[Provider]:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"auths": {address: {"username": "me", "password": "the-password"}}}))
    flags = ("--log-level", "debug", "--insecure-registry", address, "--docker-config", str(config))
    program = ("-m", "gatekeeper.cli", "serve")
    provider = Provider(authority.server(tmp_path), tmp_path, *flags, program=program)
    yield provider
    provider.close()


def test_steps_are_in_the_log_and_the_quota_in_the_metrics_without_a_secret(provider, connect, address, tmp_path):
    image = f"{address}/team/app:v1"
    assert connect(provider).ask(image).values[image]["created"]
    steps = provider.events("step.taken")
    account = f"auths['{address}'] of {tmp_path / 'config.json'}"
    assert [(step["asked"], step["status"], step["account"], step["remaining"]) for step in steps] == [
        ("manifest", 401, "anonymous", None),
        ("manifest", 200, account, 76),
        ("blob", 200, account, None),
    ]
    assert all(step.keys() >= set(AnswerStep.__slots__) and step["ref"] == question.ref(image) for step in steps)
    _, metrics = provider.plain("/metrics")
    assert f'bestbefore_registry_quota_remaining{{registry="{address}"}} 76.0' in metrics
    assert f'bestbefore_registry_quota_limit{{registry="{address}"}} 100.0' in metrics
    told = provider.log.read_text() + metrics
    assert not [secret for secret in ("the-password", "bWU6dGhlLXBhc3N3b3Jk", SOURCE) if secret in told]
