"""The ramps of policies that limit ages, each tried by its own template before it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.lines.violation import known_reason
from gatekeeper.freshness.outlook import DAY, Outlook, OutlookSubject
from gatekeeper.freshness.simulation.ramp import Ramp, ramp
from gatekeeper.own import duration, maximum_image_age
from gatekeeper.translation.translate import Translation
from provider.reasons import Reason

Births = Callable[[Sequence[OutlookSubject]], Mapping[WorkloadName, int]]
"""When the oldest image of each workload was built, nanoseconds since 1970."""
Foresight = Callable[[Sequence[Translation]], Sequence[Outlook]]
"""What policies will say."""

_MINUTES_A_DAY: Final = 24 * 60
_UNDATED: Final = frozenset({Reason.IMAGE_UNDATED, Reason.IMAGE_FROM_FUTURE})


@dataclass(frozen=True, slots=True)
class TriedRamp:
    """A ramp, and what its own template says of it.

    Attributes:
        ramp: the way to the limit.
        early: workloads that would be denied with the ramp before the notice is over, for other reasons.
        undated: workloads that are denied, or will be, because nobody knows how old an image is: no ramp helps them.
    """

    ramp: Ramp
    early: Sequence[WorkloadName]
    undated: Sequence[WorkloadName]


def ramps(  # noqa: PLR0913, PLR0917 - what is tried, and by what
    translations: Sequence[Translation],
    outlooks: Sequence[Outlook],
    births: Births,
    foresight: Foresight,
    now: int,
    notice: int,
) -> Iterator[TriedRamp]:
    """The ramp of each MaximumImageAge among policies that has a limit and no schedule yet.

    Args:
        translations: the policies.
        outlooks: what they say as they are.
        births: see there.
        foresight: asks policies with other parameters.
        now: when the ramps are announced, nanoseconds since 1970.
        notice: for how long each denial has to be announced, days.
    """
    for translation in translations:
        days = _target(translation)
        if not days:
            continue
        subjects = [each.subject for each in outlooks if each.policy == translation.policy]
        found = ramp(translation.policy, days, births(subjects), now, notice)
        tried = foresight([_with(translation, found.parameters)])
        denied = [(each.subject.workload, each.denial) for each in tried if each.denial]
        undated = {name for name, denial in denied if known_reason(denial.reason) in _UNDATED}
        edge = now + notice * DAY
        early = {name for name, denial in denied if denial.since < edge and known_reason(denial.reason) not in _UNDATED}
        yield TriedRamp(found, _ordered(early), _ordered(undated))


def _target(translation: Translation) -> int:
    """The days of its limit, rounded down; 0 where it has none, or a schedule."""
    made = translation.constraints[0]
    parameters = made["spec"].get("parameters") or {}
    if made["kind"] != maximum_image_age.KIND.name or parameters.get("schedule"):
        return 0
    return (duration.minutes(str(parameters.get("maxAge", ""))) or 0) // _MINUTES_A_DAY


def _with(translation: Translation, parameters: Mapping[str, Any]) -> Translation:
    constraints = tuple(_changed(each, parameters) for each in translation.constraints)
    return replace(translation, constraints=constraints)


def _changed(made: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    spec = made["spec"]
    return {**made, "spec": {**spec, "parameters": {**spec["parameters"], **parameters}}}


def _ordered(names: set[WorkloadName]) -> list[WorkloadName]:
    return sorted(names, key=lambda each: (each.namespace, each.name, each.kind))
