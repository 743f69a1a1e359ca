"""When Waivers let something pass: seen in Gatekeeper's log, where the Constraint that warns says so."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from gatekeeper.denials.ledger.blocks import EndedBlock, WorkloadBlock
from gatekeeper.denials.ledger.reports import Denial, DenialReports
from gatekeeper.denials.lines.violation import NoVerdict
from gatekeeper.waivers.state import WaiverUse

# More Waivers are not remembered, nor more workloads of one; the oldest goes.
_WAIVERS: Final = 5000
_WORKLOADS: Final = 20
_DAY: Final = 24 * 60 * 60


class WaiverUses:
    """Implements `DenialReports`: takes note of what was waived, and hands everything on.

    Args:
        others: who wants to know the same.
    """

    def __init__(self, others: DenialReports) -> None:
        self._others = others
        self._lock = threading.Lock()
        self._uses: OrderedDict[str, WaiverUse] = OrderedDict()

    def seen(self) -> Mapping[str, WaiverUse]:
        """The last use of each Waiver, by its name."""
        with self._lock:
            return dict(self._uses)

    def forget(self, waiver: str) -> None:
        """There is no such Waiver, or another one of its name."""
        with self._lock:
            self._uses.pop(waiver, None)

    def take(self, waiver: str, at: float, workload: str) -> None:
        """Something was let pass.

        Args:
            waiver: the Waiver's name.
            at: seconds since 1970.
            workload: `KIND NAMESPACE/NAME`.
        """
        with self._lock:
            before = self._uses.pop(waiver, WaiverUse(0.0))
            last, day = before.at // _DAY, at // _DAY
            # Lines come late, too: of a day that is over nothing is shown.
            known = before.workloads if day <= last else ()
            workloads = dict.fromkeys((*known, workload) if day >= last else known)
            self._uses[waiver] = WaiverUse(max(before.at, at), tuple(workloads)[:_WORKLOADS])
            if len(self._uses) > _WAIVERS:
                self._uses.popitem(last=False)

    def denial(self, denial: Denial) -> None:
        """See `DenialReports`."""
        judgement = denial.violation.judgement
        if judgement is not None and judgement.waiver and not denial.dry_run:
            workload = denial.workload
            where = f"{workload.namespace}/{workload.name}" if workload.namespace else workload.name
            self.take(judgement.waiver, denial.violation.time, f"{workload.kind} {where}")
        self._others.denial(denial)

    def no_verdict(self, line: NoVerdict) -> None:
        """See `DenialReports`."""
        self._others.no_verdict(line)

    def block_opened(self, block: WorkloadBlock) -> None:
        """See `DenialReports`."""
        self._others.block_opened(block)

    def block_ended(self, ended: EndedBlock) -> None:
        """See `DenialReports`."""
        self._others.block_ended(ended)
