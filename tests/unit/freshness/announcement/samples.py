"""Outlooks as a forecast makes them; times count in days from `NOW`."""

from __future__ import annotations

from typing import Any

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.freshness.outlook import DAY, SECOND, Outlook, OutlookSubject, OutlookTurn, OutlookVerdict, Question
from tests.simulators.clock import EPOCH

NOW = int(EPOCH) * SECOND
WEB = WorkloadName("shop", "Deployment", "web")
IMAGE = "registry.example.com/shop/web:1.4"
DIGEST = f"sha256:{'a' * 64}"
PATH = "spec.template.spec.containers[0].image"
POLICY = "maximum-image-age"


def subject(workload: WorkloadName = WEB, **more: Any) -> OutlookSubject:
    fields: dict[str, Any] = {"path": PATH, "image": IMAGE, "digest": DIGEST, "running": 2, "team": "team-shop"}
    return OutlookSubject(workload, **{**fields, **more})


def admitted(at: int = NOW) -> OutlookTurn:
    return OutlookTurn(at, OutlookVerdict.ADMITTED)


def denied(at: int = NOW) -> OutlookTurn:
    return OutlookTurn(at, OutlookVerdict.DENIED, "ImageTooOld", "The image is too old.")


def unknown(at: int = NOW) -> OutlookTurn:
    return OutlookTurn(at, OutlookVerdict.UNKNOWN, "RegistryUnavailable", "Nobody could look.")


def outlook(
    days: float | None = 3, of: OutlookSubject | None = None, question: Question = Question.RESCHEDULE, **more: Any
) -> Outlook:
    """An image that is denied so many days from now: never for None, already for 0."""
    if days is None:
        turns = [admitted()]
    elif days <= 0:
        turns = [denied()]
    else:
        turns = [admitted(), denied(NOW + int(days * DAY))]
    fields: dict[str, Any] = {"policy": POLICY, "turns": turns}
    return Outlook(subject=of or subject(), question=question, **{**fields, **more})
