"""`python -m tests.bench [SECTION…]`: measures all sections, or those that are named."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tests.bench import admission, audit, cold, commands, machine, memory, paths, warm
from tests.bench.bench import Bench, running
from tests.bench.report import Report, Table, say
from tests.programs import ROOT

# What each measures stands in docs/reference/performance.md.
_OF_THE_PROVIDER: Final[Mapping[str, Callable[[Bench], list[Table]]]] = {
    "paths": paths.measure,
    "cold": cold.measure,
    "warm": warm.measure,
    "memory": memory.measure,
    "audit": audit.measure,
}
_OF_COMMANDS: Final[Mapping[str, Callable[[], list[Table]]]] = {
    "check": commands.check,
    "translation": commands.translation,
}
_ADMISSION: Final = "admission"
_SECTIONS: Final = (*_OF_THE_PROVIDER, *_OF_COMMANDS, _ADMISSION)


def main(wanted: Sequence[str]) -> str | None:
    """Measure.

    Returns:
        What is wrong with the arguments, for the end of the process.
    """
    unknown = sorted(set(wanted) - set(_SECTIONS))
    if unknown:
        return f"no section {unknown[0]!r}; there are {', '.join(_SECTIONS)}"
    chosen = [section for section in _SECTIONS if not wanted or section in wanted]
    report = Report(ROOT / ".build" / "bench.json", machine.described())
    say(", ".join(f"{name} {value}" for name, value in report.machine.items()) + "\n")
    for section, measure in _OF_COMMANDS.items():
        if section in chosen:
            report.add(section, measure())
    _measure_provider([section for section in chosen if section in _OF_THE_PROVIDER], report)
    if _ADMISSION in chosen:
        if reason := admission.missing():
            say(f"admission is left out: {reason}")
        else:
            report.add(_ADMISSION, admission.measure())
    say(f"also in {report.path.relative_to(ROOT)}")
    return None


def _measure_provider(sections: Sequence[str], report: Report) -> None:
    if not sections:
        return
    with running() as bench:
        for section in sections:
            report.add(section, _OF_THE_PROVIDER[section](bench))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
