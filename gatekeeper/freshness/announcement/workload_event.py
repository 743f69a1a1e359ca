"""The Kubernetes Event on a workload whose image will be denied: written when its class changes, not each day.

Its text has dates and no ages. Its name is made of what it says, so that it is there once, whoever writes it.
"""

from __future__ import annotations

from typing import Final

from gatekeeper.cluster.api import Object
from gatekeeper.cluster.event import ANNOTATION_CHARACTERS, EventText, name_of
from gatekeeper.denials.ledger.seen_keys import fingerprint
from gatekeeper.freshness.announcement import moments, sentences
from gatekeeper.freshness.announcement.workload_news import WorkloadNews
from gatekeeper.freshness.outlook import SECOND, Due

_ACTION: Final = "Forecast"


def event(news: WorkloadNews, now: int, instance: str, uid: str = "", *, again: bool = False) -> Object:
    """The Event about news.

    Args:
        news: what is announced.
        now: nanoseconds since 1970.
        instance: who writes it, the Pod's name.
        uid: of the workload; with it `kubectl describe` shows the Event. Empty where it is not known.
        again: whether the same was said before, and something else since: its name is made of the moment, too.
    """
    soon, first = news.name.is_soon, news.first
    text = sentences.warning(news) if soon else sentences.relief(news)
    moment = first.first.best_before
    said = {
        "policy": first.name.policy,
        "policies": _policies(news) if news.others else "",
        "image": first.first.subject.image,
        "reason": sentences.reason(first.first) if soon else "",
        "best-before": moments.stamp(moment) if moment is not None else "",
        "team": first.first.subject.team,
    }
    return EventText(
        name=_name(news, str(now) if again else ""),
        namespace=news.name.workload.namespace,
        regarding=news.name.workload.reference(uid),
        reason=news.name.kind,
        action=_ACTION,
        note=text,
        is_warning=soon,
        annotations=said,
    ).body(now / SECOND, instance)


def _name(news: WorkloadNews, moment: str) -> str:
    workload = news.name.workload
    said = [workload.kind, workload.name, *([moment] if moment else [])]
    for each in news.notices:
        # Since when it is denied already, only a process knows that saw it come.
        since = "" if each.due is Due.EXPIRED else str(each.since)
        said += [each.name.policy, each.due.value, since, each.first.subject.image]
    return name_of(workload.name, fingerprint(*said)[:16])


def _policies(news: WorkloadNews) -> str:
    """All their names; where that is too long, as many as there is room for, and how many more there are."""
    names = [each.name.policy for each in news.notices]
    text = ",".join(names)
    room = ANNOTATION_CHARACTERS - len(f",and {len(names)} more")
    while names and len(text) > ANNOTATION_CHARACTERS:
        names.pop()
        if len(",".join(names)) <= room:
            text = f"{','.join(names)},and {len(news.notices) - len(names)} more"
    return text
