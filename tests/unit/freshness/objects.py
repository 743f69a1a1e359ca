"""Workloads and Pods as a cluster has them, and facts of their images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gatekeeper.evaluation.facts import recorded
from gatekeeper.evaluation.program import NOTHING, StubAnswers
from gatekeeper.freshness.outlook import SECOND
from gatekeeper.own.maximum_image_age import KIND, MaximumImageAge
from gatekeeper.translation.translate import Translation
from provider.errors import BestbeforeError, ImageError
from provider.questions import question
from provider.reasons import Reason

NOW = 1_796_126_400 * SECOND  # 2026-12-01T12:00:00Z
LABELS = {"policy.sigstore.dev/include": "true", "team": "checkout"}


def digest(number: int) -> str:
    """Of an image."""
    return f"sha256:{number:064x}"


def namespace(name: str, labels: Mapping[str, str] = LABELS) -> dict[str, Any]:
    """A namespace that asks for policies."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(labels)}}


def spec(*images: str, **more: Any) -> dict[str, Any]:
    """Of a Pod with these images."""
    return {"containers": [{"name": f"c{number}", "image": image} for number, image in enumerate(images)], **more}


def owned(kind: str, name: str, api_version: str = "apps/v1") -> dict[str, Any]:
    """What an object says of what controls it."""
    reference = {"apiVersion": api_version, "kind": kind, "name": name, "uid": f"uid-{kind}-{name}"}
    return {"ownerReferences": [{**reference, "controller": True}]}


def workload(kind: str, name: str, pod: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """An object with a pod template."""
    api_version = "batch/v1" if kind in {"Job", "CronJob"} else "apps/v1"
    metadata = {"name": name, "namespace": "shop", "uid": f"uid-{kind}-{name}", **more.pop("metadata", {})}
    template: dict[str, Any] = {"template": {"metadata": {"labels": {"app": name}}, "spec": dict(pod)}}
    if kind == "CronJob":
        template = {"jobTemplate": {"spec": template}}
    status = {"status": more.pop("status")} if "status" in more else {}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": {**template, **more}, **status}


def pod(name: str, its: Mapping[str, Any], ids: Sequence[str] = (), **metadata: Any) -> dict[str, Any]:
    """One that runs, with the ids that its node reports."""
    statuses = [
        {"name": container["name"], "imageID": each} for container, each in zip(its["containers"], ids, strict=False)
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}", **metadata},
        "spec": {**its, "nodeName": f"node-{name}"},
        "status": {"phase": "Running", "containerStatuses": statuses},
    }


class BirthFacts:
    """Facts of images by when they were built, and how often each was asked; others have the reason that is told.

    Args:
        births: when each image was built, by how it is asked about; nanoseconds since 1970.
    """

    def __init__(self, births: Mapping[str, int]) -> None:
        self.births = dict(births)
        self.asked: list[str] = []

    def answers(self, keys: Sequence[str]) -> StubAnswers:
        self.asked += keys
        return recorded({key: self._answer(key) for key in keys})

    def at_hand(self, _cases: Any, _images: Any) -> StubAnswers:
        return NOTHING

    def _answer(self, key: str) -> Mapping[str, Any] | BestbeforeError:
        asked = question.parse(key).image
        if asked not in self.births:
            return ImageError(Reason.NOT_FOUND, "there is no such image")
        _, _, named = asked.partition("@")
        date = {"created": "2026-01-01T00:00:00Z", "createdNs": str(self.births[asked]), "createdFrom": "config"}
        its = {"digest": named or digest(1), **date}
        return {"image": asked, **its, "platforms": {"linux/amd64": its}, "ref": question.ref(key)}


def age_policy(**settings: Any) -> Translation:
    """MaximumImageAge of 30 days, both Constraints."""
    made = MaximumImageAge(**settings)
    return Translation(made.name, KIND.template(), made.constraints())
