"""The ramp to a limit of age that would hurt nobody: nothing is denied that was not announced long enough before.

With a target of 30 days, a notice of 14 days, and images that are 20, 50 and 80 days old on 1 December:

    maxAge: 95d
    schedule:
      - {from: "2026-12-16", maxAge: 79d}
      - {from: "2026-12-30", maxAge: 63d}
      - {from: "2027-01-13", maxAge: 30d}

Until the first entry nothing is denied; the entries share the workloads as evenly as ages allow, for
the limit never grows again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.freshness.outlook import DAY
from gatekeeper.freshness.overview import moments

# As many entries as a person follows.
STEPS: Final = 4


@dataclass(frozen=True, slots=True)
class RampStep:
    """A limit, from a moment on.

    Attributes:
        start: nanoseconds since 1970, the beginning of a day in UTC.
        days: the limit.
        workloads: that are denied first in this step: until the next one, or as long after the last one.
    """

    start: int
    days: int
    workloads: Sequence[WorkloadName]


@dataclass(frozen=True, slots=True)
class Ramp:
    """The way to a limit.

    Attributes:
        policy: whose.
        days: the limit until the first step: nothing that runs is beyond it.
        steps: the last one has the limit that is wanted; none where the limit itself denies nobody too soon.
        notice: how long before a denial it is announced at least, days.
    """

    policy: str
    days: int
    steps: Sequence[RampStep]
    notice: int

    @property
    def parameters(self) -> dict[str, Any]:
        """What a Constraint of MaximumImageAge says for it."""
        schedule = [{"from": moments.date(step.start), "maxAge": f"{step.days}d"} for step in self.steps]
        return {"maxAge": f"{self.days}d", **({"schedule": schedule} if schedule else {})}


def ramp(policy: str, target: int, births: Mapping[WorkloadName, int], now: int, notice: int) -> Ramp:
    """The ramp to a limit.

    Args:
        policy: its name.
        target: the limit that is wanted, days.
        births: when the oldest image of each workload was built, nanoseconds since 1970.
        now: when the ramp is announced.
        notice: for how long each denial has to be announced, days.
    """
    ordered = sorted(births.items(), key=lambda each: (each[1], each[0].namespace, each[0].name, each[0].kind))
    first = _midnight(now + notice * DAY)
    if all(birth + target * DAY >= first for _, birth in ordered):
        return Ramp(policy, target, (), notice)
    limits = _limits(target, [birth for _, birth in ordered], first, notice)
    base = _days(first - ordered[0][1])
    named: dict[int, list[WorkloadName]] = {start: [] for start, _ in limits}
    for name, birth in ordered:
        start = _denied_in(limits, birth, notice)
        if start is not None:
            named[start].append(name)
    return Ramp(policy, base, [RampStep(start, days, named[start]) for start, days in limits], notice)


def _limits(target: int, births: Sequence[int], first: int, notice: int) -> list[tuple[int, int]]:
    """When each limit begins, and its days; `births` are sorted."""
    last = first + (STEPS - 1) * notice * DAY
    affected = [each for each in births if each + target * DAY < last]
    size = -(-len(affected) // STEPS)
    found: list[tuple[int, int]] = []
    before = _days(first - births[0])
    start = first
    for at in range(size, len(affected) + size, size):
        # The oldest one of the next part is let alone until its own step.
        days = max(target, _days(start + notice * DAY - affected[at])) if at < len(affected) else target
        if days < before:
            found.append((start, days))
            before = days
        # The first step is when the limit before it would begin to deny, however many parts are in it.
        if found:
            start += notice * DAY
    return found


def _denied_in(limits: Sequence[tuple[int, int]], birth: int, notice: int) -> int | None:
    """The beginning of the step in which an image is denied first; None where it is denied after the last one."""
    ends = [*(start for start, _ in limits[1:]), limits[-1][0] + notice * DAY]
    spans = zip(limits, ends, strict=True)
    return next((start for (start, days), end in spans if birth + days * DAY < end), None)


def _days(span: int) -> int:
    """Whole days that are no less than a span."""
    return -(-span // DAY)


def _midnight(moment: int) -> int:
    """The first beginning of a day in UTC that is not before a moment."""
    return -(-moment // DAY) * DAY
