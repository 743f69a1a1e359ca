"""What the generators of policies/ share: cases, suites for gator, the table of parameters in a page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import yaml

BEGIN: Final = "<!-- parameters: written by scripts/policies.py -->"
END: Final = "<!-- end of parameters -->"
HEADER: Final = "# Written by scripts/policies.py (`make generate`): do not edit.\n"

_CONTROLLERS: Final = "system:serviceaccount:kube-system:"
_PERSON: Final = "alice"
_RESOURCES: Final = {"Pod": "pods", "Deployment": "deployments", "Job": "jobs"}


@dataclass(frozen=True)
class Case:
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


def review(case: Case) -> Mapping[str, Any]:
    """What gator reviews: audit has no request."""
    if not case.operation:
        return case.object
    envelope = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
    return {**envelope, "request": {name: value for name, value in case.request().items() if value is not None}}


def suite_test(name: str, template: str, constraint: str, who: str, cases: Iterable[Case]) -> dict[str, Any]:
    """A test of a gator suite: every case by one Constraint, `who` being its name in `Case.expected`."""
    return {
        "name": name,
        "template": f"suite/{template}.yaml",
        "constraint": f"suite/{constraint}.yaml",
        "cases": [
            {
                "name": case.name,
                "object": f"suite/case-{case.slug}.yaml",
                "assertions": _assertions(case.expected.get(who, "")),
            }
            for case in cases
        ],
    }


def _assertions(message: str) -> list[dict[str, Any]]:
    if not message:
        return [{"violations": "no"}]
    return [{"violations": 1, "message": re.escape(message).replace("\\ ", " ").replace("`", "\\x60")}]


def everywhere(constraint: Mapping[str, Any]) -> dict[str, Any]:
    """Without the namespaces' label: gator has no namespaces."""
    spec = constraint["spec"]
    match = {name: value for name, value in spec["match"].items() if name != "namespaceSelector"}
    return {**constraint, "spec": {**spec, "match": match}}


def with_parameters(text: str, properties: Mapping[str, Any]) -> str:
    """A page with its table of parameters written anew, from their schema."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    rows = [f"| `{name}` | {schema['description']} |" for name, schema in properties.items()]
    return f"{before}{BEGIN}\n" + "\n".join(["| Parameter | Meaning |", "|---|---|", *rows]) + f"\n{END}{after}"


def read_case(folder: Path, entry: Mapping[str, Any]) -> Case:
    """A case as cases.yaml has it."""
    operation = {"audit": ""}.get(entry.get("operation", "CREATE"), entry.get("operation", "CREATE"))
    user = _CONTROLLERS + entry["by"] if "by" in entry else entry.get("user", _PERSON)
    return Case(
        name=entry["name"],
        object=sample(folder, entry["object"]) if "object" in entry else pod(entry["image"]),
        operation=operation,
        user=user,
        old=sample(folder, entry["old"]) if "old" in entry else None,
        expected={who: entry[who] for who in ("deny", "warn", "translated") if who in entry},
    )


def sample(folder: Path, name: str) -> dict[str, Any]:
    """An object of a policy's folder."""
    return dict(yaml.safe_load((folder / name).read_text(encoding="utf-8")))


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
