"""Rounds of the forecast: what cannot be read whole changes nothing that was announced."""

from __future__ import annotations

import io
import json
import os
import threading

import pytest

from gatekeeper.cluster.errors import AccessDeniedError
from gatekeeper.controller.forecast_rounds import ForecastRounds, Sight
from gatekeeper.controller.limits import FORECAST_NICE
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from gatekeeper.evaluation.opa import NoVerdictError
from gatekeeper.freshness.announcement.announcements import Announcements, Listeners, WorkloadUids
from gatekeeper.freshness.announcement.forecast_log import ForecastLog
from gatekeeper.freshness.announcement.metrics import FreshnessMetrics
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.log import Log
from tests.simulators.clock import FakeClock
from tests.simulators.sources import HealthSimulator
from tests.unit.freshness.announcement.samples import NOW, POLICY, outlook


class ForecasterSimulator:
    """Implements `Forecaster`: it sees what a test says, or raises it."""

    def __init__(self) -> None:
        self.sight: Sight | Exception = Sight([outlook(days=3)], {}, 1)
        self.asked: list[int] = []

    def look(self, now: int) -> Sight:
        self.asked.append(now)
        if isinstance(self.sight, Exception):
            raise self.sight
        return self.sight


class World:
    """Rounds over a forecaster."""

    def __init__(self) -> None:
        self.clock, self.health, self.lines = FakeClock(), HealthSimulator(), io.StringIO()
        self.denials, self.forecaster = DenialMetrics(), ForecasterSimulator()
        log = Log(self.lines, LogLevel.INFO, LogFormat.JSON, self.clock)
        listeners = Listeners(FreshnessMetrics.of(self.denials), ForecastLog(log))
        self.announcements = Announcements(listeners, WorkloadUids(), self.clock)
        self.rounds = ForecastRounds(self.forecaster, self.announcements, self.health, log, self.clock)

    def step(self) -> None:
        self.rounds.step()
        self.announcements.look()

    def running(self) -> float | None:
        labels = {"resource_namespace": "shop", "policy": POLICY, "due": "3d"}
        return self.denials.registry.get_sample_value("bestbefore_running_containers", labels)


def test_round_is_told_and_its_end_is_logged() -> None:
    world = World()
    world.step()
    assert world.forecaster.asked == [NOW]
    assert world.running() == 2
    assert world.health.events == [(SourceName.INVENTORY, None)]
    (finished,) = [each for each in map(json.loads, world.lines.getvalue().splitlines()) if "outlooks" in each]
    assert finished["event"] == "forecast.finished"
    assert (finished["outlooks"], finished["policies"], finished["due"]) == (1, 1, {"3d": 2})


@pytest.mark.parametrize(
    ("sight", "problem"),
    [
        (AccessDeniedError("list pods: 403"), SourceProblem.FORBIDDEN),
        (NoVerdictError("EngineMissing", "there is no opa"), SourceProblem.UNAVAILABLE),
        (Sight([], {}, 1, gaps=["pods could not be read to the end"]), SourceProblem.UNAVAILABLE),
    ],
    ids=["forbidden", "no-opa", "half"],
)
def test_what_was_announced_stays_when_a_round_fails(sight: Sight | Exception, problem: SourceProblem) -> None:
    world = World()
    world.step()
    world.forecaster.sight = sight
    world.step()
    assert world.running() == 2
    assert world.health.events[-1] == (SourceName.INVENTORY, problem)


def test_what_is_left_out_is_said_and_the_rest_is_told() -> None:
    world = World()
    world.forecaster.sight = Sight([outlook(days=3)], {}, 1, problems=["one policy is not forecast"])
    world.step()
    assert world.running() == 2
    assert world.health.events == [(SourceName.INVENTORY, SourceProblem.INVALID)]
    assert world.health.said == ["one policy is not forecast"]


def test_rounds_stand_behind_other_work_and_nothing_else_does() -> None:
    world, stop = World(), threading.Event()
    found: list[int] = []

    class Watching:
        """Implements `Forecaster`: notes the priority of its thread."""

        def look(self, now: int) -> Sight:
            found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            stop.set()
            return Sight([], {}, 0)

    log = Log(world.lines, LogLevel.INFO, LogFormat.JSON, world.clock)
    rounds = ForecastRounds(Watching(), world.announcements, world.health, log, world.clock)
    before = os.getpriority(os.PRIO_PROCESS, 0)
    thread = threading.Thread(target=rounds.run, args=(stop,))
    thread.start()
    thread.join(20)
    assert found == [FORECAST_NICE]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_rounds_end_when_they_are_told_to() -> None:
    world, stop = World(), threading.Event()
    thread = threading.Thread(target=world.rounds.run, args=(stop,))
    thread.start()
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
