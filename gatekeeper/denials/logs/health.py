"""Whether what the controller reads can be read: one word a source, so that nobody takes silence for peace."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Protocol

from gatekeeper.cluster.errors import (
    AccessDeniedError,
    ClusterError,
    NoClusterError,
    ObjectAbsentError,
    ObjectInvalidError,
)


class SourceName(StrEnum):
    """What the controller reads or writes, as metrics name it."""

    DENIAL_LOG = "denial_log"
    GATEKEEPER_METRICS = "gatekeeper_metrics"
    AUDIT = "audit"
    OWNERS = "owners"
    EVENTS = "events"
    CLUSTER = "cluster"
    LEASE = "lease"
    STATE = "state"
    TRUST_ROOTS = "trust_roots"
    DOCTOR = "doctor"
    POLICIES = "policies"
    POLICY_STATUSES = "policy_statuses"
    CERTIFICATES = "certificates"
    INVENTORY = "inventory"
    REPORTS = "reports"
    WAIVERS = "waivers"
    KEYS = "keys"


class SourceProblem(StrEnum):
    """Why a source cannot be used."""

    FORBIDDEN = "forbidden"
    ABSENT = "absent"
    UNAVAILABLE = "unavailable"
    INVALID = "invalid"
    # An object of the name that is needed is somebody else's.
    FOREIGN = "foreign"


_PROBLEMS: Final[Mapping[type[ClusterError], SourceProblem]] = {
    AccessDeniedError: SourceProblem.FORBIDDEN,
    ObjectAbsentError: SourceProblem.ABSENT,
    NoClusterError: SourceProblem.ABSENT,
    ObjectInvalidError: SourceProblem.INVALID,
}


class SourceHealth(Protocol):
    """Takes note of what became of the last attempt; several threads may call it."""

    def succeeded(self, source: SourceName) -> None:
        """All that should be read was read."""

    def failed(self, source: SourceName, problem: SourceProblem, said: str) -> None:
        """Something could not be read; a sentence says what."""


def problem_of(error: ClusterError) -> SourceProblem:
    """The one word for an error of the Kubernetes API."""
    return _PROBLEMS.get(type(error), SourceProblem.UNAVAILABLE)
