"""From when on an object that is admitted today would be denied: the same template, other clocks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from demo.gatekeeper import Admission, Gatekeeper
from gatekeeper.evaluation.evaluator import Evaluator

_NANOSECONDS: Final = 1_000_000_000
_DAY: Final = 24 * 60 * 60 * _NANOSECONDS
_MINUTE: Final = 60 * _NANOSECONDS
_DAYS: Final = 400


def denied_from(gatekeeper: Gatekeeper, created: dict[str, Any], admission: Admission, now: int) -> dt.datetime | None:
    """The minute from which on it would be denied, in UTC; None if not within 400 days.

    Args:
        gatekeeper: has the policies.
        created: an object that is admitted.
        admission: what the provider had answered for it.
        now: nanoseconds since 1970.
    """
    day = _first_denied(gatekeeper, created, admission, [now + day * _DAY for day in range(_DAYS)])
    if day is None:
        return None
    minutes = range(day - _DAY, day + 2 * _MINUTE, _MINUTE)
    minute = _first_denied(gatekeeper, created, admission, [at - at % _MINUTE for at in minutes])
    return dt.datetime.fromtimestamp((minute or day) // _NANOSECONDS, dt.UTC)


def _first_denied(
    gatekeeper: Gatekeeper, created: dict[str, Any], admission: Admission, times: Sequence[int]
) -> int | None:
    constraints = [gatekeeper.constraints[name] for name in admission.matched]
    cases = [gatekeeper.case(constraint, created, at) for at in times for constraint in constraints]
    found = Evaluator(gatekeeper.engine).violations(cases, admission.recorded)
    denied = (case.now for case, violations in zip(cases, found, strict=True) if violations)
    return next(denied, None)
