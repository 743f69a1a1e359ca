"""What became of one look at the certificates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from gatekeeper.certificates.rotation import IssueReason
from gatekeeper.cluster.errors import ClusterError


class CertificateName(StrEnum):
    """What is kept, as metrics and the log name it."""

    AUTHORITY = "authority"
    SERVER = "server"
    OWN_CLIENT_CA = "own_client_ca"


@dataclass(frozen=True)
class Issue:
    """Something that was made anew.

    Attributes:
        name: what.
        reason: why.
        ends: when it ends, seconds since 1970.
    """

    name: CertificateName
    reason: IssueReason
    ends: float


@dataclass(frozen=True)
class CertificateReport:
    """What one look found and did.

    Attributes:
        faults: what stands in the way.
        issued: what was made anew.
        repaired: objects that somebody else had changed or deleted, as `KIND NAME`.
        expiries: when what is in force ends, seconds since 1970.
        trusted: how many authorities Gatekeeper is to trust; 0 while that is not known.
    """

    faults: Sequence[ClusterError] = ()
    issued: Sequence[Issue] = ()
    repaired: Sequence[str] = ()
    expiries: Mapping[CertificateName, float] = field(default_factory=dict)
    trusted: int = 0


class CertificateReports(Protocol):
    """Takes what each look found."""

    def take(self, found: CertificateReport) -> None:
        """The newest."""
