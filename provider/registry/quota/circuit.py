"""One registry's circuit: open while asking it is of no use, then half open until one request has shown that it is.

It opens at once where no connection can be made, and after several failures in a row that are not all of one image. A
failure is no answer, or an error of the registry's own (5xx); 401, 404 and 429 are answers. What a circuit says is
never durable: its reasons are those of the failures that it saw.
"""

from __future__ import annotations

from typing import Final

from provider import limits
from provider.observer import ThrottleCause
from provider.reasons import Reason
from provider.registry.quota.backoff import Backoff

_SUBJECTS: Final = 2


class Circuit:
    """See above; for one event loop.

    Args:
        backoff: how long it is open.

    Attributes:
        until: monotonic seconds until when it is open.
        reason: of what opened it; None while it is closed.
        why: what was met, as a message goes on after the registry's name.
        cause: the same as a label.
    """

    __slots__ = ("_backoff", "_failures", "_openings", "_probe_until", "_subjects", "cause", "reason", "until", "why")

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self._failures = 0
        self._subjects: set[str] = set()
        self._openings = 0
        self._probe_until = float("-inf")
        self.until = 0.0
        self.reason: Reason | None = None
        self.why = ""
        self.cause = ThrottleCause.CIRCUIT

    def refuses(self, now: float) -> bool:
        """Whether a request would be of no use now."""
        if self.reason is not None and now >= self.until + limits.CIRCUIT_MEMORY_SECONDS:
            # Nobody has asked since: what was then says nothing any more.
            self.succeeded()
        return self.reason is not None and (now < self.until or now < self._probe_until)

    def pause(self, now: float) -> float:
        """Seconds until it may let one through; while one request finds out, until it is worth to look again."""
        if not self.refuses(now):
            return 0.0
        return self.until - now if now < self.until else limits.PROBE_LOOK_SECONDS

    def sent(self, now: float) -> None:
        """A request goes out; where the circuit is half open, this is the one that finds out."""
        if self.reason is not None:
            self._probe_until = now + limits.PROBE_SECONDS

    def done(self) -> None:
        """A request ended that says nothing of the registry: its caller's time was over."""
        self._probe_until = float("-inf")

    def succeeded(self) -> None:
        """The registry has answered: it is asked as before."""
        self._failures = self._openings = 0
        self._subjects.clear()
        self._probe_until = float("-inf")
        self.reason = None

    def failed(self, subject: str, reason: Reason, now: float) -> bool:
        """The registry has not answered, or with an error of its own; whether the circuit opened.

        Args:
            subject: what the request was about (a repository).
            reason: of the failure.
            now: monotonic seconds.
        """
        self._probe_until = float("-inf")
        self._failures += 1
        if len(self._subjects) < _SUBJECTS:
            self._subjects.add(subject)
        enough = self._failures >= limits.CIRCUIT_FAILURES and len(self._subjects) >= _SUBJECTS
        if self.reason is None and not enough:
            return False
        if now < self.until:
            # Sent before it opened.
            return False
        seconds = self._backoff.seconds(self._openings)
        self.open(now, seconds, reason, "has failed several times in a row", ThrottleCause.CIRCUIT)
        return True

    def open(self, now: float, seconds: float, reason: Reason, why: str, cause: ThrottleCause) -> None:
        """Refuse for so long at least; of two reasons the one that lasts longer holds.

        Args:
            now: monotonic seconds.
            seconds: how long.
            reason: see the class.
            why: see the class.
            cause: see the class.
        """
        if now >= self.until:
            self._openings += 1
        elif now + seconds < self.until:
            return
        self.until, self.reason, self.why, self.cause = now + seconds, reason, why, cause
