"""What a comparison cannot explain: it is said, and no reason to be content."""

from __future__ import annotations

from dataclasses import replace

from gatekeeper.comparison.comparison import unexplained
from gatekeeper.comparison.fate import Fate, ShadowDenial
from gatekeeper.comparison.rejections import POLICY_CONTROLLER, RejectionCount
from tests.unit.comparison.entries import entry


def absent(count: int) -> ShadowDenial:
    return ShadowDenial(replace(entry(), count=count), "deny", Fate.ABSENT, "")


def test_requests_with_several_lines_are_as_many_as_their_longest_row():
    rows = [absent(5), absent(3)]
    assert list(unexplained(rows, [RejectionCount(POLICY_CONTROLLER, 5, 0)])) == []
    (said,) = unexplained(rows, [RejectionCount(POLICY_CONTROLLER, 4, 0)])
    assert said.startswith("5 requests that we would deny left nothing")


def test_counter_that_may_not_be_read_explains_nothing():
    (said,) = unexplained([absent(2)], None)
    assert "whether 2 requests" in said
    assert list(unexplained([], None)) == []
