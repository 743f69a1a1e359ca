"""The words for owners: which policy denies what from when on, whose it is, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from gatekeeper.denials.lines.violation import known_reason
from gatekeeper.freshness.announcement import limits, moments
from gatekeeper.freshness.announcement.notice import Notice
from gatekeeper.freshness.announcement.workload_news import WorkloadNews
from gatekeeper.freshness.outlook import Outlook, OutlookVerdict, Question
from provider.foreign_text import shown
from provider.reasons import EXPLANATIONS

_IMAGE_CHARACTERS: Final = 300
# Of what is said in short.
_POLICY_CHARACTERS: Final = 63
_OTHER_IMAGE_CHARACTERS: Final = 100
# The kind that keeps no Pod running: there is none to take the place of.
_RUNS: Final = "CronJob"
_WAIVER: Final = "To let it run for a time, ask for a Waiver."


def warning(news: WorkloadNews) -> str:
    """What the Event on a workload says while its image is denied, or soon will be."""
    return " ".join(_sentences(news))


def relief(news: WorkloadNews) -> str:
    """The same when it was announced and will not come so soon."""
    policy, workload = news.first.name.policy, news.name.workload
    moment = news.first.first.best_before
    until = f"before {moments.date(moment)}" if moment is not None else "within the time that is looked ahead"
    said = (
        f"Policy {policy} does not deny the next Pod of {workload.kind} {workload.name} {until}, as announced before."
    )
    if news.others:
        said = f"{said} The same is true of {_others(news)}: {_named(map(_later, news.others), news)}."
    return said


def _sentences(news: WorkloadNews) -> Iterator[str]:
    first = news.first.first
    yield when(first)
    yield f"{reason(first)}: {shown(first.subject.image, _IMAGE_CHARACTERS)} ({first.subject.path})."
    if news.first.images > 1:
        yield f"{news.first.images} images are due alike."
    if first.subject.note:
        yield first.subject.note_sentence
    if first.waived_until is not None:
        yield f"A waiver holds until {moments.date(first.waived_until)}."
    yield from advice(first)
    if first.subject.team:
        yield f"Owner: {first.subject.team}."
    # Last, because a note is cut where it is too long.
    if news.others:
        denies = "denies" if len(news.others) == 1 else "deny"
        several = (_sooner(each, first) for each in news.others)
        yield f"{_others(news)} {denies} it, too: {_named(several, news)}."


def _others(news: WorkloadNews) -> str:
    return f"{len(news.others)} other {'policy' if len(news.others) == 1 else 'policies'}"


def _named(policies: Iterator[str], news: WorkloadNews) -> str:
    """The first few of the others."""
    more = len(news.others) - limits.NAMED_POLICIES
    return ", ".join(islice(policies, limits.NAMED_POLICIES)) + (f" and {more} more" if more > 0 else "")


def _sooner(notice: Notice, first: Outlook) -> str:
    """A policy, whom it denies, and from when on; and why and which image, where that is not as of the first."""
    who = "who applies it" if notice.first.question is Question.APPLY else "each new Pod"
    since = f"from {moments.date(notice.since)} on" if notice.since is not None else "now"
    said = [who, since]
    if notice.first.subject.image != first.subject.image:
        said.insert(0, shown(notice.first.subject.image, _OTHER_IMAGE_CHARACTERS))
    if reason(notice.first) != reason(first):
        said.insert(0, reason(notice.first))
    return f"{shown(notice.name.policy, _POLICY_CHARACTERS)} ({', '.join(said)})"


def _later(notice: Notice) -> str:
    """A policy, and before when it denies nothing."""
    moment = notice.first.best_before
    name = shown(notice.name.policy, _POLICY_CHARACTERS)
    return f"{name} (before {moments.date(moment)})" if moment is not None else name


def when(outlook: Outlook) -> str:
    """From when on what is denied."""
    workload, denial = outlook.subject.workload, outlook.denial
    named, policy = f"{workload.kind} {workload.name}", outlook.policy
    if outlook.question is Question.APPLY and denial is not None:
        since = "now" if outlook.now.verdict is OutlookVerdict.DENIED else f"from {moments.date(denial.since)} on"
        return f"Whoever applies {named} again as it is, is denied by policy {policy} {since}; what runs is replaced."
    if denial is None:
        return f"Policy {policy} denies no Pod of {named} within the time that is looked ahead."
    if outlook.now.verdict is OutlookVerdict.DENIED and workload.kind == _RUNS:
        return f"Policy {policy} denies the Pods of {named} now: its runs fail."
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
