"""What can be pulled, as outlooks beside those of policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from gatekeeper.freshness.outlook import SECOND, Outlook, Question, Turn, Verdict
from gatekeeper.freshness.presence.presence_book import PresenceBook, PresenceRecord
from gatekeeper.freshness.presence.questions import PresenceQuestion, PullerBook
from provider.registry.presence import PresenceState

_REMEDY: Final = "Push it again, or move to another digest, before a node is drained"
# Of several Pods that pull one image each in its way: one that gets it proves that it is there, and one that nobody
# could look for may get it.
_ORDER: Final = (PresenceState.PRESENT, PresenceState.UNKNOWN, PresenceState.GONE)


class PresenceOutlooks:
    """Adds them.

    Args:
        book: what is known, and what is wanted.
    """

    def __init__(self, book: PresenceBook) -> None:
        self._book = book

    def of(self, outlooks: Iterable[Outlook], keys: Iterable[str]) -> Sequence[Outlook]:
        """Those of what runs, one an image of a workload; of images that nobody has looked for yet there is none.

        Args:
            outlooks: of all that runs, by any policy; those of `Question.RUNNING` count.
            keys: of the questions that policies have asked, which say who pulls.
        """
        pullers = PullerBook(keys)
        asked = [(each, pullers.questions(each.subject)) for each in _running(outlooks)]
        self._book.want(one for _, questions in asked for one in questions)
        return [found for each, questions in asked for found in self._outlook(each, questions)]

    def _outlook(self, outlook: Outlook, questions: Sequence[PresenceQuestion]) -> Iterator[Outlook]:
        records = [self._book.known(each.key) for each in questions]
        known = [(_place(each), each) for each in records if each is not None]
        if known and len(known) == len(records):
            _, first = min(known, key=lambda one: one[0])
            yield replace(
                outlook, question=Question.PULL, turns=(_turn(first),), waived_until=None, effect=None, critical=False
            )


def _running(outlooks: Iterable[Outlook]) -> Iterator[Outlook]:
    """What runs, once whatever policies look at it."""
    seen = set()
    its = [each for each in outlooks if each.question is Question.RUNNING and each.subject.running]
    for each in sorted(its, key=lambda one: one.policy):
        place = (each.subject.workload, each.subject.path, each.subject.image, each.subject.digest)
        if place not in seen:
            seen.add(place)
            yield each


def _place(record: PresenceRecord) -> int:
    return _ORDER.index(record.answer.state) if record.answer is not None else 0


def _turn(record: PresenceRecord) -> Turn:
    answer, since = record.answer, int(record.since) * SECOND
    if answer is None or answer.state is PresenceState.PRESENT:
        return Turn(since, Verdict.ADMITTED)
    if answer.state is PresenceState.UNKNOWN:
        return Turn(since, Verdict.UNKNOWN, answer.reason, answer.message)
    return Turn(since, Verdict.DENIED, answer.reason, f"{answer.message}. {_REMEDY}.")
