"""What runs inside pytest: the record of which test runs which line and how long, and the choice of tests to run.

Nothing in it is left to chance: the same mutant meets the same tests with the same data.
"""

from __future__ import annotations

import functools
import json
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import coverage
import pytest
from hypothesis import Phase, settings

# functools has no public name for it.
_KEEPER: Final = type(functools.cache(len))
_seconds: Final[dict[str, float]] = defaultdict(float)
_passed: Final[set[str]] = set()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", type=Path, help="file to write the seconds of each passed test to; for `coverage run`")
    parser.addoption("--choice", type=Path, help="file with the tests to run, in their order")
    parser.addoption("--limit", type=float, default=0, help="seconds that a test may take, with its fixtures")


@pytest.hookimpl(trylast=True)
def pytest_sessionstart() -> None:
    # After conftest.py, which has a profile of its own. Who fails need not look for the shortest reason.
    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("mutation", deadline=None, derandomize=True, database=None, phases=phases)
    settings.load_profile("mutation")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The chosen tests only, in their order."""
    if choice := config.getoption("choice"):
        by_name = {item.nodeid: item for item in items}
        items[:] = [by_name[name] for name in json.loads(choice.read_text(encoding="utf-8")) if name in by_name]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """All that runs for a test, its fixtures too, is under its name; and where there is a limit it ends in time, or
    pytest does: no lock and no loop holds up a signal that nobody handles.
    """
    signal.setitimer(signal.ITIMER_REAL, item.config.getoption("limit"))
    measurement = coverage.Coverage.current()
    if measurement is None:
        return (yield)
    _forget()
    measurement.switch_context(item.nodeid)
    try:
        return (yield)
    finally:
        measurement.switch_context("")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[report.nodeid] += report.duration
    if report.when == "call" and report.passed:
        _passed.add(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if record := session.config.getoption("record"):
        seconds = {name: _seconds[name] for name in _seconds if name in _passed}
        record.write_text(json.dumps(seconds), encoding="utf-8")


def _forget() -> None:
    """Empty what functools keeps: the second test that needs it has to run it as the first one did."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("provider", "gatekeeper")):
            for value in list(vars(module).values()):
                if type(value) is _KEEPER:
                    value.cache_clear()
