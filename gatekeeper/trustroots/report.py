"""What a round found of the cluster's trust roots, for whoever shows it: the log, metrics, Events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gatekeeper.cluster.errors import ClusterError


@dataclass(frozen=True)
class RootReport:
    """What is known of the trust root of one object.

    Attributes:
        name: its name.
        uid: of its object.
        source: where it is from; empty where nobody can read that.
        in_force: the digest that Constraints ask for; empty for none.
        newest: the digest of the newest one; empty for none.
        verified: when its source last stood for it, seconds since 1970; 0 for never.
        ends: when it can be used no more if nothing changes, seconds since 1970; 0 for never.
        problems: why there is no newer one.
        remarks: members of it that are passed over.
        late: what keeps the newest from being asked for longer than it should; empty where nothing does.
    """

    name: str
    uid: str
    source: str = ""
    in_force: str = ""
    newest: str = ""
    verified: float = 0.0
    ends: float = 0.0
    problems: Sequence[str] = ()
    remarks: Sequence[str] = ()
    late: str = ""


@dataclass(frozen=True)
class RootRoundReport:
    """A round.

    Attributes:
        known: whether the objects are known; if not, `roots` says nothing.
        roots: of each object that was looked at, by name.
        removed: names of those that are handed over no more.
        faults: what the API server refused or did not answer.
        repaired: objects that somebody had changed or deleted.
    """

    known: bool
    roots: Sequence[RootReport] = ()
    removed: Sequence[str] = ()
    faults: Sequence[ClusterError] = ()
    repaired: Sequence[str] = ()


class RootReports(Protocol):
    """Takes what each round found; it is called by one thread, and must not raise."""

    def take(self, found: RootRoundReport) -> None:
        """A round is over."""


class SeveralRootReports:
    """Implements `RootReports`: each of several takes what was found.

    Args:
        reports: in this order.
    """

    def __init__(self, reports: Sequence[RootReports]) -> None:
        self._reports = reports

    def take(self, found: RootRoundReport) -> None:
        """See `RootReports`."""
        for each in self._reports:
            each.take(found)
