"""The fields of objects in a file that an inventory reads: each has the type that the API has for it.

An API server refuses what is of another type, so what it gave out has none. In a file that a person wrote such a field
would be passed over: a Deployment without images, a CronJob that rests and seems to run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gatekeeper.documents import fields, workloads
from gatekeeper.documents.problems import Problem
from gatekeeper.freshness.inventory import pod_fields
from gatekeeper.freshness.inventory.field_type import (
    COUNT,
    FLAG,
    LABELS,
    NAME,
    NAME_OR_EMPTY,
    OBJECT,
    OBJECTS,
    TEXT,
    FieldType,
    misfits,
)

_OBJECT: Final = {"metadata": OBJECT.needed(), "status": OBJECT.or_null()}
_METADATA: Final = {
    "name": NAME_OR_EMPTY.or_null(),
    "generateName": NAME_OR_EMPTY.or_null(),
    "namespace": NAME_OR_EMPTY.or_null(),
    "uid": TEXT.or_null(),
    "labels": LABELS.or_null(),
    "annotations": LABELS.or_null(),
    "ownerReferences": OBJECTS.or_null(),
    "creationTimestamp": TEXT.or_null(),
    "deletionTimestamp": TEXT.or_null(),
}
_OWNER: Final = {
    "apiVersion": TEXT,
    "kind": NAME.needed(),
    "name": NAME.needed(),
    "uid": TEXT,
    "controller": FLAG.or_null(),
}
_SPEC: Final = {"replicas": COUNT.or_null(), "suspend": FLAG.or_null()}
_CRON_JOB: Final = {
    "schedule": FieldType(
        "a text that is not empty", lambda value: isinstance(value, str) and value != "", required=True
    ),
    "timeZone": TEXT.or_null(),
}
_STATUS: Final = {
    "phase": TEXT.or_null(),
    "conditions": OBJECTS.or_null(),
    "lastScheduleTime": TEXT.or_null(),
    "initContainerStatuses": OBJECTS.or_null(),
    "containerStatuses": OBJECTS.or_null(),
    "ephemeralContainerStatuses": OBJECTS.or_null(),
}
_CONTAINER_STATUS: Final = {"name": TEXT, "imageID": TEXT}


def problems(found: Mapping[str, Any], known: workloads.Workload | None) -> Iterator[Problem]:
    """Fields of another type, and those without which there is nothing to judge.

    Args:
        found: the object.
        known: its kind; None of what brings no Pods, a Namespace or a ControllerRevision.
    """
    yield from misfits(found, _OBJECT)
    metadata = fields.mapping(found, "metadata")
    yield from misfits(metadata, _METADATA, "metadata.")
    if isinstance(found.get("metadata"), Mapping) and not (metadata.get("name") or metadata.get("generateName")):
        yield Problem("metadata.name", f"is missing: expected {NAME.expected}")
    for index, owner in enumerate(fields.rows(metadata, "ownerReferences")):
        yield from misfits(owner, _OWNER, f"metadata.ownerReferences[{index}].")
    if known is not None:
        yield from _of_pods(found, known)
        yield from _of_status(fields.mapping(found, "status"))


def _of_pods(found: Mapping[str, Any], known: workloads.Workload) -> Iterator[Problem]:
    """Those of the way to the Pod, and of it."""
    here, path = found, ""
    for name in known.pod_spec[:-1]:
        if problem := next(misfits(here, {name: OBJECT.needed()}, path), None):
            yield problem
            return
        here, path = here[name], f"{path}{name}."
    # Of a Pod the metadata are those of the object.
    yield from (each for each in pod_fields.problems(here, path) if path or not each.path.startswith("metadata"))
    if path:
        spec = fields.mapping(found, "spec")
        yield from misfits(spec, {**_SPEC, **(_CRON_JOB if known.kind == "CronJob" else {})}, "spec.")


def _of_status(status: Mapping[str, Any]) -> Iterator[Problem]:
    yield from misfits(status, _STATUS, "status.")
    for name in (each for each in _STATUS if each.endswith("Statuses")):
        for index, each in enumerate(fields.rows(status, name)):
            yield from misfits(each, _CONTAINER_STATUS, f"status.{name}[{index}].")
