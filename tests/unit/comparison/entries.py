"""Denials as the summary of a log has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gatekeeper.denials.ledger.ledger import Ledger
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.reports.summary import DenialEntry, DenialSummary
from gatekeeper.denials.source import LogLine
from tests.simulators.clock import FakeClock
from tests.simulators.denials import text


def entry(of: Mapping[str, Any] | None = None, **changes: Any) -> DenialEntry:
    """The one entry that a line of Gatekeeper's makes, in the shadow unless it says otherwise."""
    given = {"constraint_action": "dryrun", **changes}
    line = text(of, **given) if of is not None else text(**given)
    summary = DenialSummary()
    ledger = Ledger(FakeClock(), DenialMetrics(), summary)
    ledger.line(LogLine(line, "pod", 0.0))
    ledger.finish()
    (found,) = summary.entries()
    return found
