"""Doctor as metrics: one number a check and severity, and whether anything could be read."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge

from gatekeeper.cluster import resource
from gatekeeper.cluster.errors import AccessDeniedError, ClusterUnavailableError
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from gatekeeper.doctor.checks import Check
from gatekeeper.doctor.rounds import DoctorRounds
from tests.unit.doctor import world
from tests.unit.doctor.world import DoctorWorld


class _Health:
    def __init__(self) -> None:
        self.said: list[str] = []

    def succeeded(self, source: SourceName) -> None:
        self.said.append(f"{source} read")

    def failed(self, source: SourceName, problem: SourceProblem, said: str) -> None:
        self.said.append(f"{source} {problem}: {said}")


class _Rounds:
    def __init__(self, it: DoctorWorld) -> None:
        self.health = _Health()
        self.registry = CollectorRegistry()
        gauge = Gauge("doctor_findings", "Findings", ["check", "severity"], registry=self.registry)
        self.look = DoctorRounds(it.survey(), lambda: it.vantage, gauge, self.health).look

    def values(self) -> dict[str, float]:
        """Findings by `check severity`, those of none left out."""
        samples = [sample for family in self.registry.collect() for sample in family.samples]
        return {f"{each.labels['check']} {each.labels['severity']}": each.value for each in samples if each.value}

    def series(self) -> int:
        return sum(len(family.samples) for family in self.registry.collect())


def test_findings_are_counted_by_check_and_severity_and_go_when_they_are_fixed() -> None:
    it = world.good()
    rounds = _Rounds(it)
    it.cluster.delete(resource.PODS, "gatekeeper-1", world.GATEKEEPER)
    it.cluster.fail("assign", AccessDeniedError("list assign: 403"))
    rounds.look()
    assert rounds.values() == {"gatekeeper-pods warning": 1.0, "mutating-webhook warning": 1.0}
    it.cluster.recover()
    it.cluster.add(resource.PODS, world.gatekeeper_pod("gatekeeper-1"))
    rounds.look()
    assert rounds.values() == {}
    assert rounds.health.said == ["doctor read", "doctor read"]


def test_every_check_has_its_series_from_the_beginning() -> None:
    rounds = _Rounds(world.good())
    rounds.look()
    assert rounds.series() == 2 * len(Check)


def test_cluster_that_cannot_be_read_leaves_what_was_found() -> None:
    it = world.good()
    rounds = _Rounds(it)
    it.cluster.delete(resource.PODS, "gatekeeper-1", world.GATEKEEPER)
    rounds.look()
    it.fault = ClusterUnavailableError("get version: no answer")
    rounds.look()
    assert rounds.values() == {"gatekeeper-pods warning": 1.0}
    assert rounds.health.said[1].startswith("doctor unavailable: API server: the API server did not answer")
