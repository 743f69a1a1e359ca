"""MaximumImageAge, our own policy: no image older than a limit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from gatekeeper.documents import workloads
from gatekeeper.documents.problems import Problem
from gatekeeper.own import schema
from gatekeeper.own.kind import PolicyKind
from gatekeeper.own.maximum_image_age_schema import DURATION, SOURCES, age_parameters
from gatekeeper.own.policy import OwnPolicy
from gatekeeper.translation.schema import GLOB

# As in `lib.bestbefore.duration`: a hundred years.
_LONGEST_MINUTES: Final = 36500 * 24 * 60
_UNIT_MINUTES: Final = {"d": 24 * 60, "h": 60, "m": 1}

KIND: Final = PolicyKind(
    name="MaximumImageAge",
    title="Maximum image age",
    description="Images may not be older than a limit. What people apply is judged in full; what controllers make of a "
    "workload can be let through, so that a drained node is no outage.",
    rule="age",
    exempt="may be older",
    parameters=age_parameters(),
    required=("maxAge",),
)


@dataclass(frozen=True)
class MaximumImageAge(OwnPolicy):
    """The settings of one policy of the kind.

    Attributes:
        max_age: how old an image may be, `30d`, `720h`, `1d12h`.
        images: globs; one must match.
        platforms: whether all platforms of an image must pass, or any may.
        unknown_age: what happens to images without a date that can be believed.
        dates: sources of dates that count.
        reschedule: what happens to old images that a controller brings back.
        grace: how long after `max_age` that still holds; empty for ever.
        injected: globs of images that are judged in full there too, as webhooks put them in.
    """

    KIND: ClassVar[PolicyKind] = KIND

    max_age: str = "30d"
    images: tuple[str, ...] = ("**",)
    platforms: Literal["all", "any"] = "all"
    unknown_age: Literal["deny", "warn", "allow"] = "deny"
    dates: tuple[str, ...] = ("config",)
    reschedule: Literal["deny", "warn", "allow"] = "warn"
    grace: str = ""
    injected: tuple[str, ...] = ()
    name: str = field(default="maximum-image-age", kw_only=True)

    @property
    def workloads_matched(self) -> bool:
        """Whether every kind of workload is matched, so that what stands in one was judged when it was applied."""
        return self.kinds >= workloads.MAKERS

    def own_problems(self) -> Iterator[Problem]:
        """What is wrong with the settings."""
        if not 0 < _minutes(self.max_age) <= _LONGEST_MINUTES:
            yield Problem("maxAge", f"{self.max_age!r} is no duration above zero such as `30d`, `720h` or `1d12h`")
        if self.grace and not 0 <= _minutes(self.grace) <= _LONGEST_MINUTES:
            yield Problem("grace", f"{self.grace!r} is no duration such as `14d`")
        yield from _source_problems(self.dates)
        yield from schema.glob_problems("images", self.images)
        for index, glob in enumerate(self.injected):
            if not re.fullmatch(GLOB, glob):
                yield Problem(f"injected[{index}]", f"{glob!r} is no glob of letters, digits and `._-:/@*`")
        missing = ", ".join(sorted(workloads.MAKERS - self.kinds))
        if missing and self.reschedule != "deny":
            sentence = f"`{self.reschedule}` needs every kind of workload to be matched; missing: {missing}"
            hint = "nobody would judge what controllers make of those; match them, or set `reschedule: deny`"
            yield Problem("reschedule", sentence, hint=hint)

    def own_parameters(self) -> dict[str, Any]:
        """The parameters of the Constraints."""
        found: dict[str, Any] = {
            "maxAge": self.max_age,
            "images": [{"glob": glob} for glob in self.images],
            "platforms": self.platforms,
            "unknownAge": self.unknown_age,
            "dates": list(self.dates),
            "reschedule": self.reschedule,
        }
        if self.grace:
            found["grace"] = self.grace
        if self.injected:
            found["injected"] = list(self.injected)
        found["workloadsMatched"] = self.workloads_matched
        return found


def _source_problems(dates: tuple[str, ...]) -> Iterator[Problem]:
    unknown = [source for source in dates if source not in SOURCES]
    if unknown or not dates:
        shown = ", ".join(unknown) or "none"
        yield Problem("dates", f"{shown}: the sources of dates so far are {' and '.join(SOURCES)}")


def _minutes(duration: str) -> int:
    """The minutes of a duration, -1 for what is none."""
    if not duration or not re.fullmatch(DURATION, duration):
        return -1
    return sum(int(amount) * _UNIT_MINUTES[unit] for amount, unit in re.findall(r"(\d+)([dhm])", duration))
