"""When the images of workloads were built, by the dates that a policy judges by: its own template says it.

With a limit of some years an image will be too old in some years: that moment without the limit is its date, whether
the policy takes it from the configuration, from a provenance or from a log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.lines.violation import known_reason
from gatekeeper.freshness.outlook import DAY, SECOND, Outlook
from gatekeeper.translation.translate import Translation
from provider.reasons import Reason

# Before it no image was built (`dates.rego`): 2013-01-01.
_FIRST: Final = 1_356_998_400 * SECOND


def births(
    limited: Callable[[Mapping[str, Any]], Translation],
    foresight: Callable[[Sequence[Translation], int], Sequence[Outlook]],
    now: int,
) -> Mapping[WorkloadName, int]:
    """When the oldest image of each workload was built, nanoseconds since 1970; without those that have no date.

    Args:
        limited: the policy with another limit.
        foresight: what a policy will say, as far as a moment.
        now: nanoseconds since 1970.
    """
    days = (now - _FIRST) // DAY + 1
    found: dict[WorkloadName, int] = {}
    for each in foresight([limited({"maxAge": f"{days}d"})], now + days * DAY):
        turn = next((one for one in each.turns if known_reason(one.reason) is Reason.IMAGE_TOO_OLD), None)
        if turn is not None:
            # Within the second before it: no ramp may be late by that.
            birth = turn.since - days * DAY - SECOND + 1
            workload = each.subject.workload
            found[workload] = min(birth, found.get(workload, birth))
    return found
