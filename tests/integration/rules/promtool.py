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
_DAY = 24 * 60


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
    """Let promtool evaluate the rules over the series of a case; over more than a day, only those that the alert needs.

    All 44 take 12 seconds for a day of minutes. Each of them is evaluated over such series in shorter cases.
    """
    expected = [] if case.labels is None else [_expected(case)]
    test = {
        "interval": "1m",
        "input_series": [{"series": series, "values": values} for series, values in case.series.items()],
        "alert_rule_test": [{"eval_time": case.at, "alertname": case.alert, "exp_alerts": expected}],
    }
    file = folder / "case.yaml"
    files = FILES if _minutes(case.at) <= _DAY else [_alone(case.alert, folder)]
    document = {"rule_files": [str(path) for path in files], "evaluation_interval": "1m", "tests": [test]}
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return run("test", "rules", file)


def _minutes(duration: str) -> int:
    return int(duration.removesuffix("m")) if duration.endswith("m") else 0


def _alone(alert: str, folder: Path) -> Path:
    """A file of one alert, and of what is recorded, as the chart has them."""
    chosen = []
    for file in FILES:
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]:
            kept = [rule for rule in group["rules"] if rule.get("alert", alert) == alert]
            chosen += [{**group, "rules": kept}] if kept else []
    assert any(rule.get("alert") == alert for group in chosen for rule in group["rules"]), alert
    made = folder / "rules.yaml"
    made.write_text(yaml.safe_dump({"groups": chosen}), encoding="utf-8")
    return made


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
