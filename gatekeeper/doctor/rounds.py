"""Doctor again and again, for Prometheus: how many findings each check has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from prometheus_client import Gauge

from gatekeeper.denials.logs.health import SourceHealth, SourceName, SourceProblem
from gatekeeper.doctor.checks import Check
from gatekeeper.doctor.diagnosis import diagnose
from gatekeeper.doctor.finding import FindingSeverity
from gatekeeper.doctor.installation import Vantage
from gatekeeper.doctor.survey import Survey

_COUNTED: Final = (FindingSeverity.ERROR, FindingSeverity.WARNING)


@dataclass(frozen=True)
class DoctorRounds:
    """Looks at an installation.

    Attributes:
        survey: reads it.
        vantage: what is where this runs.
        gauge: `doctor_findings{check, severity}`; what could not be judged counts as a warning.
        health: takes note whether anything could be read.
    """

    survey: Survey
    vantage: Callable[[], Vantage]
    gauge: Gauge
    health: SourceHealth

    def look(self) -> None:
        """Once. Where nothing could be read, what was found before stays."""
        found = diagnose(self.survey.read(), self.vantage())
        if found.unread:
            self.health.failed(SourceName.DOCTOR, SourceProblem.UNAVAILABLE, found.unread)
            return
        counts = Counter((each.check, each.severity) for each in found.findings)
        for check in Check:
            for severity in _COUNTED:
                self.gauge.labels(check, severity).set(counts[check, severity])
        self.health.succeeded(SourceName.DOCTOR)
