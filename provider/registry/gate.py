"""When a registry is left alone.

- After a 429 until the moment it named, and for a short time after no connection could be made.
- One that accepts connections and says nothing is recognised by several images waiting for it at once, with no answer
  to anybody meanwhile; then one request a second goes through to find out whether it is back. A single heavy image
  therefore never makes its registry look dead.

Only that registry is left alone, and what its next callers read names nobody's image but their own.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from provider import limits
from provider.clock import Clock
from provider.errors import ImageError
from provider.observer import Observer, ThrottleCause
from provider.reasons import Reason

_SUBJECTS_SILENT: Final = 2


@dataclass(eq=False, slots=True)
class Visit:
    """A request that is under way.

    Attributes:
        subject: what it is about (a repository).
        started: monotonic seconds.
    """

    subject: str
    started: float


@dataclass(slots=True)
class _Registry:
    visits: dict[Visit, None] = field(default_factory=dict)
    answered_at: float = float("-inf")
    next_probe: float = 0.0
    closed_until: float = 0.0
    closed_by: Reason | None = None
    why: str = ""


class Gate:
    """Lets requests through, or says at once why not; for one event loop."""

    def __init__(self, clock: Clock, observer: Observer) -> None:
        self._clock = clock
        self._observer = observer
        self._registries: OrderedDict[str, _Registry] = OrderedDict()

    def check(self, authority: str, what: str) -> None:
        """Let a request through.

        Args:
            authority: `host[:port]`.
            what: what is asked for, as a message names it.

        Raises:
            ImageError: `Throttled` or what else keeps the registry closed; `Timeout` when it is silent.
        """
        registry = self._registries.get(authority)
        if registry is None:
            return
        now = self._clock.monotonic()
        if registry.closed_by is not None and now < registry.closed_until:
            throttled = registry.closed_by is Reason.THROTTLED
            cause = ThrottleCause.RETRY_AFTER if throttled else ThrottleCause.UNREACHABLE
            self._observer.registry_throttled(authority, cause)
            raise ImageError(registry.closed_by, f"{what}: {authority} {registry.why}")
        if now < registry.next_probe and self._silent(registry, now):
            self._observer.registry_throttled(authority, ThrottleCause.UNREACHABLE)
            raise ImageError(Reason.TIMEOUT, f"{what}: {authority} answers nobody at the moment")

    def enter(self, authority: str, subject: str) -> Visit:
        """A request is sent."""
        registry = self._registry(authority)
        visit = Visit(subject, self._clock.monotonic())
        if self._silent(registry, visit.started):
            # This one finds out whether it is back.
            registry.next_probe = visit.started + limits.SILENCE_SECONDS
        registry.visits[visit] = None
        return visit

    def leave(self, authority: str, visit: Visit, *, answered: bool) -> None:
        """It is done; `answered` when the registry said anything."""
        registry = self._registry(authority)
        registry.visits.pop(visit, None)
        if answered:
            registry.answered_at = self._clock.monotonic()

    def leave_alone(self, authority: str, seconds: float) -> None:
        """It said 429: nothing is asked of it for so long, at most `limits.RETRY_AFTER_SECONDS`."""
        self._observer.registry_throttled(authority, ThrottleCause.STATUS)
        wait = min(max(seconds, 0.0), limits.RETRY_AFTER_SECONDS)
        self._close(authority, wait, Reason.THROTTLED, "asked us to come back later (status 429)")

    def unreachable(self, authority: str, reason: Reason, why: str) -> None:
        """No connection could be made: the next callers hear of it at once.

        Args:
            authority: `host[:port]`.
            reason: of the failure.
            why: what was met, as `could not be reached a moment ago`.
        """
        self._close(authority, limits.UNREACHABLE_SECONDS, reason, why)

    def _close(self, authority: str, seconds: float, reason: Reason, why: str) -> None:
        registry = self._registry(authority)
        until = self._clock.monotonic() + seconds
        if until < registry.closed_until:
            # Of two reasons side by side the one that lasts longer holds: a minute after a 429 stays a minute.
            return
        registry.closed_until, registry.closed_by, registry.why = until, reason, why

    @staticmethod
    def _silent(registry: _Registry, now: float) -> bool:
        oldest = next(iter(registry.visits), None)
        if oldest is None or now - oldest.started <= limits.SILENCE_SECONDS:
            return False
        waiting = {
            visit.subject
            for visit in registry.visits
            if now - visit.started > limits.SILENCE_SECONDS and visit.started > registry.answered_at
        }
        return len(waiting) >= _SUBJECTS_SILENT

    def _registry(self, authority: str) -> _Registry:
        registry = self._registries.get(authority)
        if registry is None:
            self._forget()
            registry = self._registries[authority] = _Registry()
        self._registries.move_to_end(authority)
        return registry

    def _forget(self) -> None:
        if len(self._registries) < limits.REGISTRIES:
            return
        now = self._clock.monotonic()
        idle = [name for name, one in self._registries.items() if not one.visits]
        # One that is open rather than one that is left alone; but nobody keeps us from forgetting any.
        name = next((name for name in idle if self._registries[name].closed_until <= now), next(iter(idle), None))
        if name is not None:
            del self._registries[name]
