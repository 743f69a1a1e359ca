"""What the controller says in its log, and of its health, about keys in services that policies name."""

from __future__ import annotations

from collections.abc import Sequence

from gatekeeper.denials.events import ControllerEvent
from gatekeeper.denials.logs.health import SourceHealth, SourceName, SourceProblem
from gatekeeper.reconciliation.report import PolicyReport, RoundReport
from gatekeeper.resolution.kms_keys import KeyWarning
from provider.telemetry.log import Log


class PolicyKeys:
    """Implements `PolicyReports`.

    Args:
        log: where warnings are written, each once while it lasts.
        health: takes note whether all keys could be read; one that its service says is gone was read.
    """

    def __init__(self, log: Log, health: SourceHealth) -> None:
        self._log = log
        self._health = health
        self._said: dict[str, set[tuple[int, str, str]]] = {}

    def take(self, found: RoundReport) -> None:
        """See `PolicyReports`."""
        if not found.known:
            return
        self._say_health(found.policies)
        self._said = {each.name: self._say(each) for each in found.policies}

    def _say_health(self, policies: Sequence[PolicyReport]) -> None:
        failing = {key.name: key.error for each in policies for key in each.keys if key.error and not key.gone}
        for name, error in failing.items():
            self._health.failed(SourceName.KEYS, SourceProblem.UNAVAILABLE, f"{name}: {error}")
        if not failing:
            self._health.succeeded(SourceName.KEYS)

    def _say(self, report: PolicyReport) -> set[tuple[int, str, str]]:
        """What has been said of a policy after this."""
        before = self._said.get(report.name, set())
        for each in report.warnings:
            if _mark(report, each) not in before:
                fields = {
                    "policy": report.name,
                    "generation": report.generation,
                    "reason": each.reason.value,
                    "path": each.problem.path,
                }
                self._log.warning(ControllerEvent.POLICY_WARNED, each.problem.message, **fields)
        return {_mark(report, each) for each in report.warnings}


def _mark(report: PolicyReport, warning: KeyWarning) -> tuple[int, str, str]:
    return report.generation, warning.reason.value, warning.problem.path
