"""What became of a request that we would have denied, by what the cluster shows."""

from __future__ import annotations

import pytest

from gatekeeper.comparison import fate
from gatekeeper.comparison.fate import Fate
from gatekeeper.comparison.sighting import ChildPod, ObjectSighting, StoredObject
from gatekeeper.denials.reports.summary import DenialEntry
from tests.simulators.clock import EPOCH
from tests.simulators.denials import details
from tests.unit.comparison.entries import entry

IMAGE = "registry.example.com/shop/web:1.4"


def of(seen: ObjectSighting, of_entry: DenialEntry | None = None) -> Fate:
    return fate.of(of_entry or entry(), seen)[0]


def pod(created: float, kind: str = "ReplicaSet", image: str = IMAGE) -> ChildPod:
    return ChildPod("shop", kind, "web-6d5f", created, frozenset({image}))


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        (EPOCH, Fate.ADMITTED),
        (EPOCH - 1, Fate.ADMITTED),
        # Somebody else's of this name: it was there before, or came later.
        (EPOCH - 60, Fate.UNCLEAR),
        (EPOCH + 60, Fate.UNCLEAR),
    ],
)
def test_object_that_was_made_at_that_moment_was_admitted(created, expected):
    assert of(ObjectSighting(StoredObject(created))) is expected


def test_object_that_is_not_there_is_no_yes_and_no_no():
    found, why = fate.of(entry(), ObjectSighting())
    assert found is Fate.ABSENT
    assert "or it has ended" in why


def test_what_nobody_looked_at_is_said_to_be_so():
    assert fate.of(entry(), ObjectSighting(problem="get pods: 403")) == (Fate.UNSEEN, "get pods: 403")


def test_pod_that_its_owner_made_since_was_admitted_whatever_its_name():
    assert of(ObjectSighting(None, (pod(EPOCH + 900),))) is Fate.ADMITTED
    # Its time has no fractions, and is that of another clock.
    assert of(ObjectSighting(None, (pod(EPOCH - 1),))) is Fate.ADMITTED
    assert of(ObjectSighting(None, (pod(EPOCH - 900),))) is Fate.ABSENT


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (IMAGE, Fate.ADMITTED),
        # As policy-controller writes a tag.
        (f"{IMAGE}@sha256:{'0' * 64}", Fate.ADMITTED),
        ("registry.example.com/shop/web:1.5", Fate.ABSENT),
    ],
)
def test_owner_whose_pods_change_counts_only_with_the_same_image(image, expected):
    assert of(ObjectSighting(None, (pod(EPOCH + 900, "StatefulSet", image),))) is expected


@pytest.mark.parametrize(("written", "expected"), [(EPOCH + 1, Fate.ADMITTED), (EPOCH - 90, Fate.UNCLEAR)])
def test_update_was_admitted_where_the_object_was_written_at_that_moment(written, expected):
    update = entry(details(request={"uid": "u", "operation": "UPDATE", "dryRun": False}))
    assert of(ObjectSighting(StoredObject(EPOCH - 9000, (written,))), update) is expected


def test_creation_is_not_taken_for_a_later_change_of_an_object_that_was_there():
    assert of(ObjectSighting(StoredObject(EPOCH - 9000, (EPOCH,)))) is Fate.UNCLEAR


def test_time_of_a_status_is_no_change_of_the_object():
    managed = [
        {"time": "2026-11-24T22:40:00Z", "manager": "kubectl"},
        {"time": "2026-11-24T22:41:00Z", "manager": "kubelet", "subresource": "status"},
        {"manager": "somebody"},
    ]
    found = StoredObject.of({"metadata": {"creationTimestamp": "2026-11-24T20:00:00Z", "managedFields": managed}})
    assert len(found.written) == 1
