"""Forms of what `policies` prints: a table, or one JSON object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from gatekeeper.cli import output
from gatekeeper.cli.quotation import visible
from gatekeeper.reconciliation.status import IN_FORCE_STATES, PolicyStatus

_HEADING: Final = ("POLICY", "STATE", "ACTION", "PODS", "CHANGED", "WHY")
_NONE: Final = "-"
_UNKNOWN: Final = "unknown"
_UNSEEN: Final = "no controller has looked at it: is there one, and is its setting `policies` on?"
_NOTHING: Final = "There is no policy, so none of ours keeps an image out."


@dataclass(frozen=True)
class PolicyLine:
    """A policy, as far as it is known.

    Attributes:
        name: its name.
        status: what the controller said of it; None where it said nothing.
        generation: of its object; 0 where there is none, or it cannot be read.
    """

    name: str
    status: PolicyStatus | None
    generation: int

    @property
    def held(self) -> bool:
        """Whether it is in force without an object, until a person says that it may end."""
        return self.status is not None and self.status.held

    @property
    def overtaken(self) -> bool:
        """Whether what was said is about an earlier text."""
        return self.status is not None and 0 < self.status.generation < self.generation

    @property
    def as_written(self) -> bool:
        """Whether its present text is in force in every Pod of Gatekeeper."""
        return self.status is not None and self.status.state in IN_FORCE_STATES and not self.overtaken

    @property
    def why(self) -> str:
        """Why it does what it does, for people."""
        if self.status is None or not self.status.state:
            return _UNSEEN
        if self.overtaken:
            return f"generation {self.generation} is not looked at yet; before: {self.status.message}"
        return self.status.message


def show(lines: Sequence[PolicyLine], form: str) -> None:
    """Print the policies."""
    if form == "json":
        output.document({"policies": [_document(each) for each in lines]})
    elif lines:
        output.table([_HEADING, *map(_row, lines)])
    else:
        click.echo(_NOTHING)


def show_accepted(names: Sequence[str], form: str) -> None:
    """Print of which policies the end was accepted."""
    if form == "json":
        output.document({"accepted": list(names)})
        return
    for name in names:
        click.echo(f"{visible(name)}: its end is accepted; the controller removes what is in force")
    if not names:
        click.echo("No policy is held.")


def _row(line: PolicyLine) -> tuple[str, ...]:
    found = line.status
    cells = (
        line.name,
        (found.state if found else "") or _UNKNOWN,
        ",".join(found.actions) if found else "",
        f"{found.enforced}/{found.pods}" if found else "",
        found.changed if found else "",
        line.why,
    )
    return tuple(visible(cell) or _NONE for cell in cells)


def _document(line: PolicyLine) -> dict[str, Any]:
    found = line.status
    return {
        "name": line.name,
        "state": (found.state if found else "") or _UNKNOWN,
        "as_written": line.as_written,
        "reason": found.reason if found else "",
        "why": line.why,
        "generation": line.generation,
        "observed_generation": found.generation if found else 0,
        "uid": found.uid if found else "",
        "actions": list(found.actions) if found else [],
        "pods": {"enforced": found.enforced if found else 0, "total": found.pods if found else 0},
        "images": list(found.images) if found else [],
        "changed": found.changed if found else "",
    }
