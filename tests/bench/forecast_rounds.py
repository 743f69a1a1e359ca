"""Rounds of the forecast over the large cluster, in a process of its own: `python -m tests.bench.forecast_rounds`.

Prints a line of JSON when the cluster is there, and one for each round: what it took, and how many of what.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, CUSTOM_RESOURCE_DEFINITIONS, WAIVERS, constraints
from gatekeeper.controller.cluster_forecaster import ClusterForecaster
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.evaluation import case_facts, opa
from gatekeeper.evaluation.evaluator import ConstraintReview
from gatekeeper.evaluation.facts import RecordedFacts
from gatekeeper.evaluation.opa import Opa, Printout
from gatekeeper.evaluation.program import NOTHING, StubAnswers
from gatekeeper.freshness.announcement.announcements import Announcements, Listeners, WorkloadUids
from gatekeeper.freshness.announcement.events import WorkloadEvents
from gatekeeper.freshness.announcement.forecast_log import ForecastLog
from gatekeeper.freshness.announcement.metrics import FreshnessMetrics
from gatekeeper.freshness.announcement.reports.form import OPEN_REPORTS
from gatekeeper.freshness.announcement.reports.writer import ReportWriter
from gatekeeper.freshness.outlook import DAY, SECOND, Outlook, Verdict
from gatekeeper.translation.translate import Translation
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.log import Log
from tests.bench import large_cluster, many_policies
from tests.bench.large_cluster import LargeCluster, LargeWorkload
from tests.simulators.clock import FakeClock
from tests.simulators.sources import HealthSimulator

# 2026-12-01T12:00:00Z. The ages of the images are so that no class changes in the first 110 minutes.
_NOW: Final = 1_796_126_400.0
# After a round all is written before the next one begins: when nothing was for so long, as long as from one round to
# the next, all has been said; and in that time at most.
_QUIET_SECONDS: Final = 600.0
_WRITING_SECONDS: Final = 3_600.0
_LOOK_SECONDS: Final = 5.0
_ALL: Final = range(large_cluster.IMAGES)


@dataclass(frozen=True)
class CountedOpa(Opa):
    """The real opa, which counts its evaluations."""

    runs: list[str] = field(default_factory=list)

    def evaluate(self, folder: Path, query: str) -> Printout:
        """See `Engine.evaluate`."""
        self.runs.append(query)
        return super().evaluate(folder, query)


class CountedFacts:
    """Implements `FactSource` by recorded facts of all images, and counts what is asked."""

    def __init__(self, translations: Sequence[Translation]) -> None:
        self.keys: list[str] = []
        facts = {
            name: case_facts.completed(name, _fact(number)) for number in _ALL for name in large_cluster.names(number)
        }
        self._facts = RecordedFacts(facts).named(translations)

    def answers(self, keys: Sequence[str]) -> StubAnswers:
        """See `FactSource`."""
        self.keys += keys
        return self._facts.answers(keys)

    def at_hand(self, _cases: Sequence[ConstraintReview], _images: Sequence[str]) -> StubAnswers:
        """See `FactSource`."""
        return NOTHING


class LargeWorld:
    """The cluster with its policies, and all that looks ahead and announces."""

    def __init__(self) -> None:
        translations = many_policies.policies()
        self.cluster, self.clock = LargeCluster(), FakeClock(_NOW)
        self.engine, self.facts = CountedOpa(opa.find().path), CountedFacts(translations)
        self._fill(translations)
        uids, health = WorkloadUids(), HealthSimulator()
        log = Log(io.StringIO(), LogLevel.ERROR, LogFormat.JSON, self.clock)
        listeners = Listeners(
            FreshnessMetrics.of(DenialMetrics()),
            ForecastLog(log),
            WorkloadEvents(self.cluster, uids.uid, "control-0", health, self.clock),
            ReportWriter(self.cluster, uids.uid, health, self.clock),
        )
        self.announcements = Announcements(listeners, uids, self.clock)
        self.forecaster = ClusterForecaster(self.cluster, lambda: self.engine, lambda: nullcontext(self.facts), "team")

    def _fill(self, translations: Sequence[Translation]) -> None:
        for template in {id(each.template): each.template for each in translations}.values():
            self.cluster.add(CONSTRAINT_TEMPLATES, template)
        for made in (made for each in translations for made in each.constraints):
            self.cluster.add(constraints(made["kind"]), made)
        versions = {"versions": [{"name": OPEN_REPORTS.resource.version, "served": True}]}
        self.cluster.add(CUSTOM_RESOURCE_DEFINITIONS, {"metadata": {"name": OPEN_REPORTS.definition}, "spec": versions})
        for each in many_policies.waivers(_time(-5), _time(20)):
            self.cluster.add(WAIVERS, each)

    def round(self) -> Mapping[str, Any]:
        """One round, and all that is written about it."""
        figures = self._look()
        own = _processor(resource.RUSAGE_SELF)
        minutes = self._say() / 60
        telling = {"telling": _processor(resource.RUSAGE_SELF) - own, "minutes": minutes}
        return {**figures, **telling, "writes": self.cluster.requests["write"]}

    def _look(self) -> Mapping[str, Any]:
        """What a round took; nothing else of it is kept here while it is announced."""
        self.engine.runs.clear()
        self.facts.keys.clear()
        self.cluster.requests.clear()
        begun, own, others = time.monotonic(), _processor(resource.RUSAGE_SELF), _processor(resource.RUSAGE_CHILDREN)
        sight = self.forecaster.look(int(self.clock.now() * SECOND))
        found = self.announcements.take(sight.outlooks, sight.uids)
        return {
            "seconds": time.monotonic() - begun,
            "own": _processor(resource.RUSAGE_SELF) - own,
            "opa": _processor(resource.RUSAGE_CHILDREN) - others,
            "runs": len(self.engine.runs),
            "keys": len(self.facts.keys),
            "requests": self.cluster.requests["list"],
            "outlooks": len(found.outlooks),
            "unknown": sum(map(_is_unknown, found.outlooks)),
            "gaps": [*sight.gaps, *sight.problems],
        }

    def _say(self) -> float:
        """Say all that there is to say, and how long that took on the world's clock, seconds."""
        begun = last = self.clock.now()
        said = 0
        while self.clock.now() - last < _QUIET_SECONDS:
            assert self.clock.now() - begun < _WRITING_SECONDS, "not all has been said in time"
            self.announcements.look()
            self.clock.advance(_LOOK_SECONDS)
            if self.cluster.requests["write"] > said:
                said, last = self.cluster.requests["write"], self.clock.now()
        return last - begun


def main() -> None:
    """The first round, the second, and one with a new Deployment."""
    world = LargeWorld()
    _print("world", {})
    for name in ("first", "second", "new"):
        if name == "new":
            world.cluster.more.append(LargeWorkload(299 + 3 * large_cluster.IMAGES * 20, "Deployment", 3))
        _print(name, world.round())


def _print(name: str, figures: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps({"round": name, **figures}) + "\n")
    sys.stdout.flush()


def _fact(number: int) -> Mapping[str, Any]:
    """Of an image: its age is up to two months, some run as root, most are signed."""
    user = {
        "User": "" if number % 8 == 0 else "1000",
        "Labels": {"org.opencontainers.image.source": "https://example.com"},
    }
    return {
        "digest": large_cluster.digest(number),
        "created": _time(-number * 0.2 - 0.123),
        "signed": [{"by": each} for each in many_policies.SIGNERS if number % 11],
        "config": {"linux/amd64": {"config": user}},
    }


def _time(days: float) -> str:
    return datetime.fromtimestamp(_NOW + days * DAY // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_unknown(outlook: Outlook) -> bool:
    return any(turn.verdict is Verdict.UNKNOWN for turn in outlook.turns)


def _processor(who: int) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
