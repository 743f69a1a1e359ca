"""The kinds of question that are measured, from the least to the dearest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from provider.questions.config_paths import ConfigPaths
from provider.questions.proof_question import Key, Verify
from provider.questions.question import FactQuestion, ProofQuestion, key_of
from tests.bench.registry import Registry


def facts(_registry: Registry, image: str) -> str:
    """What an image's documents say, asked by its reference alone."""
    return image


def configuration(_registry: Registry, image: str) -> str:
    """The same with the configuration of every platform, as a policy whose rule may read all of it asks."""
    return key_of(FactQuestion(image, config=True))


def created(_registry: Registry, image: str) -> str:
    """The same with one field of every platform's configuration, as a policy whose rule reads no other asks."""
    return key_of(FactQuestion(image, ConfigPaths((("created",),))))


def proof(registry: Registry, image: str) -> str:
    """Who signed it, as a policy with the registry's key asks."""
    return key_of(ProofQuestion(image, Verify(key=Key(registry.public_key))))


@dataclass(frozen=True)
class Question:
    """A kind of question.

    Attributes:
        asks: make keys of an image.
        images: their kind.
        signatures: that each has.
        usual: whether the first of these is over the payload that tools write by default.
    """

    asks: Sequence[Callable[[Registry, str], str]]
    images: str = "plain"
    signatures: int = 0
    usual: bool = False

    def keys(self, registry: Registry, count: int, delay_ms: int = 0) -> list[str]:
        """Keys about so many new images, at a registry that takes so long from now on."""
        registry.set(delay_ms=delay_ms, signatures=self.signatures, usual=self.usual)
        images = registry.images(count, self.images)
        return [ask(registry, image) for image in images for ask in self.asks]


FACTS: Final = "facts"
INDEX: Final = "facts, index"
INDEX_CONFIGURATIONS: Final = "facts, index, all configurations"
INDEX_CREATED: Final = "facts, index, created of all configurations"
PROOF: Final = "proof, 1 signature"
PROOF_OF_FIVE: Final = "proof, 5 signatures"

QUESTIONS: Final[dict[str, Question]] = {
    FACTS: Question([facts]),
    INDEX: Question([facts], "index"),
    INDEX_CONFIGURATIONS: Question([configuration], "index"),
    INDEX_CREATED: Question([created], "index"),
    "the same with an attestation": Question([configuration], "attested"),
    PROOF: Question([proof], signatures=1),
    "the same over the usual payload": Question([proof], signatures=1, usual=True),
    PROOF_OF_FIVE: Question([proof], signatures=5),
    "facts and proof, 1 signature": Question([facts, proof], signatures=1),
}
