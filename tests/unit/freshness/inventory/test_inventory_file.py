"""An inventory of a file whose fields are of another shape than what was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.documents.problems import DocumentError
from gatekeeper.freshness.inventory import inventory_file
from gatekeeper.freshness.inventory.inventory import WorkloadInventory
from tests.unit.freshness.objects import owned, pod, spec, workload

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
        ({"replicas": "0"}, {}, "workloads[0].replicas: expected a whole number from 0 on or null, got '0'"),
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
        ({}, {"namespaces": {"shop": {"include": True}}}, "namespaces.shop: expected an object of texts, got {"),
        ({}, {"shapes": [{"metadata": {}}]}, "shapes[0].spec: is missing: expected an object"),
        ({}, {"shapes": [{"spec": {}}]}, "shapes[0].spec.containers: is missing: expected a list of at least one"),
        (
            {},
            {"shapes": [{"spec": {"containers": [{"name": "a", "image": 5}]}}]},
            "shapes[0].spec.containers[0].image: expected a text or null, got 5",
        ),
        (
            {"name": {"namespace": "shop", "kind": "Pod", "name": None}},
            {},
            "workloads[0].name.name: expected a name of 1 to 253 printable characters, got null",
        ),
        ({"name": {"namespace": "shop", "name": "web"}}, {}, "workloads[0].name.kind: is missing: expected a name"),
        ({"name": "web"}, {}, "workloads[0].name: expected an object, got 'web'"),
        ({"shape": 1}, {}, "workloads[0].shape: expected the number of one of the 1 shapes or null, got 1"),
        ({"previous": True}, {}, "workloads[0].previous: expected the number of one of the 1 shapes or null, got true"),
        (
            {"pods": [_group(shape=None)]},
            {},
            "workloads[0].pods[0].shape: expected the number of one of the 1 shapes, got null",
        ),
        ({"replicas": -1}, {}, "workloads[0].replicas: expected a whole number from 0 on or null, got -1"),
        ({"ran": "now"}, {}, "workloads[0].ran: expected nanoseconds since 1970 or null, got 'now'"),
        ({"uid": 5}, {}, "workloads[0].uid: expected a text, got 5"),
        (
            {"name": {"namespace": "shop", "kind": "Pod", "name": "a\nb"}},
            {},
            "workloads[0].name.name: expected a name of 1 to 253 printable characters, got 'a\\nb'",
        ),
        ({"suspend": True}, {}, "workloads[0].suspend: there is no such field; did you mean suspended?"),
        (
            {"pods": [_group(maker_nam="web-1")]},
            {},
            "workloads[0].pods[0].maker_nam: there is no such field; did you mean",
        ),
        (
            {"pods": [_group(ids=[{"list": "containers", "name": "app", "digest": "x"}])]},
            {},
            "pods[0].ids[0].id: is missing",
        ),
        ({}, {"namespace": {}}, "namespace: there is no such field; did you mean namespaces?"),
        ({}, {"shapes": [{**_SHAPE, "specs": {}}]}, "shapes[0].specs: there is no such field; did you mean spec?"),
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


def test_workload_that_stands_twice_is_refused_by_path(tmp_path: Path) -> None:
    """Its Pods would count twice."""
    rows = [
        {"name": {"namespace": "shop", "kind": "Deployment", "name": name}, "shape": 0} for name in ("web", "a", "web")
    ]
    with pytest.raises(DocumentError) as refused:
        _read(tmp_path, {}, {"workloads": rows})
    (problem,) = refused.value.problems
    assert "workloads[2].name: shop/Deployment/web stands at workloads[0], too: take one of them away" in str(problem)


def test_recorded_inventory_beside_other_documents_is_refused(tmp_path: Path) -> None:
    """It would be passed over as an object of no kind, and what runs with it."""
    _read(tmp_path, {}, {})
    (tmp_path / "pod.json").write_text(json.dumps(pod("a", spec("a"))), "utf-8")
    with pytest.raises(DocumentError, match=r"inventory\.json: is a recorded inventory, which stands alone"):
        inventory_file.read(tmp_path, 0)


def test_inventory_of_another_version_says_what_writes_it_anew(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"is 2, expected 1 .`bestbefore report --save-inventory`"):
        _read(tmp_path, {}, {"inventoryVersion": 2})


def test_of_many_problems_it_is_said_how_many_are_not_shown(tmp_path: Path) -> None:
    rows = [{"name": {"namespace": "shop", "kind": "Pod", "name": str(number)}, "uid": 5} for number in range(60)]
    with pytest.raises(DocumentError) as refused:
        _read(tmp_path, {}, {"workloads": rows})
    assert str(refused.value.problems[-1]).endswith("inventory.json: has 10 more problems")


def _listed(directory: Path, *objects: Any) -> WorkloadInventory:
    path = directory / "list.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}), "utf-8")
    return inventory_file.read(path, 0)


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        ({"kind": "Deployment", "metadata": {"name": "web"}}, "items[0].spec: is missing: expected an object"),
        ({"kind": "Deployment", "metadata": {"name": "web"}, "spec": {}}, "items[0].spec.template: is missing"),
        (
            {
                "kind": "Deployment",
                "metadata": {"name": "web"},
                "spec": {"template": {"spec": {"containers": "app:1"}}},
            },
            "items[0].spec.template.spec.containers: expected a list of at least one object, got 'app:1'",
        ),
        (
            workload("Deployment", "web", spec("a"), replicas="0"),
            "items[0].spec.replicas: expected a whole number from 0 on or null, got '0'",
        ),
        (
            workload("CronJob", "night", spec("a"), schedule=5),
            "items[0].spec.schedule: expected a text that is not empty, got 5",
        ),
        (workload("CronJob", "night", spec("a")), "items[0].spec.schedule: is missing"),
        (
            workload("CronJob", "night", spec("a"), schedule="@daily", suspend="true"),
            "items[0].spec.suspend: expected true or false or null, got 'true'",
        ),
        (
            pod("a", {"containers": [{"name": "app", "image": ["a"]}]}),
            "items[0].spec.containers[0].image: expected a text or null",
        ),
        ({**pod("a", spec("a")), "metadata": 7}, "items[0].metadata: expected an object, got 7"),
        ({**pod("a", spec("a")), "status": "Running"}, "items[0].status: expected an object or null, got 'Running'"),
        (
            pod("a\tb", spec("a")),
            "items[0].metadata.name: expected a name of at most 253 printable characters or null, got 'a\\tb'",
        ),
        (pod("n" * 254, spec("a")), "items[0].metadata.name: expected a name of at most 253"),
        (pod("", spec("a")), "items[0].metadata.name: is missing: expected a name of 1 to 253"),
        (
            {"kind": "Namespace", "metadata": {"name": "shop", "labels": {"include": True}}},
            "items[0].metadata.labels: expected an object of texts or null, got {'include': True}",
        ),
    ],
    ids=lambda value: value.partition(",")[0] if isinstance(value, str) else "",
)
def test_field_of_an_object_of_another_type_is_named(made: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    """Passed over, nothing of the object would be judged, or it would be judged as another one."""
    with pytest.raises(DocumentError) as refused:
        _listed(tmp_path, made, pod("other", spec("registry.test/app:1")))
    assert sentence in str(refused.value)


def test_fields_that_are_null_are_as_if_they_were_not_there(tmp_path: Path) -> None:
    its = pod("a", {**spec("registry.test/app:1"), "initContainers": None, "volumes": None}, labels=None)
    assert _listed(tmp_path, {**its, "status": None}).pods == 1


def test_object_that_stands_twice_with_other_images_is_said(tmp_path: Path) -> None:
    first, last = (
        workload("Deployment", "web", spec(image)) for image in ("registry.test/app:1", "registry.test/app:2")
    )
    found = _listed(tmp_path, first, last, pod("a", spec("b")), pod("a", spec("b")))
    assert found.problems == ("Deployment shop/web stands twice with different images: those that stand last count",)
    assert [each.text for each in found.workloads[0].shape.images] == ["registry.test/app:2"]


def test_revision_of_somebody_else_without_containers_can_be_written_and_read(tmp_path: Path) -> None:
    """Whoever makes ControllerRevisions of a kind of their own keeps in them what they like."""
    made = workload("StatefulSet", "db", spec("registry.test/db:1"))
    metadata = {"name": "db-1", "namespace": "shop", **owned("StatefulSet", "db")}
    data = {"spec": {"template": {"metadata": {}, "replicas": 3}}}
    revision = {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": metadata,
        "revision": 1,
        "data": data,
    }
    found = _listed(tmp_path, made, revision)
    inventory_file.write(found, tmp_path / "again.json")
    assert inventory_file.read(tmp_path / "again.json", 0) == found
