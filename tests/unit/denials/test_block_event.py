"""The Event about a block says what its owners need, and is read back as it was written."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.cluster.event import CONTROLLER
from gatekeeper.denials.ledger.blocks import BlockName, WorkloadBlock
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.lines.actor import Actor
from gatekeeper.denials.reports import block_event
from provider.reasons import BlockCause
from tests.simulators.clock import EPOCH

_BLOCK = WorkloadBlock(
    name=BlockName(
        WorkloadName("shop", "ReplicaSet", "web-6d5f"), "MaximumImageAge", "registry.example.com/shop/web:1.4"
    ),
    cause=BlockCause.POLICY,
    actor=Actor.CONTROLLER,
    user="system:serviceaccount:kube-system:replicaset-controller",
    reason="ImageTooOld",
    message="Image is 45 days old.",
    remedy="Rebuild it, or move to a newer tag.",
    ref="9fa3b115b4d0",
    opened=EPOCH,
    touched=EPOCH + 60,
    denials=7,
)


def test_event_says_what_is_blocked_why_and_what_to_do() -> None:
    event = block_event.new_event(_BLOCK, "bestbefore-controller-0", uid="u-9")
    assert event["regarding"] == {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "namespace": "shop",
        "name": "web-6d5f",
        "uid": "u-9",
    }
    assert event["note"] == (
        "ReplicaSet web-6d5f is blocked since 2026-11-24 22:40 UTC by policy MaximumImageAge. "
        "ImageTooOld: registry.example.com/shop/web:1.4. Rebuild it, or move to a newer tag. "
        "Who can fix it: the image's publisher. ref 9fa3b115b4d0"
    )
    assert event["reason"] == "ImageTooOld"
    assert event["metadata"]["namespace"] == "shop"
    assert event["eventTime"] == "2026-11-24T22:40:00.000000Z"


def test_event_is_read_back_as_it_was_written() -> None:
    found = block_event.read(block_event.renewed_event(block_event.new_event(_BLOCK, "pod"), _BLOCK))
    assert found is not None
    assert (
        found.name,
        found.cause,
        found.reason,
        found.remedy,
        found.ref,
        found.opened,
        found.touched,
        found.denials,
    ) == (
        _BLOCK.name,
        _BLOCK.cause,
        _BLOCK.reason,
        _BLOCK.remedy,
        _BLOCK.ref,
        EPOCH,
        EPOCH + 60,
        7,
    )


def test_one_block_has_one_name_and_another_block_another() -> None:
    other = replace(_BLOCK.name, image="other:1")
    assert block_event.event_name(_BLOCK.name) == block_event.event_name(replace(_BLOCK.name))
    assert block_event.event_name(_BLOCK.name) != block_event.event_name(other)
    long = replace(_BLOCK.name, workload=WorkloadName("shop", "ReplicaSet", "x" * 253))
    assert len(block_event.event_name(long)) == 253


def test_object_in_no_namespace_has_its_event_in_default() -> None:
    block = replace(_BLOCK, name=replace(_BLOCK.name, workload=WorkloadName("", "Node", "n1")))
    event = block_event.new_event(block, "pod")
    assert (event["metadata"]["namespace"], event["regarding"]) == ("default", {"kind": "Node", "name": "n1"})


def test_foreign_template_is_quoted_and_has_a_reason_of_its_own() -> None:
    name = replace(_BLOCK.name, policy="tags", image="")
    block = replace(_BLOCK, name=name, reason="", remedy="", ref="", message="no\nlatest tags")
    event = block_event.new_event(block, "pod")
    assert event["note"] == "ReplicaSet web-6d5f is blocked since 2026-11-24 22:40 UTC by policy tags. no latest tags"
    assert event["reason"] == "Denied"


def test_webhook_without_a_verdict_is_named_so() -> None:
    name = replace(_BLOCK.name, policy="", image="")
    event = block_event.new_event(replace(_BLOCK, name=name, cause=BlockCause.WEBHOOK, reason=""), "pod")
    assert event["reason"] == "NoVerdict"
    assert "no verdict in time" in event["note"]


@given(st.text(max_size=3000), st.text(max_size=3000), st.text(max_size=300))
def test_event_is_within_the_bounds_of_the_api_server_whatever_it_is_about(
    message: str, image: str, reason: str
) -> None:
    message = message.encode(errors="replace").decode()
    name = replace(_BLOCK.name, policy=message[:253], image=image.encode(errors="replace").decode())
    event = block_event.new_event(replace(_BLOCK, message=message, remedy=message, reason=reason, name=name), "x" * 500)
    assert len(event["note"].encode()) <= 1024
    assert "\n" not in event["note"]
    assert 0 < len(event["reason"]) <= 128
    assert len(event["reportingInstance"]) <= 128


_json: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner, max_size=2)
)


@given(st.dictionaries(st.sampled_from(["regarding", "metadata", "series", "note", "eventTime"]), _json))
def test_event_of_any_shape_is_read(fields: dict[str, Any]) -> None:
    block_event.read({"reportingController": CONTROLLER, "action": "Admission"} | fields)


def test_events_of_others_are_none_of_ours() -> None:
    assert block_event.read({"reportingController": "kubelet", "reason": "ImageTooOld"}) is None
    assert block_event.read({}) is None


@pytest.mark.parametrize(
    "name",
    ["web", "system:node", "", "..", "a..b", "a.-b", "a.:b", "A B", "x" * 300, "-.-", "\u00e9", "x" * 235 + "..y"],
)
def test_event_of_any_object_has_a_name_that_the_api_server_accepts(name: str) -> None:
    block = BlockName(WorkloadName("shop", "ClusterRole", name), "policy", "image")
    found = block_event.event_name(block)
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", found, re.ASCII)
    assert len(found) <= 253
