"""Forms of what `waivers` prints: a table, or one JSON object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import click

from gatekeeper.cli import output
from gatekeeper.cli.quotation import visible
from gatekeeper.documents import fields
from gatekeeper.waivers.state import WaiverState

_HEADING: Final = ("WAIVER", "STATE", "UNTIL", "OWNER", "POLICIES", "NAMESPACES", "IMAGES", "LAST USED", "LOOK AT")
_NOTHING: Final = "There is no Waiver."
_NONE: Final = "-"

_Row: TypeAlias = tuple[WaiverState, Mapping[str, Any]]


def show(rows: Sequence[_Row], form: str) -> None:
    """Print the Waivers, the one that ends first at the top."""
    ordered = sorted(rows, key=lambda row: (row[0].waiver.end if row[0].waiver else 0, row[0].name))
    if form == "json":
        output.document({"waivers": [_document(*row) for row in ordered]})
    elif ordered:
        output.table([_HEADING, *(_row(*row) for row in ordered)])
    else:
        click.echo(_NOTHING)


def remarks(state: WaiverState) -> list[str]:
    """Why somebody should look at a Waiver; nothing where nobody need."""
    found = list(state.why)
    if state.emergency:
        found.append("it is for an emergency")
    if state.ending and not state.emergency:
        found.append("it ends within 14 days")
    return found


def _row(state: WaiverState, there: Mapping[str, Any]) -> tuple[str, ...]:
    made, look_at = state.waiver, "; ".join(remarks(state)) or _NONE
    used = fields.text(there, "status", "lastUsedDate") or _NONE
    says = (
        ("", "", (), (), ()) if made is None else (made.until, made.owner, made.policies, made.namespaces, made.images)
    )
    until, owner, *lists = says
    texts = (state.name, _word(state, there), until, owner, *map(", ".join, lists), used, look_at)
    return tuple(visible(each) or _NONE for each in texts)


def _word(state: WaiverState, there: Mapping[str, Any]) -> str:
    """Whether it is in use is the controller's to say; of a file nobody knows."""
    if state.word != "unused":
        return state.word
    said = {each.get("type"): each.get("status") for each in fields.rows(there, "status", "conditions")}
    return "in_use" if said.get("InUse") == "True" else state.word


def _document(state: WaiverState, there: Mapping[str, Any]) -> dict[str, Any]:
    made = state.waiver
    found: dict[str, Any] = {"name": state.name, "state": _word(state, there), "lookAt": remarks(state)}
    if made is not None:
        found |= {name: value for name, value in made.entry().items() if name != "name"}
    return {
        **found,
        "lastUsedDate": fields.text(there, "status", "lastUsedDate"),
        "workloads": list(fields.texts(there, "status", "workloads")),
    }
