"""How long the ledger takes for a line of Gatekeeper's log, and how much memory for what it remembers."""

from __future__ import annotations

import io
import resource
import time
from collections.abc import Sequence
from typing import Final

from gatekeeper.denials.ledger.ledger import Ledger
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.ledger.reports import DenialLog, DenialReports, NoReports, UserNames
from gatekeeper.denials.source import LogLine
from provider.clock import SystemClock
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.log import Log
from tests.bench import aims
from tests.bench.report import Section, Table
from tests.simulators import denials

_LINES: Final = 20_000
_NAMESPACES: Final = 500
_POLICIES: Final = 50
_WRITTEN: Final = "2026-11-30T08:30:02.123456789Z"
_MICROSECONDS: Final = 1_000_000
_KIB: Final = 1024


def measure() -> Section:
    """New deny lines of 500 namespaces and 50 policies, the same again, other lines; and new ones with our own log."""
    new = _deny_lines()
    other = [LogLine('{"level":"info","logger":"controller","msg":"another"}', "pod-1", _WRITTEN)] * _LINES
    before = _peak()
    ledger = _ledger(NoReports())
    times = {
        "new": _microseconds(ledger, new),
        "again": _microseconds(ledger, new),
        "no deny lines": _microseconds(ledger, other),
    }
    grown = _peak() - before
    times["new, each with its line in our log"] = _microseconds(_ledger(_log()), new)
    rows = {name: [each, _MICROSECONDS / each] for name, each in times.items()}
    note = f"{_LINES:,} lines of {len(new[0].text):,} bytes; what is remembered takes {grown:.0f} MiB"
    return Section(
        [Table("The ledger, a line: µs", ["µs", "a second"], rows, note)],
        {aims.LEDGER: times["new, each with its line in our log"]},
    )


def _deny_lines() -> Sequence[LogLine]:
    now = time.time()
    return [LogLine(_text(number, now), "pod-1", _WRITTEN) for number in range(_LINES)]


def _text(number: int, now: float) -> str:
    policy, namespace = f"policy-{number % _POLICIES}", f"team-{number % _NAMESPACES}"
    owner = {"kind": "ReplicaSet", "name": f"web-{number % (2 * _NAMESPACES)}"}
    found = denials.details(uid=f"uid-{number}", policy=policy, owner=owner)
    return denials.text(found, ts=now, resource_namespace=namespace, constraint_name=policy)


def _ledger(reports: DenialReports) -> Ledger:
    return Ledger(SystemClock(), DenialMetrics(), reports)


def _log() -> DenialLog:
    return DenialLog(Log(io.StringIO(), LogLevel.INFO, LogFormat.JSON, SystemClock()), UserNames(b"key"))


def _microseconds(ledger: Ledger, lines: Sequence[LogLine]) -> float:
    started = time.process_time()
    for line in lines:
        ledger.line(line)
    return (time.process_time() - started) * _MICROSECONDS / len(lines)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB
