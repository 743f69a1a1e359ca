"""What was read, or why it was not: no check takes silence for health."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from gatekeeper.doctor.checks import Check
from gatekeeper.doctor.finding import DoctorFinding, FindingSeverity

T = TypeVar("T")


@dataclass(frozen=True)
class ReadFailure:
    """Something was not read.

    Attributes:
        subject: what, as `Providers`.
        why: one sentence.
        elsewhere: whether it cannot be read from here by nature (the cluster's network, from outside); then nothing is
            wrong, but nothing was seen either.
        away: whether the API server itself gave no answer.
    """

    subject: str
    why: str
    elsewhere: bool = False
    away: bool = False


Reading: TypeAlias = T | ReadFailure


def not_judged(check: Check, failure: ReadFailure, remedy: str = "") -> DoctorFinding:
    """The finding that a check could not be made."""
    severity = FindingSeverity.INFO if failure.elsewhere else FindingSeverity.WARNING
    return DoctorFinding(
        check, severity, failure.subject, f"not judged: {failure.why}", remedy or _remedy(failure), judged=False
    )


def _remedy(failure: ReadFailure) -> str:
    if failure.elsewhere:
        return "Run `bestbefore doctor` in the cluster (`helm test`)."
    if failure.away:
        return "See whether the API server is there, and can be reached from here."
    return "Give the right, or open the way, to read it; the page lists the rights that are needed."
