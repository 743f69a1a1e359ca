"""`python -m tests.bench [SECTION…]`: measures all sections, or those that are named."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from tests.bench import (
    admission,
    aims,
    audit,
    cold,
    commands,
    controller,
    dialects,
    evaluation,
    forecast,
    keys,
    ledger,
    machine,
    memory,
    neighbours,
    paths,
    proxied,
    reconciling,
    sharing,
    tls,
    warm,
)
from tests.bench.bench import Bench, running
from tests.bench.loop_lag import Lag
from tests.bench.report import REPORT, Report, Section, Table, say
from tests.programs import ROOT

# What each measures stands in docs/reference/performance.md.
_OF_THE_PROVIDER: Final[Mapping[str, Callable[[Bench], Section]]] = {
    "paths": paths.measure,
    "cold": cold.measure,
    "tls": tls.measure,
    "warm": warm.measure,
    "memory": memory.measure,
    "audit": audit.measure,
    "neighbours": neighbours.measure,
    "sharing": sharing.measure,
    "proxied": proxied.measure,
    "forecast": forecast.measure,
}
_OF_COMMANDS: Final[Mapping[str, Callable[[], Section]]] = {
    "check": commands.check,
    "translation": commands.translation,
    "evaluation": evaluation.measure,
    "ledger": ledger.measure,
    "keys": keys.measure,
    "dialects": dialects.measure,
}
_ON_THE_RIG: Final[Mapping[str, Callable[[], Section]]] = {
    "admission": admission.measure,
    "controller": controller.measure,
    "reconciling": reconciling.measure,
}
# Why a section cannot be measured here; empty where it can.
_MISSING: Final[Mapping[str, Callable[[], str]]] = {
    "sharing": sharing.missing,
    "proxied": proxied.missing,
    "dialects": dialects.missing,
    **dict.fromkeys(_ON_THE_RIG, admission.missing),
}
_SECTIONS: Final = (*_OF_THE_PROVIDER, *_OF_COMMANDS, *_ON_THE_RIG)
_LAG: Final = "loop lag"
_AIMS: Final = "aims"


def main(wanted: Sequence[str]) -> str | None:
    """Measure.

    Returns:
        What is wrong with the arguments, for the end of the process.
    """
    unknown = sorted(set(wanted) - set(_SECTIONS))
    if unknown:
        return f"no section {unknown[0]!r}; there are {', '.join(_SECTIONS)}"
    chosen = [section for section in _SECTIONS if (not wanted or section in wanted) and _possible(section)]
    report = Report(REPORT, machine.described())
    say(", ".join(f"{name} {value}" for name, value in report.machine.items()) + "\n")
    for section, measure in _OF_COMMANDS.items():
        if section in chosen:
            _add(report, section, measure)
    _measure_provider([section for section in chosen if section in _OF_THE_PROVIDER], report)
    for section, measure in _ON_THE_RIG.items():
        if section in chosen:
            _add(report, section, measure)
    say(", ".join(f"{section} {seconds:.0f} s" for section, seconds in report.seconds.items() if seconds))
    say(f"also in {report.path.relative_to(ROOT)}")
    return None


def _possible(section: str) -> bool:
    reason = _MISSING[section]() if section in _MISSING else ""
    if reason:
        say(f"{section} is left out: {reason}")
    return not reason


def _measure_provider(sections: Sequence[str], report: Report) -> None:
    if not sections:
        return
    figures: dict[str, float] = {}
    with running() as bench:
        for section in sections:
            figures |= _add(report, section, partial(_OF_THE_PROVIDER[section], bench))
    if bench.lags:
        report.add(_LAG, [_lag_table(bench.lags)])
        figures[aims.LAG] = max(lag.longest for lag in bench.lags.values())
    report.add(_AIMS, [aims.table(figures, {*sections, *([_LAG] if bench.lags else [])})])


def _add(report: Report, section: str, measure: Callable[[], Section]) -> Mapping[str, float]:
    """Measure a section and report it; its figures that there is an aim for."""
    begun = time.monotonic()
    measured = measure()
    report.add(section, measured.tables, time.monotonic() - begun)
    return measured.figures


def _lag_table(lags: Mapping[str, Lag]) -> Table:
    rows = {purpose: [lag.turns, lag.p99, lag.longest] for purpose, lag in lags.items()}
    note = "the ends of its histogram's buckets, so the truth is no more than this"
    return Table("How late the provider's event loop was: ms", ["turns", "p99", "longest"], rows, note)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
