"""The words for owners: which policy denies what from when on, whose it is, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gatekeeper.denials.lines.violation import known_reason
from gatekeeper.freshness.announcement import moments
from gatekeeper.freshness.announcement.notice import Notice
from gatekeeper.freshness.outlook import Outlook, OutlookVerdict, Question
from provider.foreign_text import shown
from provider.reasons import EXPLANATIONS

_IMAGE_CHARACTERS: Final = 300
_WAIVER: Final = "To let it run for a time, ask for a Waiver."


def warning(notice: Notice) -> str:
    """What the Event on a workload says while its image is denied, or soon will be."""
    first = notice.first
    return " ".join(_sentences(notice, first))


def relief(notice: Notice) -> str:
    """The same when it was announced and will not come so soon."""
    policy, workload = notice.name.policy, notice.name.workload
    moment = notice.first.best_before
    until = f"before {moments.date(moment)}" if moment is not None else "within the time that is looked ahead"
    return (
        f"Policy {policy} does not deny the next Pod of {workload.kind} {workload.name} {until}, as announced before."
    )


def _sentences(notice: Notice, first: Outlook) -> Iterator[str]:
    yield when(first)
    yield f"{reason(first)}: {shown(first.subject.image, _IMAGE_CHARACTERS)} ({first.subject.path})."
    if notice.images > 1:
        yield f"{notice.images} images are due alike."
    if first.subject.note:
        yield f"{first.subject.note[0].upper()}{first.subject.note[1:].rstrip('.')}."
    if first.waived_until is not None:
        yield f"A waiver holds until {moments.date(first.waived_until)}."
    yield from advice(first)
    if first.subject.team:
        yield f"Owner: {first.subject.team}."


def when(outlook: Outlook) -> str:
    """From when on what is denied."""
    workload, denial = outlook.subject.workload, outlook.denial
    named, policy = f"{workload.kind} {workload.name}", outlook.policy
    if outlook.question is Question.APPLY and denial is not None:
        since = "now" if outlook.now.verdict is OutlookVerdict.DENIED else f"from {moments.date(denial.since)} on"
        return f"Whoever applies {named} again as it is, is denied by policy {policy} {since}; what runs is replaced."
    if denial is None:
        return f"Policy {policy} denies no Pod of {named} within the time that is looked ahead."
    if outlook.now.verdict is OutlookVerdict.DENIED:
        return (
            f"Policy {policy} denies each new Pod of {named} now: what runs is not replaced after a drain, a crash or "
            "a scale-up."
        )
    since = moments.date(denial.since)
    if outlook.effect is not None:
        effect = moments.date(outlook.effect)
        return f"From {since} on, policy {policy} denies the Pods of {named}; its first run after that is on {effect}."
    return f"From {since} on, policy {policy} denies each new Pod of {named}: a drain, a crash or a scale-up."


def reason(outlook: Outlook) -> str:
    """The reason code of the denial that comes first; of no answer, where there is none."""
    denial = outlook.denial
    return (denial.reason if denial is not None else outlook.now.reason) or "Denied"


def advice(outlook: Outlook) -> Iterator[str]:
    """What to do, and who can."""
    known = known_reason(reason(outlook))
    if known is not None:
        yield EXPLANATIONS[known].brief
        yield f"Who can fix it: {EXPLANATIONS[known].fault}."
    yield _WAIVER
