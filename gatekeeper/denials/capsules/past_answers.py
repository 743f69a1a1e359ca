"""Answers about an image as it was when it was denied: somebody may have moved its tag since."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from gatekeeper.evaluation.program import StubAnswers
from provider.errors import BestbeforeError
from provider.questions import question
from provider.registry import reference

Asker: TypeAlias = Callable[[Sequence[str]], StubAnswers]


@dataclass(frozen=True)
class PastAnswers:
    """Asks about one image by the digest that it had, and about all others as they are.

    What lies under a digest never changes, so the answer is the one of then.

    Attributes:
        ask: answers keys as the provider does.
        image: whose tag was moved, as written.
        digest: what the tag named.
    """

    ask: Asker
    image: str
    digest: str

    def __call__(self, keys: Sequence[str]) -> StubAnswers:
        """What would have been answered to keys."""
        asked = {key: self._of_then(key) for key in keys}
        found = self.ask([*dict.fromkeys(asked.values())])
        failures = found.passing()
        passing = {
            question.ref(key): failures[question.ref(then)]
            for key, then in asked.items()
            if question.ref(then) in failures
        }
        return StubAnswers(
            {key: self._named(found.values[then], then, key) for key, then in asked.items() if then in found.values},
            {key: found.errors[then] for key, then in asked.items() if then in found.errors},
            json.dumps(passing) if passing else "",
            found.unknown,
        )

    def _of_then(self, key: str) -> str:
        """The key that asks the same by the digest."""
        try:
            asked = question.parse(key)
            if asked.image != self.image:
                return key
            then = reference.parse(self.image).at(self.digest).text
        except BestbeforeError:
            return key
        return question.key_of(replace(asked, image=then))

    def _named(self, value: Mapping[str, Any], then: str, key: str) -> Mapping[str, Any]:
        """The answer as one to the key that names the tag."""
        if then == key:
            return value
        return {**value, "image": reference.parse(self.image).name, "ref": question.ref(key)}
