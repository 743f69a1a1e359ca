"""Writes what became of each policy into its PolicyStatus; what changes, and nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from gatekeeper.cluster.api import KubernetesApi
from gatekeeper.cluster.errors import ClusterError, ClusterUnavailableError, ConflictError, ObjectAbsentError
from gatekeeper.cluster.resource import POLICY_STATUSES
from gatekeeper.cluster.times import whole_time
from gatekeeper.denials.logs.health import SourceHealth, SourceName, problem_of
from gatekeeper.reconciliation import status
from gatekeeper.reconciliation.report import PolicyReport, RoundReport
from provider.clock import Clock

# After how long they are read anew: somebody may have changed one, seconds.
_READ_SECONDS: Final = 300.0
# How long there must be nothing of a policy before its status goes, seconds: right after the start not all is known.
_GONE_SECONDS: Final = 60.0


class PolicyStatuses:
    """Implements `PolicyReports`.

    Args:
        api: of the cluster.
        health: takes note whether they can be written.
        clock: says when.
        may_write: whether this process is still the one that writes.
    """

    def __init__(
        self, api: KubernetesApi, health: SourceHealth, clock: Clock, may_write: Callable[[], bool] = lambda: True
    ) -> None:
        self._api = api
        self._health = health
        self._clock = clock
        self._may_write = may_write
        self._there: dict[str, Mapping[str, Any]] | None = None
        self._read_at = 0.0
        self._gone: dict[str, float] = {}

    def take(self, found: RoundReport) -> None:
        """See `PolicyReports`."""
        if not found.known:
            return
        try:
            there = self._known()
        except ClusterError as error:
            self._failed(error)
            return
        failed = False
        for refusal in self._write(found, there):
            failed = True
            self._failed(refusal)
            if isinstance(refusal, ClusterUnavailableError):
                # All others would wait for the same.
                return
        if not failed:
            self._health.succeeded(SourceName.POLICY_STATUSES)

    def _known(self) -> dict[str, Mapping[str, Any]]:
        """The field `status` of each one that is there, by name."""
        now = self._clock.monotonic()
        if self._there is None or now - self._read_at >= _READ_SECONDS:
            pages = self._api.pages(POLICY_STATUSES)
            self._there = {str(each["metadata"]["name"]): each.get("status") or {} for page in pages for each in page}
            self._read_at = now
        return self._there

    def _write(self, found: RoundReport, there: dict[str, Mapping[str, Any]]) -> Iterator[ClusterError]:
        """What was refused."""
        for report in found.policies:
            if not self._may_write():
                # What is there may be another process's from now on.
                self._there = None
                return
            try:
                self._show(report, there)
            except ClusterError as error:
                # Somebody may have deleted it: the next round looks.
                self._there = None
                yield error
        for name in self._over(found, there):
            if not self._may_write():
                return
            try:
                self._api.delete(POLICY_STATUSES, name)
                del there[name]
            except ObjectAbsentError:
                del there[name]
            except ClusterError as error:
                yield error

    def _show(self, report: PolicyReport, there: dict[str, Mapping[str, Any]]) -> None:
        now = whole_time(self._clock.now())
        before = there.get(report.name)
        said = status.status_of(report, before or {}, now)
        if before is not None and said == before:
            return
        body = status.new_object(report.name)
        if before is None:
            # There is one where another process was faster.
            with contextlib.suppress(ConflictError):
                self._api.create(POLICY_STATUSES, body)
        self._api.apply_status(POLICY_STATUSES, {**body, "status": said})
        there[report.name] = said

    def _over(self, found: RoundReport, there: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Those of which there is no policy any more; while something cannot be read, there may be one."""
        now = self._clock.monotonic()
        left = there.keys() - {each.name for each in found.policies}
        self._gone = {name: self._gone.get(name, now) for name in left}
        return sorted(
            name
            for name, since in self._gone.items()
            if name in found.removed or (now - since >= _GONE_SECONDS and not found.faults)
        )

    def _failed(self, error: ClusterError) -> None:
        self._health.failed(SourceName.POLICY_STATUSES, problem_of(error), error.message)
