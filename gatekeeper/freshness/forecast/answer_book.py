"""What was asked about images, and answered: each question once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gatekeeper.evaluation.facts import FactSource
from gatekeeper.evaluation.program import NOTHING, StubAnswers
from provider.errors import QuestionError
from provider.questions import question


class AnswerBook:
    """Asks for what it does not know.

    Args:
        facts: whom it asks.
    """

    def __init__(self, facts: FactSource) -> None:
        self._facts = facts
        self.answers: StubAnswers = NOTHING
        self.asked: set[str] = set()
        self._facts_of: dict[str, dict[str, Any]] = {}

    def ask(self, keys: Sequence[str]) -> None:
        """Ask what is new of these."""
        new = [key for key in keys if key not in self.asked]
        if not new:
            return
        found = self._facts.answers(new)
        self.asked.update(new)
        self.answers = self.answers.with_more(found)
        for key, value in found.values.items():
            try:
                self._facts_of.setdefault(question.parse(key).image, {}).update(value)
            except QuestionError:
                # A template of somebody else asks what it likes.
                continue

    def digest(self, image: str) -> str:
        """What an image is, as it was asked about; empty where it was not, or has no answer."""
        return str(self._facts_of.get(image, {}).get("digest") or "")

    def birth(self, image: str) -> int | None:
        """When it was built; nanoseconds since 1970."""
        text = str(self._facts_of.get(image, {}).get("createdNs") or "")
        return int(text) if text.lstrip("-").isdecimal() else None
