"""What the API server counts of webhooks that refused."""

from __future__ import annotations

import pytest

from gatekeeper.comparison import rejections
from gatekeeper.comparison.rejections import FAMILY, RejectionCount

_LABELS = '{{error_type="{}",name="{}",operation="CREATE",rejection_code="{}",type="{}"}}'


def line(name: str, value: int, kind: str = "validating", error: str = "no_error", code: str = "403") -> str:
    return FAMILY + _LABELS.format(error, name, code, kind) + f" {value}"


def test_refusals_are_summed_and_told_from_those_of_a_webhook_that_did_not_answer():
    lines = [
        f"# TYPE {FAMILY} counter",
        line("policy.sigstore.dev", 3),
        line("policy.sigstore.dev", 2, "admit"),
        line("policy.sigstore.dev", 7, error="calling_webhook_error", code="0"),
        line("validation.gatekeeper.sh", 4),
        line("somebody.else", 9),
    ]
    assert rejections.counts(lines) == [
        RejectionCount("policy.sigstore.dev", 5, 7),
        RejectionCount("validation.gatekeeper.sh", 4, 0),
    ]


def test_webhook_that_refused_nothing_yet_has_none():
    assert [each.refused for each in rejections.counts([])] == [0, 0]


def test_page_that_is_no_page_of_metrics_is_an_error():
    with pytest.raises(ValueError, match=r".+"):
        rejections.counts([f"{FAMILY}{{ 1"])
