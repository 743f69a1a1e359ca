"""Registries, real ones, and the provider's inspector."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from provider.errors import ImageError
from provider.questions.question import ProofQuestion, key_of
from tests.e2e.rig import registry as registries
from tests.integration.answering import LoopInspector
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

    answering: LoopInspector

    def prove(self, image, verify):
        return self.answering.answer(key_of(ProofQuestion(image, verify))).proofs

    def refusal(self, image, verify):
        with pytest.raises(ImageError) as refused:
            self.prove(image, verify)
        return refused.value


@pytest.fixture(scope="session")
def provider(instance):
    answering = LoopInspector({"own": instance.trusted_root})
    yield Provider(answering)
    answering.close()
