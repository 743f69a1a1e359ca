"""Registries, real ones, and the provider's inspector."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from provider.clock import Deadline, SystemClock
from provider.errors import ImageError
from provider.images.inspector import build_inspector
from provider.questions.question import ProofQuestion
from provider.registry.settings import RegistrySettings
from tests.e2e.rig import registry as registries
from tests.programs import program


@pytest.fixture(scope="session", params=["registry", "registry-referrers"])
def registry(request, tmp_path_factory):
    """One without the referrers interface, one with it."""
    started = registries.start(program(request.param), tmp_path_factory.mktemp("registry"))
    yield started
    started.stop()


@dataclass
class Provider:
    """Asks as the provider does."""

    inspector: object
    clock: SystemClock

    def prove(self, image, verify):
        return self.inspector.inspect(ProofQuestion(image, verify), Deadline.after(self.clock, 20)).proofs

    def refusal(self, image, verify):
        with pytest.raises(ImageError) as refused:
            self.prove(image, verify)
        return refused.value


@pytest.fixture(scope="session")
def provider(instance):
    clock = SystemClock()
    settings = RegistrySettings(allow_loopback_http=True, allow_private=True)
    return Provider(build_inspector(settings, clock, None, {"own": instance.trusted_root}), clock)
