"""The Kubernetes Event on a workload whose image will be denied: written when its class changes, not each day.

Its text has dates and no ages. Its name is made of what it says, so that it is there once, whoever writes it.
"""

from __future__ import annotations

import re
from typing import Final

from gatekeeper.cluster.api import Object
from gatekeeper.cluster.times import micro_time
from gatekeeper.denials.ledger.seen_keys import fingerprint
from gatekeeper.denials.reports.block_event import CONTROLLER
from gatekeeper.documents.product import PREFIX
from gatekeeper.documents.workloads import BY_KIND
from gatekeeper.freshness.announcement import moments, sentences
from gatekeeper.freshness.announcement.notice import Notice
from gatekeeper.freshness.announcement.round import SOON
from gatekeeper.freshness.outlook import SECOND, Due
from provider.foreign_text import shown

_ACTION: Final = "Forecast"
_NOTE_BYTES: Final = 1024
_NAME_CHARACTERS: Final = 220
_INSTANCE_CHARACTERS: Final = 128
_FOREIGN: Final = re.compile(r"[^a-z0-9-]", re.ASCII)


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
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {
            "name": _name(notice),
            "namespace": notice.name.workload.namespace,
            "annotations": {f"{PREFIX}{name}": shown(value) for name, value in said.items() if value},
        },
        "eventTime": micro_time(now / SECOND),
        "type": "Warning" if soon else "Normal",
        "reason": _reason(notice.due),
        "action": _ACTION,
        "reportingController": CONTROLLER,
        "reportingInstance": instance[:_INSTANCE_CHARACTERS] or "bestbefore",
        "regarding": _regarding(notice, uid),
        "note": shown(text, _NOTE_BYTES).encode()[:_NOTE_BYTES].decode(errors="ignore"),
    }


def _name(notice: Notice) -> str:
    workload = notice.name.workload
    # Since when it is denied already, only a process knows that saw it come.
    since = "" if notice.due is Due.EXPIRED else str(notice.since)
    said = (notice.name.policy, workload.kind, workload.name, notice.due.value, since)
    mark = fingerprint(*said, notice.first.subject.image)[:16]
    return f"{_FOREIGN.sub('-', workload.name.lower())[:_NAME_CHARACTERS].strip('-') or 'object'}.{mark}"


def _reason(due: Due) -> str:
    """The column REASON of `kubectl get events`."""
    if due is Due.EXPIRED:
        return "ImageExpired"
    return "ImageExpiring" if due in SOON else "ImageNotExpiring"


def _regarding(notice: Notice, uid: str) -> Object:
    workload = notice.name.workload
    known = BY_KIND.get(workload.kind)
    version = (f"{known.group}/v1" if known.group else "v1") if known else ""
    found = {
        "apiVersion": version,
        "kind": workload.kind,
        "namespace": workload.namespace,
        "name": workload.name,
        "uid": uid,
    }
    return {name: value for name, value in found.items() if value}
