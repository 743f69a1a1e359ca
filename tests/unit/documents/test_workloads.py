from pathlib import Path

import pytest

from gatekeeper.documents import workloads

HOUSE = Path(workloads.__file__).parents[1]
TABLES = {"workloads.py", "kinds.rego"}
FILES = sorted(
    path
    for path in HOUSE.rglob("*")
    if path.suffix in {".py", ".rego"} and path.name not in TABLES and not path.name.endswith("_test.rego")
)


def test_kinds_are_those_of_kubernetes_that_bring_pods():
    assert {each.kind: ".".join(each.pod_spec) for each in workloads.KINDS} == {
        "Pod": "spec",
        "ReplicationController": "spec.template.spec",
        "ReplicaSet": "spec.template.spec",
        "Deployment": "spec.template.spec",
        "StatefulSet": "spec.template.spec",
        "DaemonSet": "spec.template.spec",
        "Job": "spec.template.spec",
        "CronJob": "spec.jobTemplate.spec.template.spec",
    }


def test_groups_and_resources_are_those_of_kubernetes():
    assert {f"{each.resource}.{each.group}" for each in workloads.KINDS} == {
        "pods.",
        "replicationcontrollers.",
        "replicasets.apps",
        "deployments.apps",
        "statefulsets.apps",
        "daemonsets.apps",
        "jobs.batch",
        "cronjobs.batch",
    }


def test_nothing_is_made_of_a_pod():
    assert set(workloads.BY_KIND) - workloads.MAKERS == {"Pod"}


@pytest.mark.parametrize("word", ["StatefulSet", "statefulsets", "jobTemplate", "initContainers"])
def test_kinds_and_their_places_are_listed_once(word):
    # Statuses have one name for each list of containers.
    found = [path.name for path in FILES if f'"{word}"' in path.read_text().replace('"initContainers": "init', "")]
    assert len(FILES) > 50
    assert found == []
