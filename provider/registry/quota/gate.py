"""When a registry is left alone.

- After a 429 until the moment it named: by the credential that met it, for quotas are those of an account or address.
  One that goes on saying so is asked less and less often.
- After no connection could be made, after several failures in a row, and where it says 503 and when to come back: its
  circuit (`provider.registry.quota.circuit`).
- One that accepts connections and says nothing is recognised by several images waiting for it at once, with no answer
  to anybody meanwhile; then one request a second goes through to find out whether it is back. A single heavy image
  therefore never makes its registry look dead.
- By audit, while little of a quota is left: that is for admissions.

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
from provider.registry.quota.backoff import CHANCE, Backoff, Chance
from provider.registry.quota.circuit import Circuit
from provider.registry.quota.rate_limit import RateLimit

_SUBJECTS_SILENT: Final = 2
_LATER: Final = "asked us to come back later (status 429)"
_KEPT: Final = "says that few requests are left, which are kept for admissions: audit goes on later"


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
class _Account:
    """What a registry said to one credential.

    Attributes:
        closed_until: monotonic seconds until when it wants to be left alone.
        refusals: how often in a row it said so.
        low_until: until when it is believed that little is left.
    """

    closed_until: float = 0.0
    refusals: int = 0
    low_until: float | None = None


@dataclass(slots=True)
class _Registry:
    circuit: Circuit
    visits: dict[Visit, None] = field(default_factory=dict)
    answered_at: float = float("-inf")
    next_probe: float = 0.0
    accounts: OrderedDict[str, _Account] = field(default_factory=OrderedDict)

    def account(self, name: str) -> _Account:
        """Of many the one that was met longest ago is forgotten."""
        found = self.accounts.setdefault(name, _Account())
        self.accounts.move_to_end(name)
        if len(self.accounts) > limits.QUOTA_ACCOUNTS:
            self.accounts.popitem(last=False)
        return found

    def closed_until(self) -> float:
        """Until when anybody is kept away."""
        return max([self.circuit.until, *(account.closed_until for account in self.accounts.values())])


class Gate:
    """Lets requests through, or says at once why not; for one event loop.

    Args:
        clock: for every wait.
        observer: gets reports of what is held back.
        chance: for waits that are not the same everywhere.
    """

    def __init__(self, clock: Clock, observer: Observer, chance: Chance = CHANCE) -> None:
        self._clock = clock
        self._observer = observer
        self._circuits = Backoff(limits.CIRCUIT_SECONDS, limits.CIRCUIT_LONGEST_SECONDS, chance)
        self._refusals = Backoff(limits.RETRY_AFTER_DEFAULT_SECONDS, limits.RETRY_AFTER_SECONDS, chance)
        self._registries: OrderedDict[str, _Registry] = OrderedDict()

    def check(self, authority: str, what: str, account: str = "", *, audit: bool = False) -> None:
        """Let a request through.

        Args:
            authority: `host[:port]`.
            what: what is asked for, as a message names it.
            account: the name of the credential that is shown; empty for none.
            audit: whether nobody's admission waits for it.

        Raises:
            ImageError: `Throttled` or what else keeps the registry closed; `Timeout` when it is silent.
        """
        registry = self._registries.get(authority)
        if registry is None:
            return
        now = self._clock.monotonic()
        met = registry.accounts.get(account)
        if met is not None and now < met.closed_until:
            raise self._refused(authority, ThrottleCause.RETRY_AFTER, Reason.THROTTLED, f"{what}: {authority} {_LATER}")
        circuit = registry.circuit
        if circuit.refuses(now) and circuit.reason is not None:
            raise self._refused(authority, circuit.cause, circuit.reason, f"{what}: {authority} {circuit.why}")
        if now < registry.next_probe and self._silent(registry, now):
            sentence = f"{what}: {authority} answers nobody at the moment"
            raise self._refused(authority, ThrottleCause.UNREACHABLE, Reason.TIMEOUT, sentence)
        if audit and met is not None and met.low_until is not None and now < met.low_until:
            self._observer.registry_throttled(authority, ThrottleCause.QUOTA)
            raise ImageError(Reason.THROTTLED, f"{what}: {authority} {_KEPT}", audit_only=True)

    def pause(self, authority: str, account: str) -> float:
        """Seconds until it is worth to ask again, for those that can wait; 0 where nothing is known of that."""
        registry = self._registries.get(authority)
        if registry is None:
            return 0.0
        now = self._clock.monotonic()
        met = registry.accounts.get(account)
        return max(registry.circuit.pause(now), met.closed_until - now if met is not None else 0.0)

    def enter(self, authority: str, subject: str, account: str = "", *, audit: bool = False) -> Visit:
        """A request is sent."""
        registry = self._registry(authority)
        visit = Visit(subject, self._clock.monotonic())
        if self._silent(registry, visit.started):
            # This one finds out whether it is back.
            registry.next_probe = visit.started + limits.SILENCE_SECONDS
        registry.circuit.sent(visit.started)
        met = registry.accounts.get(account)
        if audit and met is not None and met.low_until is not None:
            # This one finds out whether there are more.
            met.low_until = visit.started + limits.PROBE_SECONDS
        registry.visits[visit] = None
        return visit

    def leave(self, authority: str, visit: Visit, *, answered: bool, failure: Reason | None = None) -> None:
        """It is done.

        Args:
            authority: `host[:port]`.
            visit: what `enter` gave.
            answered: whether the registry said anything.
            failure: why it gave nothing of use, where that is the registry's own failure.
        """
        registry = self._registry(authority)
        registry.visits.pop(visit, None)
        now = self._clock.monotonic()
        if answered:
            registry.answered_at = now
        if failure is not None:
            registry.circuit.failed(visit.subject, failure, now)
        elif answered:
            registry.circuit.succeeded()
        else:
            registry.circuit.done()

    def welcomed(self, authority: str, account: str) -> None:
        """It said anything but 429 to a credential."""
        registry = self._registries.get(authority)
        met = registry.accounts.get(account) if registry is not None else None
        if met is not None:
            met.refusals = 0

    def leave_alone(self, authority: str, seconds: float, account: str = "") -> None:
        """It said 429: nothing is asked of it for so long, at most `limits.RETRY_AFTER_SECONDS`.

        One that says so again, without a good answer between, is left alone longer than it says.
        """
        self._observer.registry_throttled(authority, ThrottleCause.STATUS)
        met = self._registry(authority).account(account)
        least = self._refusals.seconds(met.refusals - 1) if met.refusals else 0.0
        met.refusals += 1
        wait = min(max(seconds, least), limits.RETRY_AFTER_SECONDS)
        # Of two the one that lasts longer holds: a minute after a 429 stays a minute.
        met.closed_until = max(met.closed_until, self._clock.monotonic() + wait)

    def unavailable(self, authority: str, seconds: float) -> None:
        """It said 503, and when to come back: nothing is asked of it for so long."""
        wait = min(max(seconds, 0.0), limits.RETRY_AFTER_SECONDS)
        circuit = self._registry(authority).circuit
        why = "asked us to come back later (status 503)"
        circuit.open(self._clock.monotonic(), wait, Reason.REGISTRY_UNAVAILABLE, why, ThrottleCause.RETRY_AFTER)

    def unreachable(self, authority: str, reason: Reason, why: str) -> None:
        """No connection could be made: the next callers hear of it at once.

        Args:
            authority: `host[:port]`.
            reason: of the failure.
            why: what was met, as `could not be reached a moment ago`.
        """
        circuit = self._registry(authority).circuit
        circuit.open(self._clock.monotonic(), limits.UNREACHABLE_SECONDS, reason, why, ThrottleCause.UNREACHABLE)

    def counted(self, authority: str, account: str, left: RateLimit) -> None:
        """It said how many requests are left to a credential."""
        self._observer.registry_quota(authority, account, left.remaining, left.limit)
        registry = self._registry(authority)
        if not left.low:
            if (known := registry.accounts.get(account)) is not None:
                known.low_until = None
            return
        # Where more come in windows, what is left grows before their end.
        seconds = limits.QUOTA_SECONDS if left.seconds is None else min(left.seconds, limits.QUOTA_SECONDS)
        registry.account(account).low_until = self._clock.monotonic() + seconds

    def _refused(self, authority: str, cause: ThrottleCause, reason: Reason, sentence: str) -> ImageError:
        self._observer.registry_throttled(authority, cause)
        return ImageError(reason, sentence, away=True)

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
            registry = self._registries[authority] = _Registry(Circuit(self._circuits))
        self._registries.move_to_end(authority)
        return registry

    def _forget(self) -> None:
        if len(self._registries) < limits.REGISTRIES:
            return
        now = self._clock.monotonic()
        idle = [name for name, one in self._registries.items() if not one.visits]
        # One that is open rather than one that is left alone; but nobody keeps us from forgetting any.
        open_ones = (name for name in idle if self._registries[name].closed_until() <= now)
        name = next(open_ones, next(iter(idle), None))
        if name is not None:
            del self._registries[name]
