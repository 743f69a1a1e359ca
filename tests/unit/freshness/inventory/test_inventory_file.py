"""An inventory of a file whose fields are of another shape than what was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.documents.problems import DocumentError
from gatekeeper.freshness.inventory import inventory_file

_SHAPE = {"metadata": {}, "spec": {"containers": [{"name": "app", "image": "registry.test/app:1"}]}}


def _group(**changes: Any) -> dict[str, Any]:
    return {"maker": "ReplicaSet", "maker_name": "web-1", "shape": 0, "ids": [], "count": 2, **changes}


def _read(directory: Path, row: dict[str, Any], top: dict[str, Any]) -> None:
    name = {"namespace": "shop", "kind": "Deployment", "name": "web"}
    workload = {"name": name, "shape": 0, "pods": [_group()], **row}
    whole = {"inventoryVersion": 1, "namespaces": {}, "shapes": [_SHAPE], "workloads": [workload], **top}
    (directory / "inventory.json").write_text(json.dumps(whole), "utf-8")
    inventory_file.read(directory / "inventory.json", 0)


def test_as_it_was_written_it_is_read(tmp_path: Path) -> None:
    _read(tmp_path, {}, {})


@pytest.mark.parametrize(
    ("row", "top", "sentence"),
    [
        ({"suspended": "true"}, {}, "workloads[0].suspended: expected true or false, got 'true'"),
        ({"schedule": 5}, {}, "workloads[0].schedule: expected a text, got 5"),
        ({"replicas": "0"}, {}, "workloads[0].replicas: expected a whole number or null, got '0'"),
        ({"pods": {"a": 1}}, {}, "workloads[0].pods: expected a list of objects, got {'a': 1}"),
        ({"pods": [1]}, {}, "workloads[0].pods: expected a list of objects, got [1]"),
        ({"pods": [_group(count=-5)]}, {}, "workloads[0].pods[0].count: expected a whole number from 1 to "),
        ({"pods": [_group(count=True)]}, {}, "workloads[0].pods[0].count: expected a whole number from 1 to "),
        ({"pods": [_group(ids="abc")]}, {}, "workloads[0].pods[0].ids: expected a list of objects, got 'abc'"),
        ({}, {"shapes": [None, _SHAPE]}, "shapes: expected a list of objects, got [None, "),
        (
            {},
            {"namespaces": ["shop"]},
            "namespaces: expected an object with the labels of each namespace, got ['shop']",
        ),
        ({}, {"taken": "now"}, "taken: expected nanoseconds since 1970, got 'now'"),
    ],
    ids=lambda value: value.partition(", got")[0] if isinstance(value, str) else "",
)
def test_field_of_another_shape_is_named(
    row: dict[str, Any], top: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    """Passed over, it would be judged as if it were not there: of shapes one too few makes other images run."""
    with pytest.raises(DocumentError) as refused:
        _read(tmp_path, row, top)
    assert any(
        f"{tmp_path / 'inventory.json'}" in str(each) and sentence in str(each) for each in refused.value.problems
    )
