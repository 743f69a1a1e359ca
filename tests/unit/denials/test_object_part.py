"""What a capsule may hold of an object: the places that are read, and never what programs are started with."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.denials.capsules import object_part
from gatekeeper.denials.capsules.object_reads import Path, always

_SECRET = "pa55word"


def _pod(**container: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "web",
            "labels": {"env": "prod", "args": "none", "annotations": "few"},
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": _SECRET},
            "managedFields": [{"manager": _SECRET}],
        },
        "spec": {
            "nodeSelector": {"env": "prod"},
            "os": {"name": "linux"},
            "containers": [{"name": "a", "image": "one:1", **container}, {"name": "b", "image": "two:1"}],
        },
    }


_FULL = _pod(
    env=[{"name": "TOKEN", "value": _SECRET}],
    envFrom=[{"secretRef": {"name": _SECRET}}],
    args=[_SECRET],
    command=["sh", "-c", _SECRET],
    lifecycle={"preStop": {"exec": {"command": [_SECRET]}}},
    livenessProbe={"exec": {"command": [_SECRET]}},
    securityContext={"runAsUser": 1},
)


def test_places_that_are_read_are_held_and_no_others() -> None:
    paths: list[Path] = [("metadata", "name"), ("spec", "containers", "*", "image"), ("spec", "os")]
    assert object_part.of(_FULL, paths).value == {
        "metadata": {"name": "web"},
        "spec": {"containers": [{"image": "one:1"}, {"image": "two:1"}], "os": {"name": "linux"}},
    }


def test_item_stays_at_its_place_in_its_list() -> None:
    part = object_part.of(_FULL, [("spec", "containers", "1", "image")])
    assert part.value == {"spec": {"containers": [{}, {"image": "two:1"}]}}


def test_what_every_review_has_names_no_secret() -> None:
    part = object_part.of(_FULL, always("Pod"))
    assert _SECRET not in json.dumps(part.value)
    assert part.withheld == []
    assert part.value["spec"]["containers"] == [{"name": "a", "image": "one:1"}, {"name": "b", "image": "two:1"}]


def test_what_a_program_is_started_with_is_never_held_and_named() -> None:
    part = object_part.of(_FULL, [("spec",), ("metadata",)])
    assert _SECRET not in json.dumps(part.value)
    assert sorted(part.withheld) == [
        "metadata.annotations",
        "metadata.managedFields",
        "spec.containers[0].args",
        "spec.containers[0].command",
        "spec.containers[0].env",
        "spec.containers[0].envFrom",
        "spec.containers[0].lifecycle.preStop.exec.command",
        "spec.containers[0].livenessProbe.exec.command",
    ]


def test_people_s_own_words_are_no_secrets() -> None:
    part = object_part.of(_FULL, [("spec",), ("metadata",)])
    assert part.value["metadata"]["labels"] == {"env": "prod", "args": "none", "annotations": "few"}
    assert part.value["spec"]["nodeSelector"] == {"env": "prod"}


def test_place_that_is_read_by_its_name_is_not_held_either() -> None:
    part = object_part.of(_FULL, [("spec", "containers", "*", "env", "*", "value"), ("metadata", "annotations", "a")])
    assert _SECRET not in json.dumps(part.value)
    assert part.withheld == ["metadata.annotations", "spec.containers[0].env"]


def test_value_above_a_place_is_not_held() -> None:
    assert object_part.of(_FULL, [("spec", "os", "name", "deeper")]).value == {"spec": {"os": {"name": {}}}}


def test_number_of_named_places_is_bounded() -> None:
    many = {"spec": {"containers": [{"env": []} for _ in range(1000)]}}
    assert len(object_part.of(many, [("spec",)]).withheld) == 20


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["env", "args", "spec", "containers", "image", "metadata", "a"]), inner)
    ),
    max_leaves=20,
)


@given(_JSON, st.lists(st.lists(st.sampled_from(["env", "spec", "containers", "*", "image", "a"]), min_size=1)))
def test_no_path_brings_out_what_is_never_held(value: Any, paths: list[list[str]]) -> None:
    part = object_part.of({"spec": value}, [tuple(path) for path in paths])
    assert not _has(part.value, {"env", "envFrom", "args", "command"})


def _has(value: Any, names: set[str]) -> bool:
    if isinstance(value, dict):
        return bool(names & value.keys()) or any(_has(each, names) for each in value.values())
    return isinstance(value, list) and any(_has(each, names) for each in value)
