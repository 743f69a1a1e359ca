"""The ramps of policies that limit ages, each tried by its own template before it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.lines.violation import known_reason
from gatekeeper.freshness.outlook import DAY, Outlook
from gatekeeper.freshness.simulation.births import births
from gatekeeper.freshness.simulation.ramp import Ramp, ramp
from gatekeeper.own import duration, maximum_image_age
from gatekeeper.translation.translate import Translation
from provider.reasons import Reason

Foresight = Callable[[Sequence[Translation], int], Sequence[Outlook]]
"""What policies will say, as far as a moment, nanoseconds since 1970."""

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


def ramps(
    translations: Sequence[Translation], foresight: Foresight, now: int, until: int, notice: int
) -> Iterator[TriedRamp]:
    """The ramp of each MaximumImageAge among policies that has a limit and no schedule yet.

    Args:
        translations: the policies.
        foresight: asks policies with other parameters.
        now: when the ramps are announced, nanoseconds since 1970.
        until: as far as ramps are tried.
        notice: for how long each denial has to be announced, days.
    """
    for translation in translations:
        days = _target(translation)
        if not days:
            continue
        found = ramp(translation.policy, days, births(partial(_limited, translation), foresight, now), now, notice)
        tried = foresight([_limited(translation, found.parameters)], until)
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


def _limited(translation: Translation, parameters: Mapping[str, Any]) -> Translation:
    constraints = tuple(_changed(each, parameters) for each in translation.constraints)
    return replace(translation, constraints=constraints)


def _changed(made: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    spec = made["spec"]
    return {**made, "spec": {**spec, "parameters": {**spec["parameters"], **parameters}}}


def _ordered(names: set[WorkloadName]) -> list[WorkloadName]:
    return sorted(names, key=lambda each: (each.namespace, each.name, each.kind))
