"""The Kubernetes Event about a block: `kubectl get events` shows it to its owners, `bestbefore denials -n` reads it.

An Event has the same name as long as the block is the same, so a controller that begins anew goes on with it. Of an
Event of `events.k8s.io/v1` only `series` may change; writing it makes it live another hour. So its text has dates and
no ages: what Gatekeeper said, "built 31 days ago", is quoted of foreign templates alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Any, Final

from gatekeeper.cluster.api import KubernetesApi, Object
from gatekeeper.cluster.event import CONTROLLER, NOTE_BYTES, NOWHERE, EventText, name_of
from gatekeeper.cluster.resource import EVENTS
from gatekeeper.cluster.times import micro_time
from gatekeeper.denials import limits
from gatekeeper.denials.ledger.blocks import BlockName, WorkloadBlock
from gatekeeper.denials.ledger.seen_keys import fingerprint
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.lines import deny_line
from gatekeeper.denials.lines.violation import known_reason
from gatekeeper.documents import fields
from gatekeeper.documents.product import PREFIX
from provider.foreign_text import shown
from provider.reasons import EXPLANATIONS, BlockCause

_ACTION: Final = "Admission"
# What is shown in a note of an image, and of what a foreign template said.
_IMAGE_CHARACTERS: Final = 300
_MESSAGE_CHARACTERS: Final = 500


@dataclass(frozen=True, slots=True)
class BlockNote:
    """What an Event says of a block.

    Attributes:
        name: which one.
        cause: whose it is; None where a newer version has another.
        reason: why, from the list of reasons; empty of foreign templates.
        note: for people.
        remedy: what to do; empty where nobody says.
        ref: finds the provider's log line; empty where nobody says.
        opened: when it was first denied, seconds since 1970.
        touched: when it was last denied, as far as the Event says.
        denials: how many were seen, as far as the Event says.
    """

    name: BlockName
    cause: BlockCause | None
    reason: str
    note: str
    remedy: str
    ref: str
    opened: float
    touched: float
    denials: int


def event_name(name: BlockName) -> str:
    """The name of the Event about a block, always the same."""
    workload = name.workload
    mark = fingerprint(workload.namespace, workload.kind, workload.name, name.policy, name.image)[:16]
    return name_of(workload.name, mark)


def event_namespace(name: BlockName) -> str:
    """Where the Event lies: where its object does."""
    return name.workload.namespace or NOWHERE


def new_event(block: WorkloadBlock, instance: str, uid: str = "") -> Object:
    """The Event about a block that was opened.

    Args:
        block: what is blocked.
        instance: who writes it, the Pod's name.
        uid: of the workload; with it `kubectl describe` shows the Event. Empty where it may not be read.
    """
    return EventText(
        name=event_name(block.name),
        namespace=event_namespace(block.name),
        regarding=block.name.workload.reference(uid),
        reason=_reason(block),
        action=_ACTION,
        note=_note(block),
        is_warning=True,
        annotations=_annotations(block),
    ).body(block.opened, instance)


def renewed_event(event: Object, block: WorkloadBlock) -> Object:
    """The Event of a block that still lasts, so that it lives another hour."""
    series = {"count": max(2, block.denials), "lastObservedTime": micro_time(block.touched)}
    return {**event, "series": series}


def read(event: Object) -> BlockNote | None:
    """What an Event says of a block; None of Events that are not ours, or that are about policies."""
    if event.get("reportingController") != CONTROLLER or event.get("action") != _ACTION:
        return None
    regarding, metadata = fields.mapping(event, "regarding"), fields.mapping(event, "metadata")
    said, series = fields.mapping(metadata, "annotations"), fields.mapping(event, "series")
    workload = WorkloadName(_text(metadata, "namespace"), _text(regarding, "kind"), _text(regarding, "name"))
    opened = deny_line.seconds(_text(event, "eventTime"))
    count = series.get("count")
    return BlockNote(
        name=BlockName(workload, _text(said, f"{PREFIX}policy"), _text(said, f"{PREFIX}image")),
        cause=_cause(_text(said, f"{PREFIX}cause")),
        reason=_text(said, f"{PREFIX}reason"),
        note=_text(event, "note"),
        remedy=_text(said, f"{PREFIX}remedy"),
        ref=_text(said, f"{PREFIX}ref"),
        opened=opened,
        touched=deny_line.seconds(_text(series, "lastObservedTime")) or opened,
        denials=count if isinstance(count, int) else 1,
    )


def listed(api: KubernetesApi, namespace: str) -> list[BlockNote]:
    """What the Events of a namespace say of blocks; at most `limits.BLOCKS` of them.

    Raises:
        ClusterError: they cannot be listed.
    """
    found = map(read, chain.from_iterable(api.pages(EVENTS, namespace)))
    return list(islice((note for note in found if note is not None), limits.BLOCKS))


def _annotations(block: WorkloadBlock) -> Mapping[str, str]:
    return {
        "policy": block.name.policy,
        "image": block.name.image,
        "cause": str(block.cause),
        "reason": block.reason,
        "remedy": block.remedy,
        "ref": block.ref,
    }


def _reason(block: WorkloadBlock) -> str:
    """The column REASON of `kubectl get events`."""
    if block.reason.isascii() and block.reason.isalnum():
        return block.reason
    return "NoVerdict" if block.cause is BlockCause.WEBHOOK else "Denied"


def _note(block: WorkloadBlock) -> str:
    """Why, since when, what to do, whom to ask."""
    policy = f" by policy {block.name.policy}" if block.name.policy else ""
    since = datetime.fromtimestamp(block.opened, UTC).strftime("%Y-%m-%d %H:%M UTC")
    sentences = [
        f"{block.name.workload.kind} {block.name.workload.name} is blocked since {since}{policy}.",
        _why(block),
        block.remedy,
        _whom(block),
        f"ref {block.ref}" if block.ref else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _why(block: WorkloadBlock) -> str:
    if block.reason and block.name.image:
        return f"{block.reason}: {shown(block.name.image, _IMAGE_CHARACTERS)}."
    if block.cause is BlockCause.WEBHOOK:
        return "Gatekeeper came to no verdict in time."
    return shown(block.message, _MESSAGE_CHARACTERS)


def _whom(block: WorkloadBlock) -> str:
    reason = known_reason(block.reason)
    return f"Who can fix it: {EXPLANATIONS[reason].fault}." if reason else ""


def _cause(text: str) -> BlockCause | None:
    return BlockCause(text) if text in set(BlockCause) else None


def _text(value: Mapping[str, Any], name: str) -> str:
    return shown(fields.text(value, name), NOTE_BYTES)
