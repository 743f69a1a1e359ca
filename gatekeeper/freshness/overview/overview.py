"""What is denied, due, waived or not known, as one value that every form prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.freshness.outlook import Question


class RowState(StrEnum):
    """What is to be known of an image, in one word; the most urgent first."""

    # Denied at this moment.
    DENIED = "denied"
    # Admitted now, denied from a date on.
    DUE = "due"
    # What runs is gone from its registry.
    UNPULLABLE = "unpullable"
    # Admitted by a waiver or an exemption, which has an end.
    WAIVED = "waived"
    # Nobody can say how old it is.
    UNDATED = "undated"
    # Nobody could look.
    UNKNOWN = "unknown"
    # Admitted with a warning, and never denied within the horizon.
    WARNED = "warned"
    # Admitted to the end of the horizon.
    FINE = "fine"


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """One image of one workload under one policy. All texts are on one line and have no invisible characters.

    Attributes:
        state: what is to be known of it.
        policy: the policy's name.
        team: whose it is; empty where the namespace does not say.
        workload: what people know and can change.
        path: the image's field in that object.
        image: as written there.
        digest: what it was judged by; empty where that is not known.
        by_tag: whether the digest is what the tag names now.
        questions: what was asked and has this answer.
        since: when it is denied first, nanoseconds since 1970; None where it is not.
        ends: when it is admitted again after that; None where it is not.
        waived_until: the end of the waiver that holds now.
        reason: the reason code; empty where there is none.
        sentence: the policy's own sentence; empty where it admits.
        remedy: what to do, one or two sentences; empty where there is nothing to do.
        running: how many containers run it now.
        critical: whether a part of the cluster itself depends on it.
        notes: what a reader should know.
    """

    state: RowState
    policy: str
    team: str
    workload: WorkloadName
    path: str
    image: str
    digest: str
    by_tag: bool
    questions: tuple[Question, ...]
    since: int | None
    ends: int | None
    waived_until: int | None
    reason: str
    sentence: str
    remedy: str
    running: int
    critical: bool
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Overview:
    """What was found, and what was not looked at.

    Attributes:
        now: the moment it is of, nanoseconds since 1970.
        until: the end of the horizon.
        cluster: whose it is, for people: a context of a kubeconfig, the name of a file; empty where nobody knows.
        rows: in order of urgency: state, date, workload.
        not_judged: what was not looked at, a sentence each.
        not_asked: questions that nobody asked; of them there are no rows, and that says nothing.
    """

    now: int
    until: int
    cluster: str = ""
    rows: Sequence[OverviewRow] = ()
    not_judged: Sequence[str] = ()
    not_asked: Sequence[Question] = ()

    def counts(self) -> Mapping[RowState, int]:
        """How many rows are in each state; all states, in their order."""
        found = Counter(row.state for row in self.rows)
        return {state: found[state] for state in RowState}

    def workloads(self) -> Mapping[RowState, int]:
        """How many workloads have a row in each state; one may be in several, and is fine only if all of it is."""
        found: dict[RowState, set[WorkloadName]] = {state: set() for state in RowState}
        for row in self.rows:
            found[row.state].add(row.workload)
        found[RowState.FINE] -= {each for state, some in found.items() if state is not RowState.FINE for each in some}
        return {state: len(workloads) for state, workloads in found.items()}

    @property
    def attention(self) -> Sequence[OverviewRow]:
        """The rows that somebody should look at."""
        return [row for row in self.rows if row.state is not RowState.FINE]


def names(values: Iterable[str]) -> list[str]:
    """The distinct ones in their order; the empty one last."""
    return sorted(set(values), key=lambda each: (not each, each))
