"""Cases of a policy of our own, as its cases.yaml has them: what happens, and what the Constraints say to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tests import quick_yaml

_CONTROLLERS: Final = "system:serviceaccount:kube-system:"
_PERSON: Final = "alice"
_RESOURCES: Final = {"Pod": "pods", "Deployment": "deployments", "Job": "jobs"}


@dataclass(frozen=True)
class AdmissionCase:
    """One thing that happens, and what the Constraints have to say to it.

    Attributes:
        name: in words.
        object: the object under review.
        operation: as in an AdmissionRequest, empty for audit.
        user: who asks.
        old: the object before an UPDATE.
        expected: a part of the message of each Constraint (`deny`, `warn`, `translated`) that has something to say.
    """

    name: str
    object: Mapping[str, Any]
    operation: str = "CREATE"
    user: str = _PERSON
    old: Mapping[str, Any] | None = None
    expected: Mapping[str, str] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """The name as a file name."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    def request(self) -> dict[str, Any]:
        """The AdmissionRequest; of audit what stands for it, as Gatekeeper fills a review in."""
        group, _, version = str(self.object["apiVersion"]).rpartition("/")
        metadata = self.object["metadata"]
        found: dict[str, Any] = {
            "uid": self.slug if self.operation else "",
            "kind": {"group": group, "version": version, "kind": self.object["kind"]},
            "resource": {"group": group, "version": version, "resource": _RESOURCES[self.object["kind"]]},
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "operation": self.operation,
            "userInfo": {"username": self.user} if self.operation else {},
            "object": self.object,
            "oldObject": self.old,
        }
        if self.operation == "DELETE":
            # The API server sends what was; Gatekeeper judges it as the object.
            found |= {"object": None, "oldObject": self.object}
        return found


def read_case(folder: Path, entry: Mapping[str, Any]) -> AdmissionCase:
    """A case as cases.yaml has it."""
    operation = {"audit": ""}.get(entry.get("operation", "CREATE"), entry.get("operation", "CREATE"))
    user = _CONTROLLERS + entry["by"] if "by" in entry else entry.get("user", _PERSON)
    return AdmissionCase(
        name=entry["name"],
        object=sample(folder, entry["object"]) if "object" in entry else pod(entry["image"]),
        operation=operation,
        user=user,
        old=sample(folder, entry["old"]) if "old" in entry else None,
        expected={who: entry[who] for who in ("deny", "warn", "translated") if who in entry},
    )


def sample(folder: Path, name: str) -> dict[str, Any]:
    """An object of a policy's folder."""
    return dict(quick_yaml.load((folder / name).read_text(encoding="utf-8")))


def pod(image: str) -> dict[str, Any]:
    """A Pod with one image."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [{"name": "web", "image": image}]},
    }


def nanoseconds(moment: str) -> int:
    """RFC 3339 as nanoseconds since 1970."""
    return int(datetime.fromisoformat(moment).timestamp()) * 1_000_000_000
