"""What cannot start in a namespace, for those whose workloads these are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import click

from gatekeeper.cli import output
from gatekeeper.cli.quotation import visible
from gatekeeper.denials.ledger.reports import moment
from gatekeeper.denials.lines.violation import known_reason
from gatekeeper.denials.reports.block_event import BlockNote
from provider.reasons import EXPLANATIONS

_HEADING: Final = ("SINCE", "LAST TRY", "WHAT", "IMAGE", "WHY", "WHAT TO DO", "WHOM TO ASK")
_NONE: Final = "-"
_NOTHING: Final = (
    "No Event in {} says that something is blocked. Either nothing is, or the controller does not write Events here; "
    "an Event is gone an hour after the last try."
)


def show(notes: Sequence[BlockNote], namespace: str, form: str) -> None:
    """Print the blocks, the newest last, and what it means that there are none."""
    ordered = sorted(notes, key=lambda note: note.touched)
    if form == "json":
        output.document({"blocks": [_document(note) for note in ordered]})
    elif form == "jsonl":
        for note in ordered:
            click.echo(json.dumps(_document(note), ensure_ascii=False))
    elif ordered:
        output.table([_HEADING, *map(_row, ordered)])
    if not ordered:
        output.notes([_NOTHING.format(namespace)])


def _row(note: BlockNote) -> tuple[str, ...]:
    workload = note.name.workload
    cells = (
        moment(note.opened) or _NONE,
        moment(note.touched) or _NONE,
        f"{workload.kind}/{workload.name}",
        note.name.image or _NONE,
        f"{note.reason}, policy {note.name.policy}" if note.reason else note.note,
        note.remedy or _NONE,
        _whom(note),
    )
    return tuple(map(visible, cells))


def _document(note: BlockNote) -> dict[str, Any]:
    workload = note.name.workload
    return {
        "since": moment(note.opened),
        "last": moment(note.touched),
        "denials": note.denials,
        "namespace": workload.namespace,
        "kind": workload.kind,
        "name": workload.name,
        "policy": note.name.policy,
        "image": note.name.image,
        "cause": note.cause,
        "reason": note.reason,
        "message": note.note,
        "remedy": note.remedy,
        "ref": note.ref,
        "ask": _whom(note),
    }


def _whom(note: BlockNote) -> str:
    """Who can fix it, by the reason; of a foreign template whoever wrote it."""
    reason = known_reason(note.reason)
    return str(EXPLANATIONS[reason].fault) if reason else f"whoever wrote the policy {note.name.policy}".strip()
