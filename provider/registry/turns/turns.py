"""Who may send the next request: work waits here, before the transport.

- **Bounds.** A registry gets `REGISTRY_REQUESTS` requests at a time, named by a setting or not, and all of them
  together `ALL_REQUESTS`. One that has not answered yet gets `UNKNOWN_REGISTRY_REQUESTS`: silence is cheap then.
- **Order.** Admission before audit, which has half of each bound at most. Then the caller with the fewest requests
  under way, then round robin. A question that an admission joins moves up.
- **Shares.** Of one caller's questions those that were begun come first. One question has half of a registry at most.
  The last places are for callers that have none yet.
- **Stuck requests.** While somebody waits, a request that is far slower than its registry usually is gives up its place
  if its caller has at least two places more than the one who waits.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from typing import Final

from provider import limits
from provider.clock import Clock, Deadline
from provider.errors import ImageError
from provider.observer import Observer, ThrottleCause
from provider.reasons import Reason
from provider.registry.turns.bounds import DEFAULT_BOUNDS, Bounds
from provider.registry.turns.claim import Claim
from provider.registry.turns.lane import Lane
from provider.registry.turns.places import RequestPlaces

_SMOOTHING: Final = 0.2  # of the usual time of an answer
_SLOWER: Final = 4  # times the usual is stuck


class Turn:
    """A request that may be sent, until `end`.

    Attributes:
        claim: whose.
        started: monotonic seconds.
        answered: set when its answer is there: its place is not taken away any more.
        withdrawn: set when it had to give up its place; its task is cancelled then.
    """

    __slots__ = ("_registry", "_task", "_turns", "answered", "claim", "started", "withdrawn")

    def __init__(self, turns: Turns, registry: _Registry, claim: Claim, started: float) -> None:
        self._turns = turns
        self._registry = registry
        self._task: asyncio.Task[object] | None = None
        self.claim = claim
        self.started = started
        self.answered = False
        self.withdrawn = False

    def begin(self) -> None:
        """The request is sent by the task that calls this."""
        self._task = asyncio.current_task()

    def stuck(self, now: float) -> bool:
        """Whether it is far slower than its registry usually is."""
        return not (self.withdrawn or self.answered) and now - self.started >= self._registry.patience

    def withdraw(self) -> None:
        """Give up the place: the task is cancelled, and finds out why by `withdrawn`."""
        self.withdrawn = True
        if self._task is not None:
            self._task.cancel()

    def only_withdrawn(self) -> bool:
        """Whether its task was cancelled for this and nothing else, so that it may go on."""
        return self.withdrawn and self._task is not None and self._task.cancelling() == 1

    def end(self, *, answered: bool) -> None:
        """The request is done."""
        if self.withdrawn and self._task is not None:
            self._task.uncancel()
        self._turns._end(self, self._registry, answered=answered)  # noqa: SLF001 - one class in two parts


class _Ticket:
    """A request that waits."""

    __slots__ = ("_registry", "_turns", "claim", "ready", "timer")

    def __init__(self, turns: Turns, registry: _Registry, claim: Claim, ready: asyncio.Future[Turn | None]) -> None:
        self._turns = turns
        self._registry = registry
        self.claim = claim
        self.ready = ready
        self.timer: asyncio.TimerHandle | None = None

    def hurry(self) -> None:
        self._registry.lanes[True].remove(self)
        self._registry.lanes[False].add(self)
        # There may be room, though not for audit. Later, when all requests of the question have moved.
        self.ready.get_loop().call_soon(self._turns._serve, self._registry)  # noqa: SLF001 - one class in two parts

    def expire(self) -> None:
        """Its time is over."""
        if not self.ready.done():
            self.ready.set_result(None)


class _Registry:
    """One registry's places, and who waits for them."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self.places: RequestPlaces[Turn] = RequestPlaces(bounds.reserved)
        self.lanes: dict[bool, Lane[_Ticket]] = {False: Lane(), True: Lane()}
        self.known = False
        self.usual = 0.0
        self.timer: asyncio.TimerHandle | None = None

    @property
    def bound(self) -> int:
        return self._bounds.registry if self.known else self._bounds.unknown

    def has_share(self, claim: Claim) -> bool:
        """Whether a question has not had its part of the places."""
        return self.places.claims[claim] < max(1, self.bound // 2)

    @property
    def patience(self) -> float:
        """Seconds after which a request is stuck, if others wait."""
        return min(limits.SILENCE_SECONDS, max(limits.STUCK_SECONDS, _SLOWER * self.usual))

    def ended(self, seconds: float, *, answered: bool) -> None:
        """A request took so long, and had an answer or not: one that is silent now is as good as unknown."""
        if answered:
            self.usual = self.usual + _SMOOTHING * (seconds - self.usual) if self.known else seconds
            self.known = True
        elif seconds > limits.SILENCE_SECONDS:
            self.known = False

    @property
    def waited_for(self) -> bool:
        return bool(self.lanes[False]) or bool(self.lanes[True])


class Turns:
    """Gives turns; for one event loop."""

    def __init__(self, clock: Clock, observer: Observer, bounds: Bounds = DEFAULT_BOUNDS) -> None:
        self._clock = clock
        self._observer = observer
        self._bounds = bounds
        self._all: RequestPlaces[Turn] = RequestPlaces(bounds.reserved_all)
        self._registries: OrderedDict[str, _Registry] = OrderedDict()
        self._waited_for: OrderedDict[str, _Registry] = OrderedDict()
        self._waiting = 0
        self._callers_waiting: Counter[object] = Counter()

    async def take(self, authority: str, claim: Claim, deadline: Deadline) -> Turn:
        """A turn at a registry, now or when it is there.

        Args:
            authority: `host[:port]`.
            claim: whose.
            deadline: by when.

        Raises:
            ImageError: `Overloaded`: too many wait already, or no turn came in time.
        """
        registry = self._registry(authority)
        if not registry.waited_for and self._fits(registry, claim):
            turn = self._given(registry, claim)
            turn.begin()
            return turn
        if self._waiting >= limits.WAITING_REQUESTS:
            raise self._overloaded(authority)
        ticket = self._queued(authority, registry, claim, deadline)
        try:
            given = await ticket.ready
        except asyncio.CancelledError:
            if ticket.ready.done() and not ticket.ready.cancelled() and (unused := ticket.ready.result()) is not None:
                unused.end(answered=False)
            raise
        finally:
            self._left(authority, registry, ticket)
        if given is None:
            raise self._overloaded(authority)
        given.begin()
        return given

    def under_way(self) -> int:
        """How many requests have a turn."""
        return len(self._all.turns)

    def _overloaded(self, authority: str) -> ImageError:
        self._observer.registry_throttled(authority, ThrottleCause.LOCAL_LIMIT)
        return ImageError(Reason.OVERLOADED, f"too many requests wait for {authority}")

    def _fits(self, registry: _Registry, claim: Claim) -> bool:
        return registry.has_share(claim) and self._open_to(registry, claim.caller, audit=claim.audit)

    def _open_to(self, registry: _Registry, caller: object, *, audit: bool) -> bool:
        others = any(lane.others(caller) for lane in registry.lanes.values())
        return registry.places.open_to(caller, registry.bound, audit=audit, others=others) and self._all.open_to(
            caller, self._bounds.all, audit=audit, others=True
        )

    def _given(self, registry: _Registry, claim: Claim) -> Turn:
        turn = Turn(self, registry, claim, self._clock.monotonic())
        claim.served = True
        registry.places.add(turn)
        self._all.add(turn)
        return turn

    def _queued(self, authority: str, registry: _Registry, claim: Claim, deadline: Deadline) -> _Ticket:
        loop = asyncio.get_running_loop()
        ticket = _Ticket(self, registry, claim, loop.create_future())
        ticket.timer = loop.call_at(deadline.at, ticket.expire)
        registry.lanes[claim.audit].add(ticket)
        claim.waiting.add(ticket)
        self._waiting += 1
        self._callers_waiting[claim.caller] += 1
        self._waited_for[authority] = registry
        # It may come before those that wait: a caller without a place, or an admission beside audit.
        self._serve(registry)
        self._watch(registry)
        return ticket

    def _left(self, authority: str, registry: _Registry, ticket: _Ticket) -> None:
        if ticket.timer is not None:
            ticket.timer.cancel()
        if self._dequeue(registry, ticket):
            # It has no turn. Another may have been kept from the last places only because this one waited.
            self._serve(registry)
        if not registry.waited_for:
            self._waited_for.pop(authority, None)

    def _dequeue(self, registry: _Registry, ticket: _Ticket) -> bool:
        """Let a request wait no more; whether it did."""
        if ticket not in ticket.claim.waiting:
            return False
        ticket.claim.waiting.discard(ticket)
        registry.lanes[ticket.claim.audit].remove(ticket)
        self._waiting -= 1
        self._callers_waiting[ticket.claim.caller] -= 1
        if not self._callers_waiting[ticket.claim.caller]:
            del self._callers_waiting[ticket.claim.caller]
        return True

    def _serve(self, registry: _Registry) -> bool:
        """Give turns to those that wait at a registry, as far as there are places; whether there were any."""
        served = False
        while (ticket := self._next(registry)) is not None:
            lane = registry.lanes[ticket.claim.audit]
            self._dequeue(registry, ticket)
            lane.last(ticket.claim.caller)
            if not ticket.ready.done():
                ticket.ready.set_result(self._given(registry, ticket.claim))
                served = True
        return served

    def _next(self, registry: _Registry) -> _Ticket | None:
        if len(registry.places.turns) >= registry.bound or len(self._all.turns) >= self._bounds.all:
            return None
        for audit in (False, True):
            for caller, claims in registry.lanes[audit].callers(registry.places.callers):
                # Once for each caller: it may have a thousand questions.
                if self._open_to(registry, caller, audit=audit):
                    for claim, tickets in claims.items():
                        if registry.has_share(claim):
                            return next(iter(tickets))
        return None

    def _end(self, turn: Turn, registry: _Registry, *, answered: bool) -> None:
        others_wait = self._all.scarce(self._bounds.all)
        registry.places.remove(turn)
        self._all.remove(turn)
        registry.ended(self._clock.monotonic() - turn.started, answered=answered)
        if others_wait and self._anybody_may_come():
            # For any place at all: one registry after the other, as long as it is of use.
            for authority, other in list(self._waited_for.items()):
                if self._serve(other):
                    self._waited_for.move_to_end(authority)
                    if not self._anybody_may_come():
                        break
        self._serve(registry)

    def _anybody_may_come(self) -> bool:
        """Whether a place of all is open to any caller that waits, wherever: thousands of its requests may."""
        bound = self._bounds.all
        return any(self._all.open_to(caller, bound, audit=False, others=True) for caller in self._callers_waiting)

    def _watch(self, registry: _Registry) -> None:
        """Look again when a request may have become stuck, as long as somebody waits."""
        if registry.timer is None and registry.waited_for:
            loop = asyncio.get_running_loop()
            registry.timer = loop.call_later(registry.patience / 2, self._press, registry)

    def _press(self, registry: _Registry) -> None:
        registry.timer = None
        now, waiting = self._clock.monotonic(), [*registry.lanes[False], *registry.lanes[True]]
        for places, bound in ((registry.places, registry.bound), (self._all, self._bounds.all)):
            stuck = list(places.stuck(bound, now, waiting))
            for turn in stuck:
                turn.withdraw()
            if stuck:
                break
        self._watch(registry)

    def _registry(self, authority: str) -> _Registry:
        registry = self._registries.get(authority)
        if registry is None:
            self._forget()
            registry = self._registries[authority] = _Registry(self._bounds)
        self._registries.move_to_end(authority)
        return registry

    def _forget(self) -> None:
        if len(self._registries) < limits.REGISTRIES:
            return
        idle = (name for name, one in self._registries.items() if not one.places.turns and not one.waited_for)
        name = next(idle, None)
        if name is not None:
            del self._registries[name]
