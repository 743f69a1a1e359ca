"""Outlooks for tests: a cluster on a Tuesday."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.freshness.outlook import DAY, SECOND, Outlook, OutlookSubject, OutlookTurn, OutlookVerdict, Question

# 2026-12-01T06:00:00Z
NOW: Final = 1_796_104_800 * SECOND
UNTIL: Final = NOW + 30 * DAY
OLD: Final = "Image was built 31 days ago, and may be 30 days old."


def subject(
    name: str = "web", team: str = "team-shop", image: str = "registry.example.com/shop/web:1"
) -> OutlookSubject:
    workload = WorkloadName("shop", "Deployment", name)
    return OutlookSubject(workload, "spec.template.spec.containers[0].image", image, "sha256:" + "ab" * 32, team=team)


def outlook(
    *turns: OutlookTurn,
    question: Question = Question.RESCHEDULE,
    of: OutlookSubject | None = None,
    policy: str = "maximum-image-age",
    waived_until: int | None = None,
) -> Outlook:
    return Outlook(
        policy, of or subject(), question, turns or (OutlookTurn(NOW, OutlookVerdict.ADMITTED),), waived_until
    )


def due(days: float, name: str = "web", question: Question = Question.RESCHEDULE) -> Outlook:
    turns = (
        OutlookTurn(NOW, OutlookVerdict.ADMITTED),
        OutlookTurn(NOW + int(days * DAY), OutlookVerdict.DENIED, "ImageTooOld", OLD),
    )
    return outlook(*turns, of=subject(name), question=question)


def denied(name: str = "web", question: Question = Question.RESCHEDULE) -> Outlook:
    return outlook(OutlookTurn(NOW, OutlookVerdict.DENIED, "ImageTooOld", OLD), of=subject(name), question=question)


def waived(days: int, name: str = "web") -> Outlook:
    end = NOW + days * DAY
    turns = (OutlookTurn(NOW, OutlookVerdict.WAIVED), OutlookTurn(end, OutlookVerdict.DENIED, "ImageTooOld", OLD))
    return outlook(*turns, of=subject(name), waived_until=end)


def undated(name: str = "web") -> Outlook:
    return outlook(
        OutlookTurn(NOW, OutlookVerdict.WARNED, "ImageUndated", "Image does not say when it was built."),
        of=subject(name),
    )


def unknown(name: str = "web") -> Outlook:
    return outlook(OutlookTurn(NOW, OutlookVerdict.UNKNOWN, "RegistryUnavailable"), of=subject(name))


def unpullable(name: str = "web") -> Outlook:
    return outlook(OutlookTurn(NOW, OutlookVerdict.DENIED, "NotFound"), of=subject(name), question=Question.PULL)


def of_team(team: str, each: Outlook) -> Outlook:
    return replace(each, subject=replace(each.subject, team=team))
