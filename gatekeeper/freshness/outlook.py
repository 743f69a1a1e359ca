"""What a policy will say of an image of a workload, from now to the end of the horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gatekeeper.denials.ledger.workload import WorkloadName

SECOND: Final = 1_000_000_000
DAY: Final = 24 * 60 * 60 * SECOND


class Question(StrEnum):
    """What is asked of an image that runs, or may run again."""

    # Would the object that people apply be denied, if they applied it today? Its tags mean what they name now.
    APPLY = "apply"
    # Would the next Pod that a controller makes of it be denied: after a drain, a crash, a scale-up?
    RESCHEDULE = "reschedule"
    # Is what runs, by its digest, still as the policy wants it?
    RUNNING = "running"
    # Would the revision before this one be denied, if somebody went back to it?
    ROLLBACK = "rollback"
    # Is what runs gone from its registry?
    PULL = "pull"


class OutlookVerdict(StrEnum):
    """What a policy says at a moment."""

    ADMITTED = "admitted"
    # Admitted with a warning.
    WARNED = "warned"
    # Admitted by a waiver or an exemption; it would be denied without.
    WAIVED = "waived"
    DENIED = "denied"
    # Nobody could look; that is no yes.
    UNKNOWN = "unknown"


class Due(StrEnum):
    """How soon an image is denied; each outlook is in one class."""

    EXPIRED = "expired"
    IN_1_DAY = "1d"
    IN_3_DAYS = "3d"
    IN_7_DAYS = "7d"
    IN_14_DAYS = "14d"
    IN_30_DAYS = "30d"
    LATER = "later"
    UNKNOWN = "unknown"


_WITHIN: Final = (
    (Due.IN_1_DAY, 1),
    (Due.IN_3_DAYS, 3),
    (Due.IN_7_DAYS, 7),
    (Due.IN_14_DAYS, 14),
    (Due.IN_30_DAYS, 30),
)


@dataclass(frozen=True, slots=True)
class OutlookTurn:
    """From a moment on, what a policy says.

    Attributes:
        since: the first moment, nanoseconds since 1970.
        verdict: what it says from then on, until the next turn.
        reason: the reason code of a denial, a warning, or of no answer; empty where it admits.
        sentence: the policy's own sentence; empty where it admits.
    """

    since: int
    verdict: OutlookVerdict
    reason: str = ""
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class OutlookSubject:
    """An image of a workload.

    Attributes:
        workload: what people know and can change: of a Pod of a Deployment the Deployment.
        path: the image's field in that object, `spec.template.spec.containers[0].image`.
        image: as written there.
        digest: what it was judged by; empty where that is not known.
        by_tag: whether the digest is what the tag names now, and not what runs.
        running: how many containers run it now.
        team: whose it is, by the namespace's label; empty where it has none.
        note: what a reader should know, one sentence: "what runs is another digest", "at next scale-up".
    """

    workload: WorkloadName
    path: str
    image: str
    digest: str = ""
    by_tag: bool = False
    running: int = 0
    team: str = ""
    note: str = ""

    @property
    def note_sentence(self) -> str:
        """The note as a sentence among others: "What runs is another digest."; empty where there is none."""
        return f"{self.note[0].upper()}{self.note[1:].rstrip('.')}." if self.note else ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What one policy will say of one image of one workload, for one question.

    Attributes:
        policy: its name.
        subject: the image.
        question: what was asked.
        turns: what it says, in order of time; the first one is what it says now.
        waived_until: the end of the waiver that holds now; None where none does.
        effect: when the first denial is felt, where that is later than its moment (a CronJob's next run); else None.
        critical: whether a denial would take a part of the cluster itself along (`system-*` priority).
    """

    policy: str
    subject: OutlookSubject
    question: Question
    turns: Sequence[OutlookTurn]
    waived_until: int | None = None
    effect: int | None = None
    critical: bool = False

    @property
    def now(self) -> OutlookTurn:
        """What it says now."""
        return self.turns[0]

    @property
    def denial(self) -> OutlookTurn | None:
        """The first turn that denies; None where none does within the horizon."""
        return next((each for each in self.turns if each.verdict is OutlookVerdict.DENIED), None)

    @property
    def best_before(self) -> int | None:
        """When the image is denied first, or its denial felt first; nanoseconds since 1970."""
        return self.effect if self.effect is not None else (self.denial.since if self.denial else None)

    @property
    def announced(self) -> int | None:
        """`best_before` where it is a date for people; None where it was denied at first sight, or never is.

        What is denied now without having been announced is only known to be denied since somebody looked.
        """
        return self.best_before if self.effect is not None or self.now.verdict is not OutlookVerdict.DENIED else None

    def due(self, now: int) -> Due:
        """How soon, seen from a moment (nanoseconds since 1970)."""
        if self.best_before is None:
            return Due.UNKNOWN if self.now.verdict is OutlookVerdict.UNKNOWN else Due.LATER
        left = self.best_before - now
        if left <= 0:
            return Due.EXPIRED
        return next((due for due, days in _WITHIN if left <= days * DAY), Due.LATER)


# The short names; the glossary wants one name for one type, and these have others elsewhere.
Verdict = OutlookVerdict
Turn = OutlookTurn
Subject = OutlookSubject
