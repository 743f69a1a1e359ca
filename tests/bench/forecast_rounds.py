"""Rounds of the forecast over the large cluster, in a process of its own: `python -m tests.bench.forecast_rounds`.

Prints a line of JSON for each round: what it took, and how many of what.
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

# 2026-12-01T12:00:00Z, and ten minutes a round.
_NOW: Final = 1_796_126_400.0
_ROUND_SECONDS: Final = 600.0
# So long is watched what is written: an hour after the first round, ten minutes after others. The ages of the images
# are so that no class changes meanwhile.
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

    def round(self, writing: float) -> Mapping[str, Any]:
        """One round, and what is written in so many seconds after it."""
        self.engine.runs.clear()
        self.facts.keys.clear()
        self.cluster.requests.clear()
        begun, own, others = time.monotonic(), _processor(resource.RUSAGE_SELF), _processor(resource.RUSAGE_CHILDREN)
        sight = self.forecaster.look(int(self.clock.now() * SECOND))
        found = self.announcements.take(sight.outlooks, sight.uids)
        figures = {
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
        begun, own = time.monotonic(), _processor(resource.RUSAGE_SELF)
        for _ in range(round(writing / _LOOK_SECONDS)):
            self.announcements.look()
            self.clock.advance(_LOOK_SECONDS)
        telling = {"telling": _processor(resource.RUSAGE_SELF) - own, "writes": self.cluster.requests["write"]}
        return {**figures, **telling}


def main() -> None:
    """The first round, the second, and one with a new Deployment."""
    world = LargeWorld()
    for name in ("first", "second", "new"):
        if name == "new":
            world.cluster.more.append(LargeWorkload(299 + 3 * large_cluster.IMAGES * 20, "Deployment", 3))
        figures = world.round(_WRITING_SECONDS if name == "first" else _ROUND_SECONDS)
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
