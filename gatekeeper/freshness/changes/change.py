"""Workloads whose verdict another set of policies changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.freshness.outlook import Outlook, OutlookTurn, OutlookVerdict, Question
from provider.foreign_text import shown

# From the best to the worst; that nobody could look is worse than a warning.
_RANK: Final = {
    verdict: number
    for number, verdict in enumerate(
        (
            OutlookVerdict.ADMITTED,
            OutlookVerdict.WAIVED,
            OutlookVerdict.WARNED,
            OutlookVerdict.UNKNOWN,
            OutlookVerdict.DENIED,
        )
    )
}
_SENTENCE_CHARACTERS: Final = 400
_NAME_CHARACTERS: Final = 320
_Key: TypeAlias = tuple[WorkloadName, Question]


@dataclass(frozen=True, slots=True)
class WorkloadVerdict:
    """The worst that policies say of a workload at a moment.

    Attributes:
        verdict: admitted where no policy covers it.
        policy: which says so; empty where none does.
        image: of which image.
        reason: the reason code.
        sentence: the policy's own.
    """

    verdict: OutlookVerdict = OutlookVerdict.ADMITTED
    policy: str = ""
    image: str = ""
    reason: str = ""
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class WorkloadChange:
    """A workload of which the new policies say something else.

    Attributes:
        workload: its name.
        team: whose it is; empty where nobody says.
        questions: of what: applied again, on reschedule, what runs.
        now: before and after, at this moment.
        later: before and after, at the end of the horizon.
    """

    workload: WorkloadName
    team: str
    questions: tuple[Question, ...]
    now: tuple[WorkloadVerdict, WorkloadVerdict]
    later: tuple[WorkloadVerdict, WorkloadVerdict]

    @property
    def worse(self) -> bool:
        """Whether the new policies are harder on it, now or later."""
        return any(_RANK[new.verdict] > _RANK[old.verdict] for old, new in (self.now, self.later))

    @property
    def denied(self) -> bool:
        """Whether it is denied by the new policies, and not by the old ones, now or later."""
        return any(
            new.verdict is OutlookVerdict.DENIED and old.verdict is not OutlookVerdict.DENIED
            for old, new in (self.now, self.later)
        )


@dataclass(frozen=True)
class PolicyChange:
    """What another set of policies changes.

    Attributes:
        now: nanoseconds since 1970.
        until: the later moment.
        changes: those that get worse first.
        workloads: how many were judged by one set at least.
        unknown: how many of them nobody could judge in full.
        not_judged: what was not looked at, a sentence each.
    """

    now: int
    until: int
    changes: Sequence[WorkloadChange]
    workloads: int
    unknown: int
    not_judged: Sequence[str] = ()


def change(
    old: Sequence[Outlook], new: Sequence[Outlook], now: int, until: int, not_judged: Sequence[str] = ()
) -> PolicyChange:
    """What changes from the old policies to the new ones, by what both say of the same workloads.

    Args:
        old: what the old ones say.
        new: what the new ones say.
        now: the moment, nanoseconds since 1970.
        until: the later moment.
        not_judged: what was not looked at.
    """
    moments = (now, until)
    before, after = ([_worst(each, at) for at in moments] for each in (old, new))
    teams = {each.subject.workload: each.subject.team for each in (*old, *new)}
    keys = dict.fromkeys(key for each in (*before, *after) for key in each)
    found: dict[tuple[WorkloadName, tuple[WorkloadVerdict, ...]], list[Question]] = {}
    admitted = WorkloadVerdict()
    for key in keys:
        said = tuple(each[number].get(key, admitted) for number in range(2) for each in (before, after))
        if any(said[at].verdict is not said[at + 1].verdict for at in (0, 2)):
            found.setdefault((key[0], said), []).append(key[1])
    changes = [
        WorkloadChange(_name(workload), _text(teams[workload]), _ordered(asked), *_pairs(said))
        for (workload, said), asked in found.items()
    ]
    changes.sort(key=_order)
    verdicts = (pair for each in (*before, *after) for pair in each.items())
    unknown = {workload for (workload, _), said in verdicts if said.verdict is OutlookVerdict.UNKNOWN}
    return PolicyChange(now, until, changes, len(teams), len(unknown), [_text(each) for each in not_judged])


def _ordered(asked: Iterable[Question]) -> tuple[Question, ...]:
    return tuple(sorted(asked, key=list(Question).index))


def _pairs(
    said: tuple[WorkloadVerdict, ...],
) -> tuple[tuple[WorkloadVerdict, WorkloadVerdict], tuple[WorkloadVerdict, WorkloadVerdict]]:
    return (said[0], said[1]), (said[2], said[3])


def _order(each: WorkloadChange) -> tuple[bool, bool, str, str, str, tuple[str, ...]]:
    name = each.workload
    return (not each.denied, not each.worse, name.namespace, name.name, name.kind, each.questions)


def _worst(outlooks: Iterable[Outlook], at: int) -> Mapping[_Key, WorkloadVerdict]:
    found: dict[_Key, WorkloadVerdict] = {}
    for outlook in outlooks:
        key = (outlook.subject.workload, outlook.question)
        turn = _turn(outlook, at)
        known = found.get(key)
        if known is None or _RANK[turn.verdict] > _RANK[known.verdict]:
            found[key] = WorkloadVerdict(
                turn.verdict,
                _text(outlook.policy),
                _text(outlook.subject.image),
                _text(turn.reason),
                shown(turn.sentence, _SENTENCE_CHARACTERS),
            )
    return found


def _turn(outlook: Outlook, at: int) -> OutlookTurn:
    """What it says at a moment."""
    return next((each for each in reversed(outlook.turns) if each.since <= at), outlook.now)


def _name(workload: WorkloadName) -> WorkloadName:
    return WorkloadName(_text(workload.namespace), _text(workload.kind), _text(workload.name))


def _text(text: str) -> str:
    return shown(text, _NAME_CHARACTERS)
