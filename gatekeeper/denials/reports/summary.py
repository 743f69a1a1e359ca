"""Denials as people want to read them: what was denied again and again is one entry, the newest last."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from gatekeeper.denials.ledger.blocks import EndedBlock, WorkloadBlock
from gatekeeper.denials.ledger.reports import Denial
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.lines.violation import Action, NoVerdict
from gatekeeper.denials.logs.sampling import SampledSeconds

_ENTRIES: Final = 10_000
_Key: TypeAlias = tuple[WorkloadName, str, str, Action, bool]


@dataclass(frozen=True, slots=True)
class DenialEntry:
    """Violations of one workload by one policy because of one image.

    Attributes:
        denial: the last of them.
        count: how many there were.
        first: when the first was, seconds since 1970.
        last: when the last was.
    """

    denial: Denial
    count: int
    first: float
    last: float


class DenialSummary:
    """Implements `DenialReports`: groups what is reported; several threads may call it.

    Attributes:
        no_verdicts: how many times a template came to no verdict in time.
        left_out: denials beyond the number of entries that are kept.
        sampled: seconds in which Gatekeeper's logger may have left lines out.
    """

    def __init__(self, since: float = 0.0, namespace: str = "") -> None:
        self._since = since
        self._namespace = namespace
        self._entries: dict[_Key, DenialEntry] = {}
        self.no_verdicts = 0
        self.left_out = 0
        self.sampled = SampledSeconds()
        self._lock = threading.Lock()

    def denial(self, denial: Denial) -> None:
        """See `DenialReports`."""
        with self._lock:
            self._add(denial)

    def _add(self, denial: Denial) -> None:
        violation = denial.violation
        # Gatekeeper's log is sampled, its export is not.
        if violation.exported is None:
            self.sampled.add(violation.message, violation.time)
        if not self.wants(violation.time, violation.resource.namespace):
            return
        key = (denial.workload, violation.policy, violation.image, violation.action, denial.dry_run)
        known = self._entries.get(key)
        if known is None and len(self._entries) >= _ENTRIES:
            self.left_out += 1
            return
        new = DenialEntry(denial, 1, violation.time, violation.time)
        self._entries[key] = new if known is None else _joined(known, new)

    def no_verdict(self, line: NoVerdict) -> None:
        """See `DenialReports`."""
        if self.wants(line.time, line.resource.namespace):
            with self._lock:
                self.no_verdicts += 1

    def block_opened(self, block: WorkloadBlock) -> None:
        """See `DenialReports`; entries say as much."""

    def block_ended(self, ended: EndedBlock) -> None:
        """See `DenialReports`; entries say as much."""

    def entries(self) -> Sequence[DenialEntry]:
        """All of them, the newest last."""
        return sorted(self._entries.values(), key=lambda entry: entry.last)

    def wants(self, time: float, namespace: str) -> bool:
        """Whether a denial of this time and namespace was asked for."""
        # What has no time is shown, because it may be from then.
        return (not time or time >= self._since) and self._namespace in ("", namespace)


def _joined(known: DenialEntry, new: DenialEntry) -> DenialEntry:
    latest = new if new.last >= known.last else known
    return replace(
        latest, count=known.count + new.count, first=min(known.first, new.first), last=max(known.last, new.last)
    )
