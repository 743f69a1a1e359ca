"""What the controller says in its log, its metrics, and of its health, about the provider's certificates."""

from __future__ import annotations

from typing import Final

from prometheus_client import Gauge

from gatekeeper.certificates.errors import ForeignObjectError, NoAuthorityError
from gatekeeper.certificates.report import CertificateReport
from gatekeeper.cluster.errors import ClusterError
from gatekeeper.cluster.times import whole_time
from gatekeeper.denials.events import ControllerEvent
from gatekeeper.denials.logs.health import SourceHealth, SourceName, SourceProblem, problem_of
from provider.telemetry.log import Log

_PROBLEMS: Final = {ForeignObjectError: SourceProblem.FOREIGN, NoAuthorityError: SourceProblem.ABSENT}


class CertificateLog:
    """Implements `CertificateReports`.

    Args:
        log: where it is written.
        health: takes note whether all could be read and written.
        expiries: shows when each certificate ends.
    """

    def __init__(self, log: Log, health: SourceHealth, expiries: Gauge) -> None:
        self._log = log
        self._health = health
        self._expiries = expiries
        self._blocked: frozenset[str] = frozenset()

    def take(self, found: CertificateReport) -> None:
        """See `CertificateReports`."""
        for name, ends in found.expiries.items():
            self._expiries.labels(name).set(ends)
        for each in found.issued:
            fields = {"certificate": each.name.value, "reason": each.reason.value, "ends": whole_time(each.ends)}
            self._log.info(ControllerEvent.CERTIFICATE_ISSUED, "a certificate was made", **fields)
        for repaired in found.repaired:
            words = "an object that Gatekeeper needs was changed or deleted by somebody, and is as it should be again"
            self._log.warning(ControllerEvent.OBJECT_REPAIRED, words, object=repaired)
        self._say_blocked(frozenset(each.message for each in found.faults if type(each) in _PROBLEMS))
        if not found.faults:
            self._health.succeeded(SourceName.CERTIFICATES)
        for fault in found.faults:
            self._health.failed(SourceName.CERTIFICATES, _problem(fault), fault.message)

    def _say_blocked(self, problems: frozenset[str]) -> None:
        """What only a person can change, once while it lasts."""
        for problem in sorted(problems - self._blocked):
            words = "something of the provider's certificates waits for a person"
            self._log.warning(ControllerEvent.CERTIFICATE_BLOCKED, words, problem=problem)
        self._blocked = problems


def _problem(fault: ClusterError) -> SourceProblem:
    return _PROBLEMS.get(type(fault)) or problem_of(fault)
