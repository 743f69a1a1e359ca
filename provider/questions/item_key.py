"""A key, understood: what is asked, about which image, at which registry."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from provider import limits
from provider.errors import QuestionError
from provider.questions import question
from provider.questions.question import Question
from provider.reasons import Reason
from provider.registry import reference


class Kind(StrEnum):
    """What a key means depends on where it is asked."""

    QUESTION = "question"
    """On `/validate` and `/audit`: what is an image like?"""
    TAG = "tag"
    """On `/mutate`: what does its tag point to?"""


def name_of(kind: Kind, key: str) -> str:
    """Tells questions apart: by kind and key."""
    return f"{kind.value} {key}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A key.

    Attributes:
        kind: what it means.
        key: the key as it was sent.
        image: the normalised reference; empty when the key cannot be read.
        host: the registry; empty when the key cannot be read.
        question: what is asked; None where a tag is to be resolved, or the key cannot be read.
    """

    kind: Kind
    key: str
    image: str = ""
    host: str = ""
    question: Question | None = None

    @property
    def name(self) -> str:
        """Tells it from other questions."""
        return name_of(self.kind, self.key)

    @property
    def ref(self) -> str:
        """The key's short name."""
        return question.ref(self.key)


def read(kind: Kind, key: str) -> Asked:
    """Read a key.

    Raises:
        QuestionError: it is too long, or no question that this release knows.
        ImageError: `ReferenceInvalid`.
    """
    asked = question.parse(key) if kind is Kind.QUESTION else None
    if asked is None and len(key) > limits.KEY_BYTES:
        raise QuestionError(Reason.KEY_INVALID, f"the key is longer than {limits.KEY_BYTES} bytes")
    image = reference.parse(key if asked is None else asked.image)
    return Asked(kind, key, image.name, image.registry, asked)
