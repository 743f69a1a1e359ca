"""An inventory in a file: what `report --save-inventory` wrote, or objects as kubectl prints them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.documents import document, fields, workloads
from gatekeeper.documents.document import Document
from gatekeeper.documents.problems import DocumentError, Problem
from gatekeeper.freshness.inventory import limits, object_fields, recorded_fields
from gatekeeper.freshness.inventory.builder import CONTROLLER_REVISION, InventoryBuilder
from gatekeeper.freshness.inventory.inventory import ImageId, PodGroup, RunningWorkload, WorkloadInventory
from gatekeeper.freshness.inventory.pod_shape import ContainerImage, PodShape, images_of

VERSION: Final = 1
_VERSION_FIELD: Final = "inventoryVersion"
_PATH: Final = "workloads"


def to_json(inventory: WorkloadInventory) -> dict[str, Any]:
    """The form of the file: `{"inventoryVersion": 1, "taken", "namespaces", "shapes", "workloads", …}`.

    Each pod template stands in `shapes` once; workloads have its number.
    """
    shapes: dict[PodShape, int] = {}

    def number(shape: PodShape | None) -> int | None:
        return None if shape is None else shapes.setdefault(shape, len(shapes))

    rows = [
        {
            **{name: value for name, value in asdict(each).items() if name not in {"shape", "previous", "pods"}},
            "shape": number(each.shape),
            "previous": number(each.previous),
            "pods": [{**asdict(group), "shape": number(group.shape)} for group in each.pods],
        }
        for each in inventory.workloads
    ]
    return {
        _VERSION_FIELD: VERSION,
        "taken": inventory.taken,
        "teamLabel": inventory.team_label,
        "namespaces": {name: dict(labels) for name, labels in inventory.namespaces.items()},
        "shapes": [each.value for each in shapes],
        _PATH: rows,
        "problems": list(inventory.problems),
    }


def write(inventory: WorkloadInventory, path: Path) -> None:
    """Write it, for people and programs to read again.

    Raises:
        OSError: the file cannot be written.
    """
    text = json.dumps(to_json(inventory), indent=1, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")


def read(path: Path, now: int, team_label: str = "") -> WorkloadInventory:
    """An inventory from a file, or from standard input (`-`).

    Args:
        path: what `write` wrote; or Pods, workloads and Namespaces as `kubectl get … -A -o json|yaml` prints them.
        now: when it was taken, where the file does not say; nanoseconds since 1970.
        team_label: see `WorkloadInventory.team_label`; empty for what the file says.

    Raises:
        DocumentError: it cannot be read, or is neither; with file, path and value.
    """
    documents = document.read_documents([path], file_bytes=limits.FILE_BYTES)
    recorded = next((each for each in documents if _VERSION_FIELD in each.value), None)
    if recorded is None:
        return of_documents(documents, now, team_label)
    if len(documents) > 1:
        alone = f"is a recorded inventory, which stands alone, and there are {len(documents) - 1} documents beside it"
        raise DocumentError([recorded.locate(Problem("", alone, hint="name its file alone"))])
    return _of_json(recorded, team_label)


def of_documents(documents: Iterable[Document], now: int, team_label: str = "") -> WorkloadInventory:
    """An inventory of Pods, workloads and Namespaces; objects of other kinds are named among its problems.

    Raises:
        DocumentError: there is nothing in it that runs.
    """
    documents = list(documents)
    builder = InventoryBuilder(now, team_label)
    known = [each for each in documents if _kind(each) in workloads.BY_KIND or each.kind == CONTROLLER_REVISION]
    if not known:
        file = documents[0].file if documents else ""
        expected = "expected Pods or workloads, or what `bestbefore report --save-inventory` wrote"
        raise DocumentError([Problem("", f"holds nothing that runs: {expected}", file=file)])
    spaces = [each for each in documents if each.kind == "Namespace"]
    wrong = [
        each.locate(problem)
        for each in (*spaces, *known)
        for problem in object_fields.problems(each.value, workloads.BY_KIND.get(_kind(each)))
    ]
    if wrong:
        raise _refusal(wrong)
    for each in spaces:
        builder.add_namespace(each.value)
    once: dict[tuple[str, str, str, int], Document] = {}
    for number, each in enumerate(known):
        # What stands twice, as of two lists one after the other, runs once.
        before = once.get(_identity(each, number), each)
        if _images(before) != _images(each):
            what = f"{each.kind} {fields.text(each.value, 'metadata', 'namespace')}/{each.name}"
            builder.problems.append(f"{what} stands twice with different images: those that stand last count")
        once[_identity(each, number)] = each
    for each in sorted(once.values(), key=lambda one: one.kind == "Pod"):
        builder.add(each.value)
    others = sorted({_kind(each) for each in documents} - workloads.BY_KIND.keys() - {CONTROLLER_REVISION, "Namespace"})
    if others:
        named = ", ".join(each or "none at all" for each in others)
        builder.problems.append(f"objects of these kinds were passed over: {named}")
    return builder.inventory()


def _images(found: Document) -> list[ContainerImage]:
    known = workloads.BY_KIND.get(_kind(found))
    return list(images_of(fields.mapping(found.value, *known.pod_spec[:-1]))) if known else []


def _refusal(wrong: Sequence[Problem]) -> DocumentError:
    """The first problems, and how many more there are."""
    beyond = len(wrong) - limits.PROBLEMS
    more = [Problem("", f"has {beyond} more problems", file=wrong[0].file)] if beyond > 0 else []
    return DocumentError([*wrong[: limits.PROBLEMS], *more])


def _identity(found: Document, number: int) -> tuple[str, str, str, int]:
    """What an object is called; one without a name is another one each time."""
    name = fields.name(found.value)
    return _kind(found), fields.text(found.value, "metadata", "namespace"), name, 0 if name else number


def _kind(found: Document) -> str:
    return workloads.kind_of(found.kind, fields.text(found.value, "apiVersion"))


def _of_json(found: Document, team_label: str) -> WorkloadInventory:
    value = found.value
    if value[_VERSION_FIELD] != VERSION:
        hint = "`bestbefore report --save-inventory` of this version writes it anew"
        wrong_version = Problem(_VERSION_FIELD, f"is {value[_VERSION_FIELD]!r}, expected {VERSION}", hint=hint)
        raise DocumentError([found.locate(wrong_version)])
    if wrong := [found.locate(each) for each in recorded_fields.problems(value)]:
        raise _refusal(wrong)
    shapes = [PodShape.of_template(each) for each in value["shapes"]]
    rows = [_workload(row, shapes) for row in value[_PATH]]
    namespaces = {name: dict(labels) for name, labels in fields.mapping(value, "namespaces").items()}
    label = team_label or fields.text(value, "teamLabel")
    return WorkloadInventory(fields.number(value, "taken"), namespaces, rows, label, fields.texts(value, "problems"))


def _workload(row: Mapping[str, Any], shapes: Sequence[PodShape]) -> RunningWorkload:
    """One of them; its fields have their types."""

    def shape(number: int | None) -> PodShape | None:
        return None if number is None else shapes[number]

    name = row["name"]
    groups = [
        PodGroup(
            fields.text(each, "maker"),
            fields.text(each, "maker_name"),
            shapes[each["shape"]],
            tuple(ImageId(one["list"], one["name"], one["id"]) for one in each["ids"]),
            each["count"],
        )
        for each in fields.rows(row, "pods")
    ]
    return RunningWorkload(
        WorkloadName(name["namespace"], name["kind"], name["name"]),
        fields.text(row, "api_version"),
        fields.text(row, "uid"),
        shape(row.get("shape")),
        shape(row.get("previous")),
        fields.text(row, "revision"),
        tuple(groups),
        row.get("replicas"),
        fields.text(row, "schedule"),
        fields.text(row, "time_zone"),
        row.get("suspended") is True,
        row.get("finished") is True,
        fields.text(row, "current"),
        row.get("partitioned") is True,
        row.get("ran"),
        row.get("held") is True,
    )
