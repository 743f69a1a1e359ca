"""Deny lines as Gatekeeper writes them.

line(uid="u-1", reason="ImageTooOld")               # a whole line, as text
line(details=None, msg="eval_cancel_error: …")      # a template without a verdict
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from gatekeeper.denials.ledger.blocks import EndedBlock, WorkloadBlock
from gatekeeper.denials.ledger.reports import Denial
from gatekeeper.denials.lines.violation import NoVerdict
from tests.simulators.clock import EPOCH

CONTROLLER: Final = "system:serviceaccount:kube-system:replicaset-controller"
_OURS: Final = object()


class Witness:
    """Implements `DenialReports`: remembers what it was told."""

    def __init__(self) -> None:
        self.denials: list[Denial] = []
        self.no_verdicts: list[NoVerdict] = []
        self.opened: list[WorkloadBlock] = []
        self.ended: list[EndedBlock] = []

    def denial(self, denial: Denial) -> None:
        self.denials.append(denial)

    def no_verdict(self, line: NoVerdict) -> None:
        self.no_verdicts.append(line)

    def block_opened(self, block: WorkloadBlock) -> None:
        self.opened.append(block)

    def block_ended(self, ended: EndedBlock) -> None:
        self.ended.append(ended)


def details(uid: str = "u-1", **changes: Any) -> dict[str, Any]:
    """The details of one of our templates; `dry_run=None` leaves it out."""
    request = {"uid": uid, "operation": "CREATE", "dryRun": changes.pop("dry_run", False)}
    return {
        "policy": "MaximumImageAge",
        "image": "registry.example.com/shop/web:1.4",
        "path": "spec.containers[0].image",
        "reason": "ImageTooOld",
        "said": "Image is 45 days old, 30 days are allowed.",
        "digest": "sha256:9f86",
        "created": "2026-01-02T00:00:00Z",
        "ref": "9fa3b115b4d0",
        "remedy": "Rebuild it, or move to a newer tag.",
        "question": '{"image":"registry.example.com/shop/web:1.4","v":1}',
        "actor": "controller",
        "owner": {"kind": "ReplicaSet", "name": "web-6d5f"},
        "request": {name: value for name, value in request.items() if value is not None},
        **changes,
    }


def document(of: Mapping[str, Any] | object | None = _OURS, **changes: Any) -> dict[str, Any]:
    """What one line says, with these details or else those of one of our templates."""
    return {
        "level": "info",
        "ts": EPOCH,
        "logger": "webhook",
        "msg": "denied admission: Image is 45 days old.",
        "hookType": "validation",
        "semantic": "true",
        "process": "admission",
        "details": details() if of is _OURS else of,
        "event_type": "violation",
        "constraint_name": "maximum-image-age",
        "constraint_group": "constraints.gatekeeper.sh",
        "constraint_api_version": "v1beta1",
        "constraint_kind": "MaximumImageAge",
        "constraint_action": "deny",
        "constraint_enforcement_actions": [],
        "resource_group": "",
        "resource_api_version": "v1",
        "resource_kind": "Pod",
        "resource_namespace": "shop",
        "resource_name": "web-6d5f-x7k2p",
        "request_username": CONTROLLER,
        **changes,
    }


def text(of: Mapping[str, Any] | object | None = _OURS, **changes: Any) -> str:
    """One line of Gatekeeper's JSON encoder."""
    return json.dumps(document(of, **changes), separators=(",", ":"), ensure_ascii=False)
