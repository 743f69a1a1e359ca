"""Every alert of the chart: what it says, how bad that is, and its page."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any, Final

import yaml

from scripts.reference import markdown

_FOLDER: Final = Path(__file__).parents[2] / "helm" / "bestbefore" / "rules"
_SEVERITIES: Final = {"critical": "page", "warning": "ticket", "info": "note"}
_COLUMNS: Final = ("Alert", "Is a", "Says", "For")
_INTRODUCTION: Final = """\
The chart brings these alerts with `prometheusRule.enabled`: [monitor](../how-to/monitor.md). Each leads to a page that
says what it means, how to see it, what to do, and when it is a false alarm.

- A *page* (`critical`) wakes somebody: people wait, or nobody is kept out, now.
- A *ticket* (`warning`) is for the next working day.
- A *note* (`info`) says that numbers are less exact than they look.

"""


def page() -> str:
    """The page, as Markdown."""
    rows = sorted(
        {_row(rule) for rule in _rules() if "alert" in rule},
        key=lambda row: (list(_SEVERITIES.values()).index(row[1]), row),
    )
    return markdown.head("Alerts", "helm/bestbefore/rules", _INTRODUCTION) + markdown.table(_COLUMNS, rows)


def links_of(metric: str) -> list[str]:
    """Links to the pages of the alerts that look at a metric, by themselves or by a record."""
    rules = _rules()
    records = {rule["record"] for rule in rules if "record" in rule and _names(rule, metric)}
    alerts = {
        rule["alert"]: rule
        for rule in rules
        if "alert" in rule and (_names(rule, metric) or any(record in rule["expr"] for record in records))
    }
    return [_link(alerts[name]) for name in sorted(alerts)]


def _names(rule: dict[str, Any], metric: str) -> bool:
    return re.search(rf"(?<![:\w]){metric}(_bucket)?(?![:\w])", rule["expr"]) is not None


@functools.cache
def _rules() -> tuple[dict[str, Any], ...]:
    """Every rule, read once: each metric asks for them."""
    groups = [
        group
        for file in sorted(_FOLDER.glob("*.yaml"))
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    ]
    return tuple(rule for group in groups for rule in group["rules"])


def _link(rule: dict[str, Any]) -> str:
    return f"[{rule['alert']}](../{rule['annotations']['runbook_url'].removeprefix('docs/')})"


def _row(rule: dict[str, Any]) -> tuple[str, str, str, str]:
    severity = _SEVERITIES[rule["labels"]["severity"]]
    return _link(rule), severity, rule["annotations"]["summary"], str(rule.get("for", ""))
