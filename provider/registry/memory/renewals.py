"""What is asked often is looked at again before it is not believed any more, so that no admission waits for it.

In the background, as audit asks: an admission has its turn first, and nothing is asked of a registry whose quota is low
or whose circuit is open. Who asks late in a time to live makes it so; whoever asked before was the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from provider import limits
from provider.cache.keys import TagKey
from provider.cache.memory import Memory
from provider.clock import Clock, Deadline
from provider.errors import ImageError
from provider.observer import Observer
from provider.registry.call import Call
from provider.registry.turns.claim import Claim
from provider.steps import StepTarget


class Renewals:
    """Looks again; for one event loop.

    Args:
        clock: for every wait.
        observer: gets a report of each.
    """

    def __init__(self, clock: Clock, observer: Observer) -> None:
        self._clock = clock
        self._observer = observer
        self._going_on: dict[TagKey, asyncio.Task[None]] = {}
        # After a try there is a pause, whatever became of it.
        self._tried: Memory[TagKey, bool] = Memory(clock, limits.RENEWALS_KNOWN)

    def asked(
        self, key: TagKey, target: StepTarget, call: Call, look: Callable[[Call], Coroutine[Any, Any, object]]
    ) -> None:
        """Somebody asked for what is not believed much longer; nobody waits for what follows.

        Args:
            key: what it is.
            target: as reports name it.
            call: the work that asked.
            look: looks again.
        """
        if call.claim.audit or key in self._going_on or self._tried.get(key):
            return
        if len(self._going_on) >= limits.RENEWALS:
            return
        self._tried.put(key, value=True, seconds=limits.RENEWAL_PAUSE_SECONDS)
        own = Call(
            Deadline.after(self._clock, limits.RENEWAL_SECONDS),
            Claim(self, audit=True),
            call.credentials,
            call.ref,
            purpose=call.purpose,
        )
        task = asyncio.get_running_loop().create_task(self._renew(key, target, own, look))
        self._going_on[key] = task

    async def close(self) -> None:
        """End what is going on."""
        tasks = tuple(self._going_on.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _renew(
        self, key: TagKey, target: StepTarget, call: Call, look: Callable[[Call], Coroutine[Any, Any, object]]
    ) -> None:
        done = False
        try:
            await look(call)
            done = not call.stale
        except ImageError:
            # Who asks next meets it, and hears of it.
            pass
        finally:
            del self._going_on[key]
            self._observer.renewed(target.value, done=done)
