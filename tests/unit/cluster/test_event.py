"""The Kubernetes Event as we write it: always what the API server takes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gatekeeper.cluster.event import NOTE_BYTES, EventText, name_of

# As the API server has it for objects: RFC 1123 subdomains.
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def text(**more: Any) -> EventText:
    fields: dict[str, Any] = {
        "name": "web.1",
        "namespace": "shop",
        "regarding": {"kind": "Deployment", "name": "web", "uid": ""},
        "reason": "ImageExpired",
        "action": "Forecast",
        "note": "It is denied.",
        "is_warning": True,
    }
    return EventText(**{**fields, **more})


def test_event_has_what_the_api_server_wants_and_nothing_empty() -> None:
    assert text(annotations={"policy": "age", "team": ""}).body(1.5, "control-0") == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "web.1", "namespace": "shop", "annotations": {"bestbefore.dev/policy": "age"}},
        "eventTime": "1970-01-01T00:00:01.500000Z",
        "type": "Warning",
        "reason": "ImageExpired",
        "action": "Forecast",
        "reportingController": "bestbefore.dev/controller",
        "reportingInstance": "control-0",
        "regarding": {"kind": "Deployment", "name": "web"},
        "note": "It is denied.",
    }


def test_what_is_normal_without_annotations_and_whose_pod_has_no_name() -> None:
    body = text(is_warning=False).body(0.0, "")
    assert (body["type"], body["reportingInstance"]) == ("Normal", "bestbefore")
    assert "annotations" not in body["metadata"]


@pytest.mark.parametrize("note", ["a" * 2000, "ä" * 1000, "日" * 900], ids=["one-byte", "two-bytes", "three-bytes"])
def test_note_is_cut_at_a_whole_character(note: str) -> None:
    found = text(note=note).body(0.0, "pod")["note"]
    assert NOTE_BYTES - 8 < len(found.encode()) <= NOTE_BYTES
    assert found.endswith("…")


@pytest.mark.parametrize(
    "about", ["web", "system:node", "Web.Example.COM", "-a-.-b-", "...", "x" * 300, "ä"], ids=range(7)
)
def test_name_is_one_that_an_event_may_have(about: str) -> None:
    found = name_of(about, "0a1b2c")
    assert _NAME.fullmatch(found)
    assert len(found) <= 253
    assert found.endswith(".0a1b2c")
