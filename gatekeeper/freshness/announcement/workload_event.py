"""The Kubernetes Event on a workload whose image will be denied: written when its class changes, not each day.

Its text has dates and no ages. Its name is made of what it says, so that it is there once, whoever writes it.
"""

from __future__ import annotations

from typing import Final

from gatekeeper.cluster.api import Object
from gatekeeper.cluster.event import EventText, name_of
from gatekeeper.denials.ledger.seen_keys import fingerprint
from gatekeeper.freshness.announcement import moments, sentences
from gatekeeper.freshness.announcement.notice import Notice
from gatekeeper.freshness.announcement.round import SOON
from gatekeeper.freshness.outlook import SECOND, Due

_ACTION: Final = "Forecast"


def event(notice: Notice, now: int, instance: str, uid: str = "") -> Object:
    """The Event about a notice.

    Args:
        notice: what is announced.
        now: nanoseconds since 1970.
        instance: who writes it, the Pod's name.
        uid: of the workload; with it `kubectl describe` shows the Event. Empty where it is not known.
    """
    soon = notice.due in SOON
    text = sentences.warning(notice) if soon else sentences.relief(notice)
    moment = notice.first.best_before
    said = {
        "policy": notice.name.policy,
        "image": notice.first.subject.image,
        "reason": sentences.reason(notice.first) if soon else "",
        "best-before": moments.stamp(moment) if moment is not None else "",
        "team": notice.first.subject.team,
    }
    return EventText(
        name=_name(notice),
        namespace=notice.name.workload.namespace,
        regarding=notice.name.workload.reference(uid),
        reason=_reason(notice.due),
        action=_ACTION,
        note=text,
        is_warning=soon,
        annotations=said,
    ).body(now / SECOND, instance)


def _name(notice: Notice) -> str:
    workload = notice.name.workload
    # Since when it is denied already, only a process knows that saw it come.
    since = "" if notice.due is Due.EXPIRED else str(notice.since)
    said = (notice.name.policy, workload.kind, workload.name, notice.due.value, since)
    mark = fingerprint(*said, notice.first.subject.image)[:16]
    return name_of(workload.name, mark)


def _reason(due: Due) -> str:
    """The column REASON of `kubectl get events`."""
    if due is Due.EXPIRED:
        return "ImageExpired"
    return "ImageExpiring" if due in SOON else "ImageNotExpiring"
