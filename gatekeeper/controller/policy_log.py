"""What the controller says in its log, and of its health, about policies of the cluster: what changes, once."""

from __future__ import annotations

from gatekeeper.denials.events import ControllerEvent
from gatekeeper.denials.logs.health import SourceHealth, SourceName, problem_of
from gatekeeper.reconciliation.report import PolicyReport, PolicyState, RoundReport
from provider.telemetry.log import Log


class PolicyLog:
    """Implements `PolicyReports`.

    Args:
        log: where it is written.
        health: takes note whether the cluster did what we asked.
    """

    def __init__(self, log: Log, health: SourceHealth) -> None:
        self._log = log
        self._health = health
        self._said: dict[str, tuple[object, ...]] = {}

    def take(self, found: RoundReport) -> None:
        """See `PolicyReports`."""
        self._say_health(found)
        for name in found.repaired:
            words = "an object of a policy was changed or deleted by somebody, and is as it should be again"
            self._log.warning(ControllerEvent.OBJECT_REPAIRED, words, object=name)
        for name in found.removed:
            self._log.info(ControllerEvent.POLICY_REMOVED, "a policy ended with its object", policy=name)
        self._say_held([each for each in found.policies if each.state is PolicyState.HELD])
        for each in found.policies:
            if each.state is not PolicyState.HELD:
                self._say(each)
        names = {each.name for each in found.policies}
        if found.known:
            self._said = {name: said for name, said in self._said.items() if name in names}

    def _say_health(self, found: RoundReport) -> None:
        if not found.faults:
            self._health.succeeded(SourceName.POLICIES)
        for fault in found.faults:
            self._health.failed(SourceName.POLICIES, problem_of(fault), fault.message)

    def _say(self, report: PolicyReport) -> None:
        said = (report.uid, report.generation, report.state, report.reason)
        if self._said.get(report.name) == said:
            return
        self._said[report.name] = said
        fields = {
            "policy": report.name,
            "generation": report.generation,
            "state": report.state.value,
            "reason": report.reason.value,
        }
        if report.state in {PolicyState.ENFORCED, PolicyState.WARN, PolicyState.SHADOW}:
            self._log.info(ControllerEvent.POLICY_APPLIED, report.message, **fields)
        elif report.state in {PolicyState.REJECTED, PolicyState.PARTIAL}:
            self._log.warning(ControllerEvent.POLICY_REJECTED, report.message, **fields)

    def _say_held(self, held: list[PolicyReport]) -> None:
        fresh = [each for each in held if self._said.get(each.name) != (each.uid, each.state, each.reason)]
        if fresh:
            names = [each.name for each in held]
            fields = {"policies": names, "reason": fresh[0].reason.value}
            self._log.error(ControllerEvent.POLICIES_HELD, fresh[0].message, **fields)
        for each in held:
            self._said[each.name] = each.uid, each.state, each.reason
