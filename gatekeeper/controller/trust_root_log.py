"""What the controller says in its log, its metrics, and of its health, about the cluster's trust roots."""

from __future__ import annotations

from typing import Final

from gatekeeper.cluster.errors import ClusterError
from gatekeeper.cluster.times import whole_time
from gatekeeper.denials.events import ControllerEvent
from gatekeeper.denials.ledger.trust_root_metrics import ShownRoot, TrustRootMetrics
from gatekeeper.denials.logs.health import SourceHealth, SourceName, SourceProblem, problem_of
from gatekeeper.trustroots.errors import ForeignConfigMapError
from gatekeeper.trustroots.report import RootReport, RootRoundReport
from provider.telemetry.log import Log

_AWAITED, _IN_FORCE, _REMOVED = "handed_over", "in_force", "removed"
_WORDS: Final = {
    _AWAITED: "a trust root was handed over to the provider; policies ask for it when every Pod has it",
    _IN_FORCE: "every Pod of the provider has a trust root: policies ask for it",
    _REMOVED: "a trust root is handed over no more: who asks for it is refused",
}


class TrustRootLog:
    """Implements `RootReports`.

    Args:
        log: where it is written.
        health: takes note whether all is as it should be.
        metrics: show each trust root.
    """

    def __init__(self, log: Log, health: SourceHealth, metrics: TrustRootMetrics) -> None:
        self._log = log
        self._health = health
        self._metrics = metrics
        self._states: dict[str, tuple[str, str]] = {}
        self._problems: dict[str, str] = {}

    def take(self, found: RootRoundReport) -> None:
        """See `RootReports`."""
        for repaired in found.repaired:
            words = "an object was changed or deleted by somebody, and is as it should be again"
            self._log.warning(ControllerEvent.OBJECT_REPAIRED, words, object=repaired)
        if found.known:
            for each in found.roots:
                self._say(each)
            for name in found.removed:
                self._say_state(name, "", _REMOVED)
            names = {each.name for each in found.roots}
            self._problems = {name: said for name, said in self._problems.items() if name in names}
            self._metrics.show([ShownRoot(each.name, each.verified, each.ends) for each in found.roots])
        self._say_health(found)

    def _say_health(self, found: RootRoundReport) -> None:
        for fault in found.faults:
            self._health.failed(SourceName.TRUST_ROOTS, _problem(fault), fault.message)
        failed = [each for each in found.roots if each.problems or each.late]
        for each in failed:
            said = f"TrustRoot {each.name}: {'; '.join(each.problems) or each.late}"
            self._health.failed(SourceName.TRUST_ROOTS, SourceProblem.UNAVAILABLE, said)
        if found.known and not (found.faults or failed):
            self._health.succeeded(SourceName.TRUST_ROOTS)

    def _say(self, root: RootReport) -> None:
        if root.newest and root.newest == root.in_force:
            self._say_state(root.name, root.in_force, _IN_FORCE, source=root.source, verified=whole_time(root.verified))
        elif root.newest and root.verified:
            self._say_state(root.name, root.newest, _AWAITED, source=root.source, verified=whole_time(root.verified))
        said = "; ".join([*root.problems, *([root.late] if root.late else [])])
        if said and self._problems.get(root.name) != said:
            words = "a trust root is not as new as it should be; the last good one is used for a while"
            fields = {"trust_root": root.name, "digest": root.in_force, "problem": said}
            self._log.warning(ControllerEvent.TRUST_ROOT_FAILED, words, **fields)
        self._problems[root.name] = said

    def _say_state(self, name: str, digest: str, state: str, **fields: object) -> None:
        """Once while it lasts."""
        if self._states.get(name) != (digest, state):
            self._states[name] = digest, state
            given = {"trust_root": name, "digest": digest, "state": state, **fields}
            self._log.info(ControllerEvent.TRUST_ROOT_REFRESHED, _WORDS[state], **given)


def _problem(fault: ClusterError) -> SourceProblem:
    return SourceProblem.FOREIGN if isinstance(fault, ForeignConfigMapError) else problem_of(fault)
