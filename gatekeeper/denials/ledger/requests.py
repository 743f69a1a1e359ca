"""Denied requests: each counted once, whichever and however many Constraints denied it.

Our templates say the request's uid. The others do not, nor does a Pod that Gatekeeper expanded: such a line belongs to
the request of the same user about the same object a few milliseconds before or after, if there is one, and else is of a
request by itself, which is a guess. So it waits for that long before it counts.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from gatekeeper.denials.lines.actor import Actor
from gatekeeper.denials.lines.violation import AdmissionViolation, NoVerdict, ObjectName, RequestOrigin

Line: TypeAlias = AdmissionViolation | NoVerdict


class Certainty(StrEnum):
    """How sure it is that this is one request: by its uid, or by user, object and time."""

    EXACT = "exact"
    GUESSED = "guessed"


@dataclass(frozen=True, slots=True)
class DeniedRequest:
    """A request that Gatekeeper denied, or would have denied.

    Attributes:
        certainty: whether a uid says that it is one.
        namespace: of its object.
        actor: who asked.
        dry_run: whether it would have changed nothing.
        verdict: whether a template judged it; without one nobody knows whether it was refused.
    """

    certainty: Certainty
    namespace: str
    actor: Actor
    dry_run: bool
    verdict: bool = True


@dataclass(frozen=True, slots=True)
class WaitingLines:
    """Lines of one request that have no uid of their own.

    Attributes:
        lines: in the order in which they were read.
        certainty: whether a line with a uid is of the same request.
        counted: whether the request was counted already, by that line or as a guess.
        dry_run: whether that line says that the request changes nothing.
    """

    lines: Sequence[Line]
    certainty: Certainty = Certainty.GUESSED
    counted: bool = False
    dry_run: bool = False


@dataclass(slots=True)
class _Wait:
    time: float
    since: float
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class _Exact:
    time: float
    dry_run: bool
    origin: RequestOrigin

    def beside(self, line: Line) -> Line:
        """A line of the same request, with what this one knows of who and where: a foreign template does not say."""
        if isinstance(line, NoVerdict) or line.judgement or line.owner:
            return line
        return replace(line, origin=replace(self.origin, request=line.request))


class DeniedRequests:
    """Lines without a uid that wait for one with it, when those with a uid were, and what was guessed.

    Args:
        seconds: how far apart the lines of one request may be.
        capacity: of requests that wait, and of those that are remembered.
    """

    def __init__(self, seconds: float, capacity: int) -> None:
        self._seconds = seconds
        self._capacity = capacity
        self._exact: OrderedDict[tuple[ObjectName, str], _Exact] = OrderedDict()
        self._waiting: OrderedDict[tuple[ObjectName, str], _Wait] = OrderedDict()
        self._guesses: OrderedDict[tuple[ObjectName, str], float] = OrderedDict()

    def was_guessed(self, line: AdmissionViolation) -> bool:
        """Whether the request of this line, the first with its uid, was counted as a guess: its lines came late."""
        guess = self._guesses.get((line.resource, line.username))
        if guess is None or not self._near(guess, line.time):
            return False
        del self._guesses[line.resource, line.username]
        return True

    def exact(self, line: AdmissionViolation) -> Iterator[WaitingLines]:
        """A line with a uid: what waits beside it is of the same request."""
        sides = (line.resource, line.username)
        exact = self._exact[sides] = _Exact(line.time, line.dry_run, RequestOrigin(line.actor, line.owner))
        self._exact.move_to_end(sides)
        if len(self._exact) > self._capacity:
            self._exact.popitem(last=False)
        waiting = self._waiting.get(sides)
        if waiting and self._near(waiting.time, line.time):
            del self._waiting[sides]
            lines = [exact.beside(each) for each in waiting.lines]
            yield WaitingLines(lines, Certainty.EXACT, counted=True, dry_run=line.dry_run)

    def guessed(self, line: Line, now: float) -> Iterator[WaitingLines]:
        """A line without a uid, read at `now` of our clock; what has to wait no longer because of it."""
        sides = (line.resource, line.username)
        exact = self._exact.get(sides)
        if exact and self._near(exact.time, line.time):
            yield WaitingLines([exact.beside(line)], Certainty.EXACT, counted=True, dry_run=exact.dry_run)
            return
        guess = self._guesses.get(sides)
        if guess is not None and self._near(guess, line.time):
            yield WaitingLines([line], counted=True)
            return
        waiting = self._waiting.get(sides)
        if waiting and self._near(waiting.time, line.time):
            waiting.lines.append(line)
            return
        if waiting:
            yield self._guess(sides)
        if len(self._waiting) >= self._capacity:
            yield self._guess(next(iter(self._waiting)))
        self._waiting[sides] = _Wait(line.time, now, [line])

    def recall(self, line: AdmissionViolation) -> None:
        """A line without a uid whose request was counted before: what comes later of it counts no second one."""
        sides = (line.resource, line.username)
        known = (self._exact.get(sides), self._waiting.get(sides))
        if not any(each and self._near(each.time, line.time) for each in known):
            self._remember_guess(sides, line.time)

    def due(self, now: float) -> Iterator[WaitingLines]:
        """Those that have waited long enough: lines of one request are read close together, too."""
        while self._waiting:
            sides, waiting = next(iter(self._waiting.items()))
            if now - waiting.since < self._seconds * 4:
                return
            yield self._guess(sides)

    def all(self) -> Iterator[WaitingLines]:
        """All that wait: nothing is waited for any more."""
        while self._waiting:
            yield self._guess(next(iter(self._waiting)))

    def _guess(self, sides: tuple[ObjectName, str]) -> WaitingLines:
        """Wait no longer; what comes later of the same request counts no second one."""
        waiting = self._waiting.pop(sides)
        if any(isinstance(line, AdmissionViolation) for line in waiting.lines):
            self._remember_guess(sides, waiting.time)
        return WaitingLines(waiting.lines)

    def _remember_guess(self, sides: tuple[ObjectName, str], time: float) -> None:
        self._guesses[sides] = time
        self._guesses.move_to_end(sides)
        if len(self._guesses) > self._capacity:
            self._guesses.popitem(last=False)

    def _near(self, one: float, other: float) -> bool:
        return abs(one - other) <= self._seconds
