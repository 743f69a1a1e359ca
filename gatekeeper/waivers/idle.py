"""Waivers that can let nothing pass, and why: what nobody says is taken for a yes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gatekeeper.documents import fields
from gatekeeper.waivers import limits
from gatekeeper.waivers.waiver import ALL_POLICIES, SECOND, Waiver


def lets_pass(waiver: Waiver, constraints: Sequence[Mapping[str, Any]], now: int) -> bool:
    """Whether a Waiver holds now for one of its policies at least; see `reasons`."""
    if not waiver.start < waiver.end or waiver.end <= now or not waiver.has_begun(now):
        return False
    terms = _terms(constraints)
    named = terms if ALL_POLICIES in waiver.policies else terms.keys() & set(waiver.policies)
    return any(
        each.get("allowed") is True and not _too_long(waiver, policy, each)
        for policy in named
        for each in terms[policy]
    )


def absence(policy: str) -> str:
    """What to say of a policy that is not there."""
    return f"there is no policy {policy}"


def reasons(
    waiver: Waiver,
    constraints: Sequence[Mapping[str, Any]],
    now: int,
    absence: Callable[[str], str] = absence,
) -> Iterator[str]:
    """Why a Waiver lets nothing pass, wholly or for one of its policies; a clause each.

    Args:
        waiver: as people wrote it.
        constraints: those of all policies there are.
        now: nanoseconds since 1970.
        absence: the clause about a policy that is not among them.
    """
    if waiver.end <= now:
        yield f"it ended on {waiver.until}"
    elif not waiver.has_begun(now):
        yield f"it does not hold before {waiver.since}"
    terms = _terms(constraints)
    if ALL_POLICIES in waiver.policies and not any(map(_takes_some, terms.values())):
        yield "no policy takes Waivers"
    for policy in (each for each in waiver.policies if each != ALL_POLICIES):
        if policy not in terms:
            yield absence(policy)
        elif not _takes_some(terms[policy]):
            yield f"the policy {policy} takes no Waivers"
        elif len(terms[policy]) > 1:
            yield (
                f"the Constraints with the name {policy} do not say the same of Waivers (`waivers`), so that one may "
                "let pass what another denies, or lets pass without a word"
            )
        elif sentence := _too_long(waiver, policy, terms[policy][0]):
            yield sentence


def _too_long(waiver: Waiver, policy: str, terms: Mapping[str, Any]) -> str:
    lasts = waiver.end - waiver.start
    if waiver.break_glass:
        return "it lasts more than 24 hours" if lasts > limits.BREAK_GLASS * SECOND else ""
    most = fields.number(terms, "maxDays") or limits.DAYS
    return (
        f"it lasts more than the {most} days that the policy {policy} allows"
        if lasts > most * limits.DAY * SECOND
        else ""
    )


def _takes_some(terms: Sequence[Mapping[str, Any]]) -> bool:
    return any(each.get("allowed") is True for each in terms)


def _terms(constraints: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """What each policy says of Waivers, by its name: once, if its Constraints agree."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for each in constraints:
        if name := fields.text(each, "spec", "parameters", "name"):
            said = fields.mapping(each, "spec", "parameters", "waivers")
            if said not in found.setdefault(name, []):
                found[name].append(said)
    return found
