"""What the cluster shows of an object that a denial is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gatekeeper.documents import fields


@dataclass(frozen=True)
class StoredObject:
    """An object that is there.

    Attributes:
        created: seconds since 1970.
        written: when somebody wrote it, its status and such parts left out; seconds since 1970.
    """

    created: float
    written: tuple[float, ...] = ()

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> StoredObject:
        """From the object."""
        entries = fields.rows(found, "metadata", "managedFields")
        written = (moment(fields.text(each, "time")) for each in entries if not fields.text(each, "subresource"))
        return cls(moment(fields.text(found, "metadata", "creationTimestamp")), tuple(time for time in written if time))


@dataclass(frozen=True)
class ChildPod:
    """A Pod that runs, and what made it.

    Attributes:
        namespace: of both.
        kind: of what made it: `ReplicaSet`; empty of a Pod that nothing made.
        owner: its name.
        created: seconds since 1970.
        images: as they stand in the Pod.
    """

    namespace: str
    kind: str
    owner: str
    created: float
    images: frozenset[str]


@dataclass(frozen=True)
class ObjectSighting:
    """What was seen of an object.

    Attributes:
        object: itself; None where it is not there.
        pods: that its owner has now.
        problem: why nobody looked; empty where somebody did.
    """

    object: StoredObject | None = None
    pods: Sequence[ChildPod] = ()
    problem: str = ""


def moment(text: str) -> float:
    """A time of Kubernetes, seconds since 1970; 0 of what is none."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0
