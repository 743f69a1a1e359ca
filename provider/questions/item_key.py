"""The key of an item, understood once: what is asked, about which image, at which registry.

On the way from key to answer nobody parses the reference, or computes the key's short name, a second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from provider import limits
from provider.errors import QuestionError
from provider.questions import question
from provider.questions.question import FactQuestion, Question, key_of
from provider.reasons import Reason
from provider.registry import reference
from provider.registry.reference import Reference


class KeyKind(StrEnum):
    """What a key means depends on where it is asked."""

    QUESTION = "question"
    """On `/validate` and `/audit`: what is an image like?"""
    TAG = "tag"
    """On `/mutate`: what does its tag point to?"""
    PRESENCE = "presence"
    """On `/presence`: is its digest still in its registry?"""


def name_of(kind: KeyKind, text: str) -> str:
    """Distinguishes keys: by kind and text."""
    return f"{kind.value} {text}"


@dataclass(frozen=True, slots=True)
class ItemKey:
    """A key that can be answered.

    Attributes:
        kind: what it means.
        text: as it was sent.
        ref: its short name.
        reference: of the image.
        image: the normalised reference.
        question: what is asked; None where a tag is to be resolved.
    """

    kind: KeyKind
    text: str
    ref: str
    reference: Reference
    image: str
    question: Question | None = None

    @property
    def name(self) -> str:
        """Distinguishes it from other keys."""
        return name_of(self.kind, self.text)


def read(kind: KeyKind, text: str) -> ItemKey:
    """Read a key.

    Raises:
        QuestionError: it is too long, or no question that this release knows.
        ImageError: `ReferenceInvalid`.
    """
    asked = None if kind is KeyKind.TAG else question.parse(text)
    if asked is None and len(text) > limits.KEY_BYTES:
        raise QuestionError(Reason.KEY_INVALID, f"the key is longer than {limits.KEY_BYTES} bytes")
    image = reference.parse(text if asked is None else asked.image)
    if kind is KeyKind.PRESENCE:
        _check_presence(asked, image)
    return ItemKey(kind, text, question.ref(text), image, image.name, asked)


def _check_presence(asked: Question | None, image: Reference) -> None:
    if not isinstance(asked, FactQuestion) or asked.config or asked.dates:
        raise QuestionError(Reason.KEY_INVALID, "on /presence a key has `image` and who pulls it, and nothing else")
    if image.digest is None:
        raise QuestionError(Reason.KEY_INVALID, "on /presence `image` must have a digest: REPOSITORY@sha256:…")


def of(asked: Question) -> ItemKey:
    """The key of a question that did not come by the wire.

    Raises:
        ImageError: `ReferenceInvalid`.
    """
    text = key_of(asked)
    image = reference.parse(asked.image)
    return ItemKey(KeyKind.QUESTION, text, question.ref(text), image, image.name, asked)
