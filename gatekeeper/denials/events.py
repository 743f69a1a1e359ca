"""Everything that the controller logs beside what the provider logs alike: `noun.verb`, one closed list."""

from __future__ import annotations

from enum import StrEnum


class ControllerEvent(StrEnum):
    """Everything that the controller logs. Fields of a listed event change only with a major version."""

    BLOCK_ENDED = "block.ended"
    BLOCK_OPENED = "block.opened"
    CERTIFICATE_BLOCKED = "certificate.blocked"
    CERTIFICATE_ISSUED = "certificate.issued"
    DENIAL_OBSERVED = "denial.observed"
    EVENT_FAILED = "event.failed"
    FORECAST_FINISHED = "forecast.finished"
    FRESHNESS_FORECAST = "freshness.forecast"
    GAP_FOUND = "gap.found"
    LEASE_ACQUIRED = "lease.acquired"
    LEASE_LOST = "lease.lost"
    OBJECT_REPAIRED = "object.repaired"
    POLICIES_HELD = "policies.held"
    POLICY_APPLIED = "policy.applied"
    POLICY_REJECTED = "policy.rejected"
    POLICY_REMOVED = "policy.removed"
    POLICY_WARNED = "policy.warned"
    SOURCE_FAILED = "source.failed"
    SOURCE_RECOVERED = "source.recovered"
    TASK_FAILED = "task.failed"
    TRUST_ROOT_FAILED = "trust_root.failed"
    TRUST_ROOT_REFRESHED = "trust_root.refreshed"
    VERDICT_MISSING = "verdict.missing"
    WAIVER_CHANGED = "waiver.changed"
    WAIVER_REMOVED = "waiver.removed"
