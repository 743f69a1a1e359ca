"""What became of a Waiver of the cluster, and how its status says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from gatekeeper.documents import fields
from gatekeeper.waivers import idle
from gatekeeper.waivers.reading import problems_of, waiver
from gatekeeper.waivers.waiver import SECOND, Waiver

# For how long after a use one is in use, and how long before its end people are to look, seconds.
IN_USE_SECONDS: Final = 24 * 60 * 60
ENDING_SECONDS: Final = 14 * 24 * 60 * 60
_WORKLOADS: Final = 20
_DAY: Final = 24 * 60 * 60


@dataclass(frozen=True)
class WaiverUse:
    """When a Waiver last let something pass.

    Attributes:
        at: seconds since 1970.
        workloads: what, on that day: `KIND NAMESPACE/NAME`, the first of them.
    """

    at: float
    workloads: tuple[str, ...] = ()


@dataclass(frozen=True)
class WaiverState:
    """What became of a Waiver.

    Attributes:
        name: of the object.
        waiver: what it says; None where it is not as it should be.
        why: what is wrong with it, or why it lets nothing pass, wholly or for one of its policies.
        active: whether it holds now, for one of its policies at least.
        now: the moment, seconds since 1970.
        use: the last one that was seen; None for none.
        generation: of the object.
        uid: of the object: one that is made anew under a name is another one.
    """

    name: str
    waiver: Waiver | None
    why: tuple[str, ...]
    active: bool
    now: float
    use: WaiverUse | None = None
    generation: int = 0
    uid: str = ""

    @classmethod
    def of(
        cls,
        found: Mapping[str, Any],
        constraints: Sequence[Mapping[str, Any]],
        now: float,
        use: WaiverUse | None = None,
        obstacle: str = "",
    ) -> WaiverState:
        """Of an object of the cluster.

        Args:
            found: the object.
            constraints: those of all policies there are.
            now: seconds since 1970.
            use: the last one that was seen by this process; where there is none, what the status says counts.
            obstacle: why no Waiver of the cluster lets anything pass, a clause; empty where nothing is in the way.
        """
        name, generation, uid = (
            fields.name(found),
            fields.number(found, "metadata", "generation"),
            fields.text(found, "metadata", "uid"),
        )
        last = use or _use_of(found, now)
        if problems := [str(each) for each in problems_of(found)]:
            return cls(name, None, tuple(problems), False, now, last, generation, uid)  # noqa: FBT003 - it is none
        made, moment = waiver(found), int(now * SECOND)
        why = (*([obstacle] if obstacle else []), *idle.reasons(made, constraints, moment))
        active = not obstacle and idle.lets_pass(made, constraints, moment)
        return cls(name, made, why, active, now, last, generation, uid)

    @property
    def ended(self) -> bool:
        """Whether its end has passed."""
        return self.waiver is not None and self.waiver.end <= self.now * SECOND

    @property
    def ending(self) -> bool:
        """Whether it holds now and ends within 14 days."""
        return self.active and self.waiver is not None and self.waiver.end / SECOND - self.now <= ENDING_SECONDS

    @property
    def emergency(self) -> bool:
        """Whether it holds now, for an emergency."""
        return self.active and self.waiver is not None and self.waiver.break_glass

    @property
    def in_use(self) -> bool:
        """Whether something was let pass within a day."""
        return self.use is not None and self.now - self.use.at <= IN_USE_SECONDS

    @property
    def word(self) -> str:
        """One of `invalid`, `ended`, `idle`, `in_use` and `unused`."""
        if self.waiver is None:
            return "invalid"
        if self.ended:
            return "ended"
        if not self.active:
            return "idle"
        return "in_use" if self.in_use else "unused"


def _use_of(found: Mapping[str, Any], now: float) -> WaiverUse | None:
    """The last use by the status, which knows the day: as early in it as can be, unless it says that it is in use."""
    try:
        day = datetime.strptime(fields.text(found, "status", "lastUsedDate"), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    conditions = {fields.text(each, "type"): each.get("status") for each in fields.rows(found, "status", "conditions")}
    late = conditions.get("InUse") == "True"
    at = day.timestamp() + (_DAY - 1 if late else 0)
    return WaiverUse(min(at, now) if late else at, fields.texts(found, "status", "workloads"))


STATES: Final = ("in_use", "unused", "idle", "ended", "invalid")


def status_of(state: WaiverState, before: Mapping[str, Any], now: str, day: str) -> dict[str, Any]:
    """The field `status` of the object.

    Args:
        state: what became of it.
        before: what stands there.
        now: RFC 3339, to the second.
        day: of the last use that was seen, `2026-12-01`; empty for none.
    """
    since = {each.get("type"): each for each in fields.rows(before, "conditions")}
    found: dict[str, Any] = {"conditions": [_with_time(each, since, now) for each in _conditions(state)]}
    last = max(day, fields.text(before, "lastUsedDate"))
    if last:
        found["lastUsedDate"] = last
        seen = state.use.workloads if state.use and last == day else ()
        known = fields.texts(before, "workloads") if fields.text(before, "lastUsedDate") == last else ()
        found["workloads"] = sorted({*seen, *known})[:_WORKLOADS]
    return found


def _conditions(state: WaiverState) -> Iterator[dict[str, Any]]:
    accepted, said = state.waiver is not None, "; ".join(state.why)
    yield _condition(
        state, "Accepted", "WellFormed" if accepted else "Invalid", "" if accepted else said, holds=accepted
    )
    reason = "Holds" if state.active else ("Ended" if state.ended else "LetsNothingPass")
    yield _condition(state, "Active", reason, said, holds=state.active)
    used = "Used" if state.in_use else "NotUsed"
    yield _condition(
        state, "InUse", used, "seen within a day" if state.in_use else "not seen within a day", holds=state.in_use
    )


def _condition(state: WaiverState, kind: str, reason: str, message: str, *, holds: bool) -> dict[str, Any]:
    return {
        "type": kind,
        "status": "True" if holds else "False",
        "reason": reason,
        "message": message[:1000],
        "observedGeneration": state.generation,
    }


def _with_time(condition: dict[str, Any], since: Mapping[Any, Mapping[str, Any]], now: str) -> dict[str, Any]:
    before = since.get(condition["type"], {})
    same = before.get("status") == condition["status"]
    return {**condition, "lastTransitionTime": fields.text(before, "lastTransitionTime") or now if same else now}
