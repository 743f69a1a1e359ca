"""What was asked about images, and answered: each question once a round.

Where a registry is away, what it said before stays, for some days, and its age is known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from gatekeeper.evaluation.facts import FactSource
from gatekeeper.evaluation.program import NOTHING, StubAnswers
from gatekeeper.freshness.forecast import limits
from provider.errors import QuestionError
from provider.golang import rfc3339
from provider.questions import question
from provider.reasons import Reason

# Failures after which what was known before still holds: nobody said that it is not so.
_AWAY = frozenset(
    map(
        str,
        (
            Reason.REGISTRY_UNAVAILABLE,
            Reason.THROTTLED,
            Reason.TIMEOUT,
            Reason.OVERLOADED,
            Reason.PROVIDER_UNAVAILABLE,
        ),
    )
)

# What an answer says of itself, and not of the image.
_OF_THE_ANSWER: Final = ("observedAt", "ref")
_NANOSECONDS: Final = re.compile(r"\d{19}")
_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T")

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
        self._in_short: dict[str, str] = {}
        self._births: dict[str, tuple[int, ...]] = {}

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
                self._in_short.pop(image, None)
                self._births.pop(image, None)

    def facts(self, image: str) -> Mapping[str, Mapping[str, Any]]:
        """What was answered to each question about an image, by its key; or the reason why nothing was.

        Args:
            image: as it was asked about.
        """
        return self._facts_of.get(image, {})

    def in_short(self, image: str) -> str:
        """The facts about an image as a text that is another one where they are others."""
        if image not in self._in_short:
            known = {key: _of_the_image(answer) for key, answer in self.facts(image).items()}
            text = json.dumps(known, sort_keys=True, default=str)
            self._in_short[image] = sha256(text.encode()).hexdigest()
        return self._in_short[image]

    def digest(self, image: str) -> str:
        """What an image is, as it was asked about; empty where it was not, or has no answer."""
        return self._first(image, "digest")

    def births(self, image: str) -> tuple[int, ...]:
        """When it was built, and all other times that its answers name: of platforms, of logs, of what is attested.

        Nanoseconds since 1970, the image's own date first.
        """
        if image not in self._births:
            answers = [_of_the_image(each) for each in self.facts(image).values()]
            own = [str(each["createdNs"]) for each in answers if each.get("createdNs")]
            found = (_moment(each) for each in (*own, *_texts(answers)))
            self._births[image] = tuple(dict.fromkeys(each for each in found if each is not None))
        return self._births[image]

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
            if key in found.values:
                continue
            why = str(passing.get(question.ref(key), {}).get("reason", ""))
            if key in found.errors or why == Reason.NOT_FOUND:
                # What is gone does not come back by an outage.
                self._sightings.pop(key, None)
            value, seen = self._sightings.get(key, ({}, 0))
            if why in _AWAY and value and self._now - seen <= limits.FACTS_KEPT:
                kept[key] = value
                self._old[image_of(key)] = seen
        if not kept:
            return found
        return replace(found, values={**found.values, **kept})


def _of_the_image(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: each for name, each in answer.items() if name not in _OF_THE_ANSWER}


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """All texts in it."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, Mapping):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _moment(text: str) -> int | None:
    """A text's time: RFC 3339, or nanoseconds of these times."""
    if _NANOSECONDS.fullmatch(text):
        return int(text)
    return rfc3339.created_ns(text) if _TIME.match(text) else None


def image_of(key: str) -> str:
    """The image that a key asks about; empty where a template of somebody else asks what it likes."""
    try:
        return question.parse(key).image
    except QuestionError:
        return ""
