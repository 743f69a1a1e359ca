"""The Kubernetes Event (`events.k8s.io/v1`) as we write it: within the API server's bounds, and with our name on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gatekeeper.cluster.api import Object
from gatekeeper.cluster.resource import EVENTS
from gatekeeper.cluster.times import micro_time
from gatekeeper.documents.product import NAME, PREFIX
from provider.foreign_text import shown

CONTROLLER: Final = f"{PREFIX}controller"
# Where an Event about an object lies that is in no namespace.
NOWHERE: Final = "default"
# What an Event may have (its API's validation): bytes of a note, and characters of a word and of a name.
NOTE_BYTES: Final = 1024
WORD_CHARACTERS: Final = 128
# What we write into an annotation: all annotations of an object together may have 256 KiB.
ANNOTATION_CHARACTERS: Final = 4_096
_NAME_CHARACTERS: Final = 253
# What may not stand in the name of an Event, and dots beside dashes or dots.
_FOREIGN: Final = re.compile(r"[^a-z0-9.-]", re.ASCII)
_DOTS: Final = re.compile(r"[.-]*\.[.-]*")


@dataclass(frozen=True)
class EventText:
    """What an Event says.

    Attributes:
        name: of the Event itself; see `name_of`.
        namespace: where it lies.
        regarding: the object that it is about, as a reference; a field without a value is left out.
        reason: the column REASON of `kubectl get events`.
        action: what we did.
        note: for people; cut where it is too long.
        is_warning: whether somebody should look at it.
        annotations: for programs, by names of ours without their prefix; one without a value is left out.
    """

    name: str
    namespace: str
    regarding: Mapping[str, str]
    reason: str
    action: str
    note: str
    is_warning: bool
    annotations: Mapping[str, str] = field(default_factory=dict)

    def body(self, at: float, instance: str) -> Object:
        """The object to create.

        Args:
            at: when it was so, seconds since 1970.
            instance: who writes it, our Pod's name.
        """
        metadata: dict[str, Any] = {"name": self.name, "namespace": self.namespace}
        said = {name: shown(value, ANNOTATION_CHARACTERS) for name, value in self.annotations.items() if value}
        if said:
            metadata["annotations"] = {f"{PREFIX}{name}": value for name, value in said.items()}
        return {
            "apiVersion": EVENTS.api_version,
            "kind": EVENTS.kind,
            "metadata": metadata,
            "eventTime": micro_time(at),
            "type": "Warning" if self.is_warning else "Normal",
            "reason": self.reason[:WORD_CHARACTERS],
            "action": self.action,
            "reportingController": CONTROLLER,
            "reportingInstance": instance[:WORD_CHARACTERS] or NAME,
            "regarding": {name: value for name, value in self.regarding.items() if value},
            "note": _cut(self.note),
        }


def name_of(about: str, mark: str) -> str:
    """The name of an Event: the same as long as it says the same, so that it is there once, whoever writes it.

    Args:
        about: name of the object; not every one may be an Event's: `system:node` is a ClusterRole's.
        mark: what stands for all that it says.
    """
    readable = _DOTS.sub(".", _FOREIGN.sub("-", about.lower()))
    readable = readable[: _NAME_CHARACTERS - len(mark) - 1].strip(".-")
    return f"{readable or 'object'}.{mark}"


def _cut(note: str) -> str:
    """At a whole character, because the API server counts bytes."""
    text = shown(note, NOTE_BYTES)
    whole = text.encode()
    if len(whole) <= NOTE_BYTES:
        return text
    return whole[: NOTE_BYTES - len("…".encode())].decode(errors="ignore") + "…"
