"""What the log, the metrics and health say of certificates."""

from __future__ import annotations

import io
import json

import pytest
from prometheus_client import CollectorRegistry, Gauge

from gatekeeper.certificates.errors import ForeignObjectError, NoAuthorityError
from gatekeeper.certificates.report import CertificateName, CertificateReport, Issue
from gatekeeper.certificates.rotation import IssueReason
from gatekeeper.cluster.errors import AccessDeniedError
from gatekeeper.controller.certificate_log import CertificateLog
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.log import Log
from tests.simulators.clock import EPOCH, FakeClock
from tests.simulators.sources import HealthSimulator


class CertificateLogBook:
    """A `CertificateLog` and what it wrote."""

    def __init__(self) -> None:
        self.text = io.StringIO()
        self.health = HealthSimulator()
        self.registry = CollectorRegistry()
        expiries = Gauge("ends", "When it ends", ("certificate",), registry=self.registry)
        self.log = CertificateLog(Log(self.text, LogLevel.INFO, LogFormat.JSON, FakeClock()), self.health, expiries)

    def after(self, report: CertificateReport) -> list[dict[str, object]]:
        """The lines of one look."""
        before = len(self.text.getvalue().splitlines())
        self.log.take(report)
        return [json.loads(line) for line in self.text.getvalue().splitlines()[before:]]


@pytest.fixture
def said() -> CertificateLogBook:
    return CertificateLogBook()


def test_what_is_made_is_said_with_its_reason_and_its_end(said):
    (line,) = said.after(
        CertificateReport(
            issued=[Issue(CertificateName.SERVER, IssueReason.RENEWAL, EPOCH)],
            expiries={CertificateName.SERVER: EPOCH},
        )
    )
    assert (line["event"], line["level"]) == ("certificate.issued", "info")
    assert (line["certificate"], line["reason"]) == ("server", "renewal")
    assert str(line["ends"]).startswith("2026-11-")
    assert said.registry.get_sample_value("ends", {"certificate": "server"}) == EPOCH
    assert said.health.events == [(SourceName.CERTIFICATES, None)]


def test_what_waits_for_a_person_is_said_once_while_it_lasts(said):
    blocked = CertificateReport(faults=[ForeignObjectError("Secret a"), ForeignObjectError("Provider b")])
    lines = said.after(blocked)
    assert [line["event"] for line in lines] == ["certificate.blocked"] * 2
    assert {line["problem"] for line in lines} == {"Secret a", "Provider b"}
    assert said.after(blocked) == []
    assert said.health.events[-1] == (SourceName.CERTIFICATES, SourceProblem.FOREIGN)
    assert said.after(CertificateReport()) == []
    assert [line["event"] for line in said.after(blocked)] == ["certificate.blocked"] * 2


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (NoAuthorityError("no ca.crt"), SourceProblem.ABSENT),
        (ForeignObjectError("theirs"), SourceProblem.FOREIGN),
        (AccessDeniedError("403"), SourceProblem.FORBIDDEN),
    ],
)
def test_each_fault_has_its_word_in_health(said, fault, problem):
    said.after(CertificateReport(faults=[fault]))
    assert said.health.events == [(SourceName.CERTIFICATES, problem)]
    assert said.health.said == [fault.message]


def test_missing_right_is_no_case_for_a_person_of_certificates(said):
    assert said.after(CertificateReport(faults=[AccessDeniedError("403")])) == []


def test_repaired_provider_is_said(said):
    (line,) = said.after(CertificateReport(repaired=["Provider bestbefore"]))
    assert (line["event"], line["level"], line["object"]) == ("object.repaired", "warning", "Provider bestbefore")
