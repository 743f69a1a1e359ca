"""helm-unittest's suites in the chart: they pass, and they set every value of the provider."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
import yaml

from scripts import chart_readme
from tests.integration.chart.helm import CHART
from tests.programs import program

pytestmark = pytest.mark.integration

SUITES = sorted((CHART / "tests").glob("*_test.yaml"))
# What these values do is tested by pytest, which can look at certificates, rights and rules.
ELSEWHERE = (
    "certificates",
    "crds",
    "uninstall",
    "waivers",
    "doctor",
    "docsUrl",
    "metrics",
    "prometheusRule",
    "grafana",
)
ELSEWHERE_OF_CONTROLLER = (
    *("enabled", "serviceAccount", "rbac", "denials", "coverage", "audit", "owners", "events", "doctor", "log"),
    *("service", "networkPolicy", "policies"),
)
# An alert's condition, and what is not there unless it is set.
NOT_OF_A_POD = {"gatekeeper.auditIntervalSeconds"}


def test_suites_pass() -> None:
    done = subprocess.run(
        [program("helm-unittest"), "--strict", "--color=false", CHART], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\nWhere a changed default is meant: make snapshots"


def test_every_value_is_set_by_a_suite() -> None:
    documented = {value.path for value in chart_readme.values((CHART / "values.yaml").read_text(encoding="utf-8"))}
    wanted = {path for path in documented if not _is_tested_elsewhere(path)} - NOT_OF_A_POD
    given = set(_set_by_suites())
    assert [path for path in sorted(wanted) if not any(f"{each}.".startswith(f"{path}.") for each in given)] == []


def _is_tested_elsewhere(path: str) -> bool:
    top, _, rest = path.partition(".")
    return top in ELSEWHERE or (top == "controller" and rest.split(".")[0] in ELSEWHERE_OF_CONTROLLER)


def _set_by_suites() -> Iterator[str]:
    for file in SUITES:
        suite = yaml.safe_load(file.read_text(encoding="utf-8"))
        for test in (suite, *suite["tests"]):
            yield from test.get("set", {})
