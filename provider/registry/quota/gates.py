"""One gate for registries that are asked for themselves, and one for each registry that leads elsewhere.

A registry that redirects to somebody else's host, or names it as its token service, chooses what is asked there. What
is met on such a way (429, 503, silence) therefore closes that way alone: nobody closes a registry for others.
"""

from __future__ import annotations

from collections import OrderedDict

from provider import limits
from provider.clock import Clock
from provider.observer import Observer
from provider.registry.quota.backoff import CHANCE, Chance
from provider.registry.quota.gate import Gate
from provider.registry.transport.transport import Request


class Gates:
    """Finds the gate of a request; for one event loop. The arguments are those of `Gate`."""

    def __init__(self, clock: Clock, observer: Observer, chance: Chance = CHANCE) -> None:
        self._clock = clock
        self._observer = observer
        self._chance = chance
        self._own = self._new()
        self._led: OrderedDict[str, Gate] = OrderedDict()

    def of(self, request: Request) -> Gate:
        """The gate that a request goes through; of many ways the one that was used longest ago is forgotten."""
        if not request.led_by:
            return self._own
        found = self._led.get(request.led_by)
        if found is None:
            found = self._led[request.led_by] = self._new()
        self._led.move_to_end(request.led_by)
        if len(self._led) > limits.LEADING_REGISTRIES:
            self._led.popitem(last=False)
        return found

    def _new(self) -> Gate:
        return Gate(self._clock, self._observer, self._chance)
