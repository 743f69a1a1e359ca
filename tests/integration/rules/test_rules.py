"""Every rule fires when it should and stays quiet when it should, by the real promtool."""

from __future__ import annotations

import re
from pathlib import Path

import promql_parser
import pytest

from provider.reasons import NO_ANSWER, Reason
from tests import promql
from tests.integration.rules.cases import CASES
from tests.integration.rules.promtool import FILES, Case, Rule, alerts, judge, rules, run
from tests.programs import ROOT

pytestmark = pytest.mark.integration

PAGES = {
    "BestbeforeAdmissionUnavailable",
    "BestbeforeAdmissionFailingOpen",
    "BestbeforeRolloutsBlockedByPlatform",
    "BestbeforeCertificateExpiring",
    "BestbeforeEnforcementLost",
}
TICKETS = {
    "BestbeforeAdmissionTimeouts",
    "BestbeforeAuditStale",
    "BestbeforeAuditViolations",
    "BestbeforeCertificateRenewalDue",
    "BestbeforeControlPlaneUnseen",
    "BestbeforeControllerAway",
    "BestbeforeDenialLogGaps",
    "BestbeforeDenialSpike",
    "BestbeforeDenialsUnseen",
    "BestbeforeDoctorFindings",
    "BestbeforeEntriesUnusable",
    "BestbeforeFileRejected",
    "BestbeforeImagesExpired",
    "BestbeforeImagesExpiring",
    "BestbeforeImagesExpiringInNamespace",
    "BestbeforeImagesUndated",
    "BestbeforeImagesUnpullable",
    "BestbeforeKeysFailing",
    "BestbeforeNothingScraped",
    "BestbeforePoliciesHeld",
    "BestbeforeRegistryFailing",
    "BestbeforeRegistryQuotaLow",
    "BestbeforeRegistryThrottled",
    "BestbeforeRegistryUnauthorized",
    "BestbeforeRolloutBlocked",
    "BestbeforeShedding",
    "BestbeforeSlow",
    "BestbeforeSourceStale",
    "BestbeforeStoreAway",
    "BestbeforeTrustRootExpiring",
    "BestbeforeWaiverCopiesDiffer",
}
NOTES = {"BestbeforeSeriesFolded", "BestbeforeViolationsTruncated"}
# Of one installation that nobody scrapes, nobody knows the cluster either.
WITHOUT_CLUSTER = {"BestbeforeNothingScraped"}


def _name(rule: Rule) -> str:
    return str(rule.get("alert") or rule["record"])


def test_promtool_finds_nothing_wrong() -> None:
    done = run("check", "rules", *FILES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(FILES) == 3


def test_all_alerts_are_known_and_of_the_severity_that_they_are_known_for() -> None:
    found = {severity: set[str]() for severity in ("critical", "warning", "info")}
    for rule in alerts():
        found[rule["labels"]["severity"]].add(rule["alert"])
    assert found == {"critical": PAGES, "warning": TICKETS, "info": NOTES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alert}-{case.circumstance}")
def test_alert_says_what_the_series_mean(case: Case, tmp_path: Path) -> None:
    done = judge(case, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_stays_quiet() -> None:
    firing = {(case.alert, case.labels.get("because", "")) for case in CASES if case.labels is not None}
    assert firing == {(rule["alert"], rule["labels"].get("because", "")) for rule in alerts()}
    assert {case.alert for case in CASES if case.labels is None} == PAGES | TICKETS | NOTES


def test_every_alert_that_fires_names_its_cluster() -> None:
    without = {case.alert for case in CASES if case.labels is not None and "cluster" not in case.labels}
    assert without == WITHOUT_CLUSTER


@pytest.mark.parametrize("rule", list(rules()), ids=_name)
def test_expression_parses_and_keeps_the_cluster(rule: Rule) -> None:
    promql_parser.parse(rule["expr"])
    for labels in re.findall(r"\b(?:by|on) \(([^)]*)\)", rule["expr"]):
        assert "cluster" in re.split(r",\s*", labels), rule["expr"]
    assert not re.search(r"\b(?:without|ignoring) ", rule["expr"])


@pytest.mark.parametrize("rule", list(rules()), ids=_name)
def test_expression_names_series_and_labels_that_exist(rule: Rule) -> None:
    records = {found["record"] for found in rules() if "record" in found}
    for selector in promql.selectors(promql_parser.parse(rule["expr"])):
        if selector.metric not in records:
            assert selector.metric in promql.series()
            assert selector.labels <= promql.series()[selector.metric], selector


@pytest.mark.parametrize("rule", alerts(), ids=_name)
def test_alert_has_a_page_that_says_what_to_do(rule: Rule) -> None:
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert "$value" in rule["annotations"]["description"]
    page = ROOT / rule["annotations"]["runbook_url"]
    assert page.name == f"{rule['alert']}.md"
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    assert headings == [rule["alert"], "What it means", "How to see it", "What to do", "When it is a false alarm"]


def test_every_page_belongs_to_an_alert() -> None:
    pages = {page.stem for page in (ROOT / "docs" / "runbooks").glob("*.md")} - {"README"}
    assert pages == PAGES | TICKETS | NOTES


def test_failing_keys_are_those_that_nobody_could_look_at() -> None:
    (rule,) = (rule for rule in rules() if rule.get("record") == "cluster:bestbefore_keys_failing:ratio15m")
    (reasons,) = re.findall(r'reason=~"([^"]+)"', rule["expr"])
    # The provider itself never says that there is none, and keys in a KMS are not its own matter.
    assert set(reasons.split("|")) == NO_ANSWER - {Reason.PROVIDER_UNAVAILABLE, Reason.KEY_UNAVAILABLE}
