"""What `bestbefore doctor` finds: one thing each, with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gatekeeper.doctor.checks import PAGE, PAGES, Check


class FindingSeverity(StrEnum):
    """How bad it is: an error is a hole or an outage now, a warning becomes one, an info needs no hand."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class DoctorFinding:
    """One thing that is not as it should be, or that could not be seen.

    Attributes:
        check: what was looked at.
        severity: how bad it is.
        subject: the object, as `Provider bestbefore`.
        message: what is, and what should be; without control characters.
        remedy: what to do; empty where the check's own is meant.
        judged: whether it could be seen; False where something could not be read.
    """

    check: Check
    severity: FindingSeverity
    subject: str
    message: str
    remedy: str = ""
    judged: bool = True

    @property
    def advice(self) -> str:
        """What to do."""
        return self.remedy or PAGES[self.check].remedy

    @property
    def page(self) -> str:
        """Where more is said."""
        return f"{PAGE}#{self.check}"

    @property
    def to_fix(self) -> bool:
        """Whether somebody has to do something."""
        return self.severity is not FindingSeverity.INFO


def error(check: Check, subject: str, message: str, remedy: str = "") -> DoctorFinding:
    """Something is broken or open now."""
    return DoctorFinding(check, FindingSeverity.ERROR, subject, message, remedy)


def warning(check: Check, subject: str, message: str, remedy: str = "") -> DoctorFinding:
    """Something will break, or hides what happens."""
    return DoctorFinding(check, FindingSeverity.WARNING, subject, message, remedy)


def info(check: Check, subject: str, message: str, remedy: str = "") -> DoctorFinding:
    """Worth knowing; nothing to do."""
    return DoctorFinding(check, FindingSeverity.INFO, subject, message, remedy)
