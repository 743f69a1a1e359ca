"""What one round of the forecast found, and what stays of the one before where nobody could look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from gatekeeper.freshness.announcement import limits
from gatekeeper.freshness.outlook import DAY, Due, Outlook, OutlookTurn, OutlookVerdict, Question

Place: TypeAlias = tuple[object, ...]

# Classes that are announced: denied now, or within two weeks.
SOON: Final = frozenset({Due.EXPIRED, Due.IN_1_DAY, Due.IN_3_DAYS, Due.IN_7_DAYS, Due.IN_14_DAYS})
_EDGES: Final = (0, 1, 3, 7, 14, 30)


@dataclass(frozen=True)
class Round:
    """What is known of what runs.

    Attributes:
        outlooks: all of them.
        at: when they were made, nanoseconds since 1970.
        known: when the oldest of them was made: before `at` where nobody could look again.
    """

    outlooks: Sequence[Outlook]
    at: int
    known: int

    def next_edge(self, now: int) -> int | None:
        """The next moment at which one of them is in another class; None where none will be.

        Args:
            now: nanoseconds since 1970.
        """
        return min((edge for each in self.outlooks for edge in _edges(each) if edge > now), default=None)


class RoundMemory:
    """Keeps what was known of an image of a workload while nobody can look: dates do not change by an outage.

    A round of a large cluster is a hundred thousand outlooks, so they are kept as they are, in lists by their image.
    """

    def __init__(self) -> None:
        self._known: dict[Place, list[Outlook]] = {}
        # When those were made that are older than the last round.
        self._older: dict[Place, int] = {}
        self._at = 0

    def round(self, outlooks: Sequence[Outlook], now: int) -> Round:
        """These, with what was known before in the place of what is not known now.

        Args:
            outlooks: of all that runs; what is not among them is gone.
            now: nanoseconds since 1970.
        """
        kept: dict[Place, tuple[int, Outlook]] = {}
        found: list[Outlook] = []
        turns: dict[Sequence[OutlookTurn], Sequence[OutlookTurn]] = {}
        for each in outlooks:
            before = self._before(each)
            if before is not None and _is_unknown(each) and now - before[0] <= limits.KEPT_DAYS * DAY:
                kept[place_of(before[1])] = before
            else:
                found.append(_dated(each, before[1], turns) if before is not None else each)
        if kept:
            found = [*(each for each in found if place_of(each) not in kept), *(each for _, each in kept.values())]
        self._older = {place: at for place, (at, _) in kept.items()}
        self._at, self._known = now, {}
        for each in found:
            if not _is_unknown(each):
                self._known.setdefault(_image_of(each), []).append(each)
        return Round(found, now, min(self._older.values(), default=now))

    def _before(self, outlook: Outlook) -> tuple[int, Outlook] | None:
        """What was known of its place, and since when; where nobody could look the digest may not be known either.

        What can be pulled has a memory of its own (`PresenceBook`), and its "nobody knows" is the last word.
        """
        digest = outlook.subject.digest
        if outlook.question is Question.PULL:
            return None
        for each in reversed(self._known.get(_image_of(outlook), [])):
            same = each.policy == outlook.policy and each.question is outlook.question
            if same and (each.subject.digest == digest or not digest):
                return self._older.get(place_of(each), self._at) if self._older else self._at, each
        return None


def place_of(outlook: Outlook) -> Place:
    """What one outlook is about: the same in the next round, as long as the image stays."""
    subject = outlook.subject
    return outlook.policy, outlook.question, subject.workload, subject.path, subject.image, subject.digest


def _image_of(outlook: Outlook) -> Place:
    subject = outlook.subject
    return subject.workload, subject.path, subject.image


def image_of(outlook: Outlook) -> Place:
    """The same of all outlooks about one image of a workload."""
    subject = outlook.subject
    return subject.workload, subject.path, subject.image, subject.digest


def is_told(outlook: Outlook) -> bool:
    """Whether it is about what controllers do by themselves: that is what must not surprise anybody."""
    return outlook.question is Question.RESCHEDULE


def _dated(outlook: Outlook, before: Outlook, known: dict[Sequence[OutlookTurn], Sequence[OutlookTurn]]) -> Outlook:
    """What is denied now is denied since it was said to be, or was seen first: not since this round.

    So is what a CronJob feels of it: a run that failed stays the first one that did, however many come after it.

    Args:
        outlook: of this round.
        before: of the last one.
        known: turns of this round; many outlooks have the same.
    """
    denial = before.denial
    if outlook.now.verdict is not OutlookVerdict.DENIED or denial is None or denial.since > outlook.now.since:
        return outlook
    felt = before.effect is not None and before.effect <= outlook.now.since
    turns = (replace(outlook.now, since=denial.since), *outlook.turns[1:])
    return replace(outlook, turns=known.setdefault(turns, turns), effect=before.effect if felt else outlook.effect)


def _is_unknown(outlook: Outlook) -> bool:
    return outlook.now.verdict is OutlookVerdict.UNKNOWN and outlook.denial is None


def _edges(outlook: Outlook) -> Iterator[int]:
    if outlook.best_before is not None:
        yield from (outlook.best_before - days * DAY for days in _EDGES)
