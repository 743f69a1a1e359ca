"""Denials as people want to read them, from whichever thread they come."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from gatekeeper.denials.reports.summary import DenialSummary
from tests.simulators.denials import details, text
from tests.unit.denials.desk import Desk


@pytest.fixture
def busy() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_each_template_without_a_verdict_is_counted_however_many_there_are() -> None:
    desk = Desk()
    desk.read(text(None, msg="denied admission: eval_cancel_error: context canceled"))
    desk.settle()
    (line,) = desk.witness.no_verdicts
    summary = DenialSummary(namespace="shop")
    for _ in range(10_001):
        summary.no_verdict(line)
    summary.no_verdict(replace(line, resource=replace(line.resource, namespace="other")))
    assert summary.no_verdicts == 10_001


@pytest.mark.usefixtures("busy")
def test_many_threads_lose_no_denial_of_a_row() -> None:
    desk = Desk()
    desk.read(text(details()))
    (denial,) = desk.witness.denials
    summary = DenialSummary()

    def report() -> None:
        for _ in range(500):
            summary.denial(denial)

    threads = [threading.Thread(target=report) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.count for entry in summary.entries()] == [2000]
