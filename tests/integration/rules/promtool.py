"""The rules of the chart, and the real promtool that judges them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.programs import ROOT, program

FOLDER = ROOT / "helm" / "bestbefore" / "rules"
FILES = sorted(FOLDER.glob("*.yaml"))

Rule = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """Series, and what one alert makes of them.

    Attributes:
        alert: its name.
        circumstance: what the series mean, in words.
        series: values of each series, a minute apart, as promtool writes them.
        at: when the alert is asked, as Prometheus writes durations.
        labels: of the alert that fires, without name and severity; None where it has to stay quiet.
        says: the description that a person reads.
    """

    alert: str
    circumstance: str
    series: Mapping[str, str]
    at: str
    labels: Mapping[str, str] | None = None
    says: str = ""


def rules() -> Iterator[Rule]:
    """Every rule of every file."""
    for file in FILES:
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]:
            yield from group["rules"]


def alerts() -> list[Rule]:
    """The rules that are alerts."""
    return [rule for rule in rules() if "alert" in rule]


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What promtool says."""
    return subprocess.run([program("promtool"), *arguments], capture_output=True, text=True, check=False)


def judge(case: Case, folder: Path) -> subprocess.CompletedProcess[str]:
    """Let promtool evaluate the rules over the series of a case."""
    expected = [] if case.labels is None else [_expected(case)]
    test = {
        "interval": "1m",
        "input_series": [{"series": series, "values": values} for series, values in case.series.items()],
        "alert_rule_test": [{"eval_time": case.at, "alertname": case.alert, "exp_alerts": expected}],
    }
    file = folder / "case.yaml"
    document = {"rule_files": [str(path) for path in FILES], "evaluation_interval": "1m", "tests": [test]}
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return run("test", "rules", file)


def _expected(case: Case) -> dict[str, object]:
    assert case.labels is not None
    rule = _rule(case.alert, case.labels.get("because", ""))
    return {
        "exp_labels": {**rule["labels"], **case.labels},
        "exp_annotations": {**rule["annotations"], "description": case.says},
    }


@cache
def _rule(alert: str, because: str) -> Rule:
    (found,) = (rule for rule in alerts() if rule["alert"] == alert and rule["labels"].get("because", "") == because)
    return found
