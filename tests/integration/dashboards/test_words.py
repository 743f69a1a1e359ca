"""The first row of the page: which word stands there, over which series; by the real promtool."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml

from scripts.dashboards import queries
from tests import promql
from tests.integration.rules import promtool

pytestmark = pytest.mark.integration

_HOOK: Final = 'cluster="east",job="apiserver",instance="a",name="validation.gatekeeper.sh"'
_REJECTED: Final = f'apiserver_admission_webhook_rejection_count{{{_HOOK},error_type="calling_webhook_error"}}'
_OPENED: Final = f"apiserver_admission_webhook_fail_open_count{{{_HOOK}}}"
_CALLS: Final = f"apiserver_admission_webhook_admission_duration_seconds_count{{{_HOOK}}}"
_LEADER: Final = 'bestbefore_leader{cluster="east",pod="c"}'
_PROVIDER: Final = 'bestbefore_deadline_seconds{cluster="east",pod="p",endpoint="validate"}'
_READ: Final = 'bestbefore_source_last_success_timestamp_seconds{cluster="east",pod="c",source="denial_log"}'
_LIMIT: Final = 'bestbefore_source_max_age_seconds{cluster="east",pod="c",source="denial_log"}'
_COUNTED: Final = 'bestbefore_gatekeeper_denied_requests_total{cluster="east",pod="c"}'
_SEEN: Final = 'bestbefore_denied_requests_seen_total{cluster="east",pod="c",certainty="exact"}'
_BLOCKED: Final = 'bestbefore_blocked_workloads{{cluster="east",pod="c",resource_namespace="shop",cause="{cause}"}}'
_WELL: Final = {
    _LEADER: "1x60",
    _PROVIDER: "1.2x60",
    _READ: "0+60x60",
    _LIMIT: "120x60",
    _CALLS: "0+10x60",
    'up{cluster="east",job="apiserver",instance="a"}': "1x60",
}
_OK, _BLIND, _ADMITS, _REFUSES = 0, 1, 2, 3


def value(expression: str, series: Mapping[str, str], expected: float | None, folder: Path) -> None:
    """Have promtool evaluate a panel's expression after half an hour."""
    samples = [] if expected is None else [{"labels": '{cluster="east"}', "value": expected}]
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": promql.filled(expression), "eval_time": "30m", "exp_samples": samples}],
    }
    file = folder / "words.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [], "evaluation_interval": "1m", "tests": [test]}), encoding="utf-8")
    done = promtool.run("test", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("circumstance", "change", "word"),
    [
        ("all is well", {}, _OK),
        ("the webhook does not answer", {_REJECTED: "0x20 5+5x40"}, _REFUSES),
        ("the webhook has failed for the first time, often", {_REJECTED: "_x28 9x32"}, _REFUSES),
        ("the webhook fails now and then", {_REJECTED: "0x28 1x40"}, _OK),
        ("requests pass unchecked", {_OPENED: "0x25 1x40"}, _ADMITS),
        ("it passed unchecked an hour ago", {_OPENED: "0x1 1x60"}, _OK),
        ("it refuses and admits: first what stops people", {_OPENED: "0+1x60", _REJECTED: "0+5x60"}, _REFUSES),
        ("the controller is gone", {_LEADER: "1x10 _x60", _READ: "_x60", _LIMIT: "_x60"}, _BLIND),
        ("a controller without the Lease", {_LEADER: "0x60"}, _BLIND),
        ("the provider is gone", {_PROVIDER: "1.2x10 _x60"}, _BLIND),
        ("the log is not read", {_READ: "0x60"}, _BLIND),
        ("the API server is not scraped", {_CALLS: "_x60"}, _BLIND),
        (
            "Prometheus was away, the failures are old",
            {_REJECTED: "900x5 _x22 900x40", 'up{cluster="east",job="apiserver",instance="a"}': "1x5 _x22 1x40"},
            _OK,
        ),
    ],
)
def test_word_is_the_worst_that_is_true(circumstance: str, change: dict[str, str], word: int, tmp_path: Path) -> None:
    value(queries.enforcement(), {**_WELL, **change}, word, tmp_path)


def test_without_any_series_there_is_no_word(tmp_path: Path) -> None:
    value(queries.enforcement(), {}, None, tmp_path)


@pytest.mark.parametrize(
    ("circumstance", "series", "blocked"),
    [
        ("nothing is blocked", _WELL, 0),
        (
            "two of theirs, one of ours",
            {**_WELL, _BLOCKED.format(cause="image"): "2x60", _BLOCKED.format(cause="registry"): "1x60"},
            2,
        ),
        ("nobody counts", {_CALLS: "0+1x60"}, None),
        ("the log was never read", {**_WELL, _READ: "0x60"}, None),
    ],
)
def test_zero_is_only_where_somebody_has_looked(
    circumstance: str, series: dict[str, str], blocked: float | None, tmp_path: Path
) -> None:
    value(queries.blocked(queries.THEIRS), series, blocked, tmp_path)


_FRESH: Final = {
    _READ.replace("denial_log", "gatekeeper_metrics"): "0+60x60",
    _LIMIT.replace("denial_log", "gatekeeper_metrics"): "120x60",
}


@pytest.mark.parametrize(
    ("circumstance", "series", "share"),
    [
        ("half is seen", {_COUNTED: "0+4x60", _SEEN: "0+2x60"}, 0.5),
        ("nothing was denied", {_COUNTED: "0x60", _SEEN: "0x60", **_FRESH}, 1),
        ("Gatekeeper's counter was never read", {_COUNTED: "0x60", _SEEN: "0+1x60"}, None),
        ("nobody counts", {}, None),
    ],
)
def test_share_of_what_is_seen(circumstance: str, series: dict[str, str], share: float | None, tmp_path: Path) -> None:
    value(queries.seen("30m"), series, share, tmp_path)


@pytest.mark.parametrize(
    ("circumstance", "values", "counted"),
    [("born within the window", "_x20 1x40", 1), ("counts on", "5x10 5+1x50", 19), ("counts nothing new", "7x60", 0)],
)
def test_counter_that_is_born_at_one_counts(circumstance: str, values: str, counted: float, tmp_path: Path) -> None:
    blocks = 'bestbefore_workload_blocks_total{cluster="east",pod="c",resource_namespace="shop",cause="policy"}'
    expression = queries.total(queries.counted(queries.series("workload_blocks_total"), "20m"))
    value(f"round({expression})", {blocks: values}, counted, tmp_path)
