"""What was asked about images, and answered: each question once a round.

Where a registry is away, what it said before stays, for some days, and its age is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gatekeeper.evaluation.facts import FactSource
from gatekeeper.evaluation.program import NOTHING, StubAnswers
from gatekeeper.freshness.forecast import limits
from provider.errors import QuestionError
from provider.questions import question
from provider.reasons import Reason

# Failures after which what was known before still holds: nobody said that it is not so.
_AWAY = frozenset(
    map(str, (Reason.REGISTRY_UNAVAILABLE, Reason.TIMEOUT, Reason.OVERLOADED, Reason.PROVIDER_UNAVAILABLE))
)

Sightings = dict[str, tuple[Mapping[str, Any], int]]
"""Answers by their key, and when they were had; nanoseconds since 1970."""


class AnswerBook:
    """Asks for what it does not know.

    Args:
        facts: whom it asks.
        sightings: answers of earlier rounds; those of this one are written into it.
        now: nanoseconds since 1970.
    """

    def __init__(self, facts: FactSource, sightings: Sightings, now: int) -> None:
        self._facts = facts
        self._sightings = sightings
        self._now = now
        self.answers: StubAnswers = NOTHING
        self.asked: set[str] = set()
        self._facts_of: dict[str, dict[str, Mapping[str, Any]]] = {}
        self._old: dict[str, int] = {}

    def ask(self, keys: Iterable[str]) -> None:
        """Ask what is new of these."""
        new = [key for key in keys if key not in self.asked]
        if not new:
            return
        found = self._with_old(new, self._facts.answers(new))
        self.asked.update(new)
        self.answers = self.answers.with_more(found)
        for key in new:
            image = image_of(key)
            if image:
                self._facts_of.setdefault(image, {})[key] = found.fact(key)

    def facts(self, image: str) -> Mapping[str, Mapping[str, Any]]:
        """What was answered to each question about an image, by its key; or the reason why nothing was.

        Args:
            image: as it was asked about.
        """
        return self._facts_of.get(image, {})

    def digest(self, image: str) -> str:
        """What an image is, as it was asked about; empty where it was not, or has no answer."""
        return self._first(image, "digest")

    def birth(self, image: str) -> int | None:
        """When it was built; nanoseconds since 1970."""
        text = self._first(image, "createdNs")
        return int(text) if text.lstrip("-").isdecimal() else None

    def _first(self, image: str, name: str) -> str:
        return next((str(each[name]) for each in self.facts(image).values() if each.get(name)), "")

    def is_absent(self, image: str) -> bool:
        """Whether facts were recorded, and say nothing of it: that is no denial, a cluster would ask its registry."""
        return image in self.answers.unknown

    def old(self, image: str) -> int | None:
        """When its facts were had, where its registry is away now; nanoseconds since 1970."""
        return self._old.get(image)

    def _with_old(self, keys: Sequence[str], found: StubAnswers) -> StubAnswers:
        """What was known before, in place of no answer."""
        self._sightings.update({key: (value, self._now) for key, value in found.values.items()})
        passing = dict(found.passing())
        kept: dict[str, Mapping[str, Any]] = {}
        for key in keys:
            why = str(passing.get(question.ref(key), {}).get("reason", ""))
            value, seen = self._sightings.get(key, ({}, 0))
            if key not in found.values and why in _AWAY and value and self._now - seen <= limits.FACTS_KEPT:
                kept[key] = value
                self._old[image_of(key)] = seen
        if not kept:
            return found
        return replace(found, values={**found.values, **kept})


def image_of(key: str) -> str:
    """The image that a key asks about; empty where a template of somebody else asks what it likes."""
    try:
        return question.parse(key).image
    except QuestionError:
        return ""
