"""How much is asked of a registry at a time, and when it is left alone.

A registry is left alone after a 429 until the moment it named, and for a short time after no connection could be made.
One that accepts connections and says nothing is recognised by several images waiting for it at once, with no answer to
anybody meanwhile; then one request a second goes through to find out whether it is back. A single heavy image
therefore never makes its registry look dead.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from provider import limits
from provider.clock import Clock, Deadline
from provider.errors import ImageError
from provider.observer import Observer, ThrottleCause
from provider.reasons import Reason
from provider.registry.origin import Origin
from provider.registry.settings import RegistrySettings

_HOSTS: Final = 1024  # remembered at a time
_SHARE: Final = 4  # a quarter of the slots is for all that no setting names
_SUBJECTS_SILENT: Final = 2


@dataclass(eq=False)
class Visit:
    """A request that is going on.

    Attributes:
        subject: what it is about (a repository).
        started: monotonic seconds.
        answered: set when the first byte of an answer was seen.
    """

    subject: str
    started: float
    answered: bool = False


@dataclass
class _Host:
    slots: threading.BoundedSemaphore
    visits: dict[Visit, None] = field(default_factory=dict)
    answered_at: float = float("-inf")
    next_probe: float = 0.0
    closed_until: float = 0.0
    closed_by: ImageError | None = None


class Gate:
    """Lets requests through, or says at once why not."""

    def __init__(self, settings: RegistrySettings, clock: Clock, observer: Observer) -> None:
        self._settings = settings
        self._clock = clock
        self._observer = observer
        self._lock = threading.Lock()
        self._hosts: OrderedDict[str, _Host] = OrderedDict()
        self._shared = threading.BoundedSemaphore(limits.REGISTRY_REQUESTS // _SHARE)

    @contextmanager
    def visit(self, where: Origin, subject: str, deadline: Deadline) -> Iterator[Visit]:
        """Hold one of the host's request slots.

        Raises:
            ImageError: `Throttled` or what else keeps the host closed; `Timeout` when it is silent; `Overloaded` when
                no slot became free by the deadline.
        """
        host = self._host(where)
        self._refuse_if_closed(where, host)
        if not host.slots.acquire(timeout=deadline.remaining()):
            self._observer.registry_throttled(where.authority, ThrottleCause.LOCAL_LIMIT)
            raise ImageError(Reason.OVERLOADED, f"too many requests wait for {where.authority}")
        visit = Visit(subject, self._clock.monotonic())
        try:
            with self._lock:
                host.visits[visit] = None
            yield visit
        finally:
            host.slots.release()
            with self._lock:
                del host.visits[visit]
                if visit.answered:
                    host.answered_at = self._clock.monotonic()

    def leave_alone(self, where: Origin, seconds: float) -> None:
        """The host said 429: nothing is asked of it for so long, at most `limits.RETRY_AFTER_SECONDS`."""
        self._observer.registry_throttled(where.authority, ThrottleCause.STATUS)
        wait = min(max(seconds, 0.0), limits.RETRY_AFTER_SECONDS)
        self._close(
            where, wait, ImageError(Reason.THROTTLED, f"{where.authority} asked us to come back later (status 429)")
        )

    def unreachable(self, where: Origin, error: ImageError) -> None:
        """No connection could be made: the next callers are told so at once."""
        self._close(where, limits.UNREACHABLE_SECONDS, error)

    def _close(self, where: Origin, seconds: float, error: ImageError) -> None:
        host = self._host(where)
        with self._lock:
            host.closed_until, host.closed_by = self._clock.monotonic() + seconds, error

    def _refuse_if_closed(self, where: Origin, host: _Host) -> None:
        now = self._clock.monotonic()
        with self._lock:
            closed_by = host.closed_by if now < host.closed_until else None
            silent = closed_by is None and self._silent(host, now)
        if closed_by is not None:
            throttled = closed_by.reason is Reason.THROTTLED
            cause = ThrottleCause.RETRY_AFTER if throttled else ThrottleCause.UNREACHABLE
            self._observer.registry_throttled(where.authority, cause)
            raise ImageError(closed_by.reason, closed_by.message)
        if silent:
            self._observer.registry_throttled(where.authority, ThrottleCause.UNREACHABLE)
            raise ImageError(Reason.TIMEOUT, f"{where.authority} answers nobody at the moment")

    @staticmethod
    def _silent(host: _Host, now: float) -> bool:
        waiting = {
            visit.subject
            for visit in host.visits
            if now - visit.started > limits.SILENCE_SECONDS and visit.started > host.answered_at
        }
        if len(waiting) < _SUBJECTS_SILENT:
            return False
        if now < host.next_probe:
            return True
        host.next_probe = now + limits.SILENCE_SECONDS
        return False

    def _host(self, where: Origin) -> _Host:
        with self._lock:
            host = self._hosts.get(where.authority)
            if host is None:
                named = self._settings.names(where)
                slots = threading.BoundedSemaphore(limits.REGISTRY_REQUESTS) if named else self._shared
                host = self._hosts[where.authority] = _Host(slots)
                self._forget()
            self._hosts.move_to_end(where.authority)
            return host

    def _forget(self) -> None:
        if len(self._hosts) <= _HOSTS:
            return
        idle = next((name for name, host in self._hosts.items() if not host.visits), None)
        if idle is not None:
            del self._hosts[idle]
