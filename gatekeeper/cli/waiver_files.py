"""Waivers as commands take them: files, written into the Constraints of the policies that they name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from gatekeeper.cli import output

if TYPE_CHECKING:
    from gatekeeper.translation.translate import Translation
    from gatekeeper.waivers.waiver import Waiver


def option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The option of every command that takes Waivers."""
    return click.option(
        "--waiver",
        "given_waivers",
        multiple=True,
        metavar="FILE|DIR",
        help="Waivers, which let pass for a time what policies deny that take them; `spec.from` says when one begins. "
        "May be repeated.",
    )(command)


def load(paths: Sequence[str]) -> list[Waiver]:
    """The Waivers of files.

    Raises:
        PolicyError: every problem of every file at once.
    """
    if not paths:
        return []
    from gatekeeper.waivers.reading import waivers_of  # noqa: PLC0415 - few commands are given any

    return waivers_of(paths)


def applied(
    translations: Sequence[Translation],
    waivers: Sequence[Waiver],
    now: int,
    absence: Callable[[str], str] | None = None,
) -> list[Translation]:
    """The policies with the Waivers that are for them; those that let nothing pass are named on standard error.

    Args:
        translations: the policies.
        waivers: as files have them.
        now: nanoseconds since 1970.
        absence: the clause about a policy that is not among them; see `idle.reasons`.
    """
    if not waivers:
        return list(translations)
    from gatekeeper.waivers import idle, limits  # noqa: PLC0415 - as above

    constraints = [made for each in translations for made in each.constraints]
    for each in waivers:
        for clause in idle.reasons(each, constraints, now, absence or idle.absence):
            output.warning(f"the Waiver {each.name}: {clause}")
    if len(waivers) > limits.MANY:
        output.warning(f"there are {len(waivers)} Waivers; with more than {limits.MANY} denials take noticeably longer")
    return [each.with_waivers(waivers) for each in translations]
