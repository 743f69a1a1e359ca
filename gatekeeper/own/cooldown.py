"""The cooldown of MaximumImageAge: how old an image must be, against poisoned releases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.documents.problems import Problem
from gatekeeper.own import duration
from gatekeeper.own.schema import choice

# As in `lib.bestbefore.age_parameters`.
PROOFS: Final = ("created", "log", "provenance")


@dataclass(frozen=True)
class Cooldown:
    """How old an image must be.

    Attributes:
        min_age: the least age, `7d`; empty for no cooldown.
        proof: what shows it: `created`, the date that its publisher wrote; `log`, that it existed by a proved time;
            `provenance`, that a trusted builder had finished it.
    """

    min_age: str = ""
    proof: str = ""

    def to_json(self) -> dict[str, str]:
        """The form of the parameters."""
        return {"minAge": self.min_age, "minAgeProof": self.proof} if self.min_age else {}

    def problems(self, limits: Mapping[str, str], unknown_age: str) -> Iterator[Problem]:
        """What is wrong with it.

        Args:
            limits: every `maxAge` that holds at some time, by its path.
            unknown_age: what happens to images of unknown age.
        """
        if self.min_age:
            yield from self._window_problems(limits)
        if self.min_age and self.proof not in PROOFS:
            yield Problem("minAgeProof", f"{self.proof!r}: `minAge` needs one of {', '.join(PROOFS)} beside it")
        elif self.proof and not self.min_age:
            yield Problem("minAgeProof", f"{self.proof!r} proves nothing without `minAge` beside it")
        if self.min_age and unknown_age != "deny":
            sentence = f"`{unknown_age}` cannot stand beside `minAge`"
            hint = "of an image without a date nobody knows that it is old enough; use a Constraint for each of the two"
            yield Problem("unknownAge", sentence, hint=hint)

    def _window_problems(self, limits: Mapping[str, str]) -> Iterator[Problem]:
        least = duration.minutes(self.min_age)
        if not least:
            yield Problem("minAge", f"{self.min_age!r} is no duration of {duration.RANGE} such as `7d`")
            return
        known = {path: found for path, text in limits.items() if (found := duration.minutes(text))}
        tightest = min(known, key=known.__getitem__, default="")
        if tightest and least >= known[tightest]:
            sentence = f"{self.min_age!r} is not less than {limits[tightest]} (`{tightest}`)"
            yield Problem("minAge", sentence, hint="no image would be young and old enough")


def cooldown_parameters() -> dict[str, Any]:
    """The schemas of its parameters, by name."""
    return {
        "minAge": {
            "description": "How old an image must be, as `7d`: a cooldown, in which a poisoned release is found out by "
            "others. Less than every `maxAge`; it may stand alone, without a `maxAge`. What is too young, or of "
            "unknown age, is denied to controllers, too.",
            "type": "string",
            "pattern": duration.PATTERN,
            "minLength": 2,
        },
        "minAgeProof": choice(
            PROOFS,
            "What shows that an image is old enough; needed beside `minAge`, because there is no default. `created` is "
            "the date that its publisher wrote, who can write an earlier one. `log` is the earliest time by which a "
            "transparency log or a timestamp proves that it existed, `provenance` the time at which a trusted builder "
            "had finished it; an image without such a proof is denied.",
        ),
    }
