"""MaximumImageAge, our own policy: no image older than a limit, and none younger than a cooldown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from gatekeeper.documents import workloads
from gatekeeper.documents.problems import Problem
from gatekeeper.own import age_schedule, duration, proven_time, schema
from gatekeeper.own.age_schedule import ScheduleEntry
from gatekeeper.own.cooldown import Cooldown
from gatekeeper.own.kind import PolicyKind
from gatekeeper.own.maximum_image_age_schema import ACCOUNT, MOST_CONTROLLERS, SOURCES, age_parameters
from gatekeeper.own.policy import OwnPolicy
from gatekeeper.own.proven_time import LogSource, ProvenanceSource
from gatekeeper.translation.schema import GLOB

# The longest name of a service account.
_ACCOUNT_CHARACTERS: Final = 253
_NO_COOLDOWN: Final = Cooldown()

KIND: Final = PolicyKind(
    name="MaximumImageAge",
    title="Maximum image age",
    description="Images may not be older than a limit, nor younger than a cooldown. What people apply is judged in "
    "full; what controllers make of a workload can be let through, so that a drained node is no outage.",
    rule="age",
    exempt="may be older or younger",
    parameters=age_parameters(),
    alternatives=("maxAge", "minAge"),
)


@dataclass(frozen=True)
class MaximumImageAge(OwnPolicy):
    """The settings of one policy of the kind.

    Attributes:
        max_age: how old an image may be, `30d`, `720h`, `1d12h`; empty for a cooldown alone.
        schedule: other limits from moments on, in their order.
        cooldown: how old an image must be.
        images: globs; one must match.
        platforms: whether all platforms of an image must pass, or any may.
        unknown_age: what happens to images without a date that can be believed.
        dates: sources of dates that count.
        provenance: whose provenance counts; only where `dates` or the cooldown names it.
        log: whose logged signatures count; only where `dates` or the cooldown names it.
        reschedule: what happens to old images that a controller brings back.
        grace: how long after an image became too old that still holds; empty for ever.
        controllers: service accounts, `namespace/name`, whose Pods are treated as those of built-in controllers.
        injected: globs of images that are judged in full there too, as webhooks put them in.
    """

    KIND: ClassVar[PolicyKind] = KIND

    max_age: str = "30d"
    schedule: tuple[ScheduleEntry, ...] = ()
    cooldown: Cooldown = _NO_COOLDOWN
    images: tuple[str, ...] = ("**",)
    platforms: Literal["all", "any"] = "all"
    unknown_age: Literal["deny", "warn", "allow"] = "deny"
    dates: tuple[str, ...] = ("config",)
    provenance: ProvenanceSource | None = None
    log: LogSource | None = None
    reschedule: Literal["deny", "warn", "allow"] = "warn"
    grace: str = ""
    controllers: tuple[str, ...] = ()
    injected: tuple[str, ...] = ()
    name: str = field(default="maximum-image-age", kw_only=True)

    @property
    def workloads_matched(self) -> bool:
        """Whether every kind of workload is matched, so that what stands in one was judged when it was applied."""
        return self.kinds >= workloads.MAKERS

    def own_problems(self) -> Iterator[Problem]:
        """What is wrong with the settings."""
        if not duration.minutes(self.max_age) and (self.max_age or self.schedule or not self.cooldown.min_age):
            problem = f"{self.max_age!r} is no duration of {duration.RANGE} such as `30d`, `720h` or `1d12h`"
            hint = "it holds before the first entry of `schedule`" if self.schedule and not self.max_age else ""
            yield Problem("maxAge", problem, hint=hint)
        yield from age_schedule.problems(self.schedule)
        yield from self.cooldown.problems(self._limits(), self.unknown_age)
        if self.grace and duration.minutes(self.grace) is None:
            yield Problem("grace", f"{self.grace!r} is no duration of at most {duration.LONGEST} such as `14d`")
        yield from _controller_problems(self.controllers)
        yield from _source_problems(self.dates)
        yield from self._proven_time_problems()
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
            **({"maxAge": self.max_age} if self.max_age else {}),
            **({"schedule": [each.to_json() for each in self.schedule]} if self.schedule else {}),
            **self.cooldown.to_json(),
            "images": [{"glob": glob} for glob in self.images],
            "platforms": self.platforms,
            "unknownAge": self.unknown_age,
            "dates": list(self.dates),
            **({"provenance": self.provenance.to_json()} if self.provenance else {}),
            **({"log": self.log.to_json()} if self.log else {}),
            "reschedule": self.reschedule,
        }
        if self.grace:
            found["grace"] = self.grace
        if self.controllers:
            found["controllers"] = list(self.controllers)
        if self.injected:
            found["injected"] = list(self.injected)
        found["workloadsMatched"] = self.workloads_matched
        return found

    def _proven_time_problems(self) -> Iterator[Problem]:
        yield from proven_time.source_problems(self.dates, self.cooldown.proof, self.provenance, self.log)
        if set(self.dates) == {"log"} and self.max_age and self.unknown_age == "deny":
            sentence = "`log` alone makes no image young, so none would be admitted"
            yield Problem("dates", sentence, hint="name another source beside it, or set `unknownAge` to warn or allow")
        elif set(self.dates) == {"log"} and self.cooldown.proof == "created":
            sentence = "`minAgeProof: created` asks for a date, and `log` gives none, so no image would be admitted"
            yield Problem("dates", sentence, hint="name another source beside it, or set `minAgeProof: log`")

    def _limits(self) -> dict[str, str]:
        """Every limit that holds at some time, by its path."""
        later = {f"schedule[{index}].maxAge": entry.max_age for index, entry in enumerate(self.schedule)}
        return {"maxAge": self.max_age, **later}


def _source_problems(dates: tuple[str, ...]) -> Iterator[Problem]:
    unknown = [source for source in dates if source not in SOURCES]
    if unknown or not dates:
        shown = ", ".join(unknown) or "none"
        yield Problem("dates", f"{shown}: the sources of dates are {', '.join(SOURCES)}")


def _controller_problems(controllers: tuple[str, ...]) -> Iterator[Problem]:
    if len(controllers) > MOST_CONTROLLERS:
        yield Problem("controllers", f"{len(controllers)} service accounts, expected {MOST_CONTROLLERS} at most")
    for index, account in enumerate(controllers):
        if not re.fullmatch(ACCOUNT, account) or len(account.partition("/")[2]) > _ACCOUNT_CHARACTERS:
            sentence = f"{account!r} is not one service account as `namespace/name`"
            hint = "a pattern would let through whoever may make such an account" if "*" in account else ""
            yield Problem(f"controllers[{index}]", sentence, hint=hint)
