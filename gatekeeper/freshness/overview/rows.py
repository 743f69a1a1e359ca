"""Outlooks to rows: the state, the date, the words, what to do."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.lines.violation import known_reason
from gatekeeper.freshness.outlook import Outlook, OutlookTurn, OutlookVerdict, Question
from gatekeeper.freshness.overview import moments
from gatekeeper.freshness.overview.overview import Overview, OverviewRow, RowState
from provider.foreign_text import shown
from provider.reasons import EXPLANATIONS, Reason

# What is shown of a text that somebody else wrote.
_SENTENCE_CHARACTERS: Final = 400
_NAME_CHARACTERS: Final = 320
_UNDATED: Final = frozenset({Reason.IMAGE_UNDATED, Reason.IMAGE_FROM_FUTURE})
_URGENCY: Final = {state: number for number, state in enumerate(RowState)}
_ORDER: Final = {question: number for number, question in enumerate(Question)}
_NEVER: Final = 2**63
_WAIVED: Final = "Rebuild it, or move to a newer tag, before the waiver ends."
_UNPULLABLE: Final = "Push this digest again, or move to another one: a node that has not got it can't start it."


def overview(
    outlooks: Iterable[Outlook], now: int, until: int, cluster: str = "", not_judged: Sequence[str] = ()
) -> Overview:
    """The overview of some outlooks.

    Args:
        outlooks: what policies say; questions that have the same answer become one row.
        now: the moment that they are of, nanoseconds since 1970.
        until: the end of their horizon.
        cluster: whose they are, for people.
        not_judged: what was not looked at, a sentence each.
    """
    found: dict[OverviewRow, list[Question]] = {}
    notes: dict[OverviewRow, dict[str, None]] = {}
    asked_of = set()
    for each in outlooks:
        asked_of.add(each.question)
        answer = _answer(each, now)
        row = _row(each, answer)
        found.setdefault(row, []).append(each.question)
        for note in _notes(each, answer):
            notes.setdefault(row, {})[note] = None
    rows = [
        replace(row, questions=tuple(sorted(set(asked), key=_ORDER.__getitem__)), notes=tuple(notes.get(row, ())))
        for row, asked in found.items()
    ]
    rows.sort(key=_order)
    # Of the others each image has an answer; whether it can be pulled, nobody but the controller asks.
    not_asked = [] if Question.PULL in asked_of else [Question.PULL]
    return Overview(now, until, _name(cluster), rows, [_text(each) for each in not_judged], not_asked)


def _order(row: OverviewRow) -> tuple[int, int, str, str, str, str, str, str]:
    name = row.workload
    at = row.since if row.since is not None else _NEVER
    return (_URGENCY[row.state], at, name.namespace, name.name, name.kind, row.policy, row.path, row.image)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What an outlook says, in short."""

    state: RowState
    turn: OutlookTurn
    since: int | None = None
    ends: int | None = None


def _notes(outlook: Outlook, answer: _Answer) -> Iterator[str]:
    if outlook.subject.note:
        yield _text(outlook.subject.note_sentence)
    if answer.since is None and answer.turn.since > outlook.now.since:
        yield f"From {moments.minute(answer.turn.since)}."


def _row(outlook: Outlook, answer: _Answer) -> OverviewRow:
    subject = outlook.subject
    return OverviewRow(
        state=answer.state,
        policy=_name(outlook.policy),
        team=_name(subject.team),
        workload=WorkloadName(
            _name(subject.workload.namespace), _name(subject.workload.kind), _name(subject.workload.name)
        ),
        path=_name(subject.path),
        image=_name(subject.image),
        digest=_name(subject.digest),
        by_tag=subject.by_tag,
        questions=(),
        since=answer.since,
        ends=answer.ends,
        waived_until=outlook.waived_until,
        reason=_name(answer.turn.reason),
        sentence=_text(_without_reason(answer.turn)),
        remedy=_remedy(answer, _name(subject.image)),
        running=subject.running,
        critical=outlook.critical,
        notes=(),
    )


def _without_reason(turn: OutlookTurn) -> str:
    """The reason has a column of its own."""
    return turn.sentence.removeprefix(f"{turn.reason}: ")


def _answer(outlook: Outlook, now: int) -> _Answer:
    present, denial, since = outlook.now, outlook.denial, outlook.best_before
    if outlook.question is Question.PULL and present.verdict is OutlookVerdict.DENIED:
        return _Answer(RowState.UNPULLABLE, present, present.since)
    if denial is None:
        return _without_denial(outlook)
    ends = _end(outlook, denial)
    if present.verdict is OutlookVerdict.WAIVED:
        return _Answer(RowState.WAIVED, denial, since, ends)
    denied = present.verdict is OutlookVerdict.DENIED and (since is None or since <= now)
    return _Answer(RowState.DENIED if denied else RowState.DUE, denial, since, ends)


def _without_denial(outlook: Outlook) -> _Answer:
    """Of what is never denied: a warning that comes is said, too, and so is what nobody will be able to say."""
    present = outlook.now
    if present.verdict is OutlookVerdict.WAIVED:
        return _Answer(RowState.WAIVED, present)
    if known_reason(present.reason) in _UNDATED:
        return _Answer(RowState.UNDATED, present)
    for verdict, state in ((OutlookVerdict.UNKNOWN, RowState.UNKNOWN), (OutlookVerdict.WARNED, RowState.WARNED)):
        turn = next((each for each in outlook.turns if each.verdict is verdict), None)
        if turn:
            return _Answer(state, turn)
    return _Answer(RowState.FINE, present)


def _end(outlook: Outlook, denial: OutlookTurn) -> int | None:
    """When a denial ends by itself: a cooldown is over, a schedule moves."""
    later = (each for each in outlook.turns if each.since > denial.since and each.verdict is not OutlookVerdict.DENIED)
    return next((each.since for each in later), None)


def _remedy(answer: _Answer, image: str) -> str:
    reason = known_reason(answer.turn.reason)
    if answer.state is RowState.UNKNOWN and reason is Reason.NOT_FOUND:
        # What a registry has not is denied: nobody knows of an image alone that recorded facts do not have.
        return f"Record its facts: `bestbefore check --policy … --image {shlex.quote(image)} --output json`."
    if answer.state is RowState.UNPULLABLE:
        return _UNPULLABLE
    if answer.state is RowState.FINE:
        return ""
    said = EXPLANATIONS[reason].brief if reason else ""
    if answer.state is RowState.WAIVED:
        return said or _WAIVED
    return said


def _name(text: str) -> str:
    return shown(text, _NAME_CHARACTERS)


def _text(text: str) -> str:
    return shown(text, _SENTENCE_CHARACTERS)
