"""The closed list of checks, and its page."""

from __future__ import annotations

from gatekeeper.doctor.checks import PAGES, Check
from gatekeeper.doctor.finding import warning
from scripts.reference import doctor
from tests.unit.docs.pages import ROOT, anchors


def test_every_check_has_its_page() -> None:
    assert list(PAGES) == list(Check)
    assert {str(check) for check in Check} <= anchors(ROOT / "docs" / "reference" / "doctor.md")


def test_finding_leads_to_the_heading_of_its_check() -> None:
    found = warning(Check.DENY_LOG, "Pod gatekeeper-0", "is off")
    assert found.page == "docs/reference/doctor.md#deny-log"
    assert found.advice == PAGES[Check.DENY_LOG].remedy


def test_page_lists_the_rights() -> None:
    assert "| cluster | externaldata.gatekeeper.sh | providers | list |" in doctor.page()
