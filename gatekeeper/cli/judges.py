"""The Constraint that judged a denial, among policies as commands take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from gatekeeper.cli import constraints, policy_files
from gatekeeper.denials.capsules.capsule import CapsulePolicy
from gatekeeper.denials.lines.violation import ConstraintName
from gatekeeper.evaluation.opa import Opa
from gatekeeper.evaluation.program import Template


def find(
    paths: Sequence[str], config_maps: Sequence[str], secrets: Sequence[str], engine: Opa, wanted: ConstraintName
) -> CapsulePolicy:
    """The Constraint of this name, or the only one there is.

    Raises:
        PolicyError: every problem of every file at once.
        NoVerdictError: the engine could not be run.
        click.UsageError: there are several, and none of this name.
    """
    loaded = policy_files.load(paths, config_maps, secrets, with_constraints=True)
    translated = policy_files.translated(loaded, "allow", engine, engine)
    installed, _ = constraints.translations(loaded, engine)
    found = [(each.template, made) for each in (*translated, *installed) for made in each.constraints]
    named = [each for each in found if _name(each[1]) == wanted]
    judging = named or [each for each in found if each[1]["spec"]["parameters"].get("reports") != "warn"]
    if len(judging) != 1:
        names = ", ".join(f"{_name(made).kind} {_name(made).name}" for _, made in found) or "none"
        raise click.UsageError(
            f"--policy: there is no {wanted.kind} {wanted.name}, and not one Constraint alone: {names}"
        )
    template, made = judging[0]
    return CapsulePolicy(_name(made), Template.of(template), dict(made["spec"]["parameters"]))


def _name(made: Any) -> ConstraintName:  # noqa: ANN401 - a Constraint
    return ConstraintName(str(made["kind"]), str(made["metadata"]["name"]))
