"""The Waivers of a cluster: what is written of them, how often, and what is said."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from gatekeeper.cluster.errors import AccessDeniedError, ClusterUnavailableError, ObjectAbsentError, ObjectInvalidError
from gatekeeper.cluster.resource import CONSTRAINT_TEMPLATES, PODS, SYNC_SETS, WAIVERS, constraints
from gatekeeper.cluster.times import whole_time
from gatekeeper.controller.referential_rules import ReferentialRules
from gatekeeper.controller.waiver_rounds import WaiverParts, WaiverRounds, copies, sync_set
from gatekeeper.controller.waiver_uses import WaiverUses
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.ledger.reports import NoReports
from gatekeeper.denials.logs.health import SourceName, SourceProblem
from provider.settings.values import LogFormat, LogLevel
from provider.telemetry.log import Log
from tests.simulators.clock import FakeClock
from tests.simulators.cluster import ClusterSimulator
from tests.simulators.sources import HealthSimulator
from tests.unit.waivers.texts import synced

HOME = "gatekeeper-system"
DAY = 86400.0


class Copies:
    """Implements `WaiverCopies`."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}

    def count(self, address: str) -> int:
        """See `WaiverCopies`."""
        if address not in self.of:
            raise OSError("no answer")
        return self.of[address]


class Scene:
    """A cluster with Gatekeeper, a policy that takes Waivers, and the controller's rounds."""

    def __init__(self) -> None:
        self.cluster = ClusterSimulator()
        self.clock = FakeClock()
        self.metrics = DenialMetrics()
        self.health = HealthSimulator()
        self.copies = Copies()
        self.text = io.StringIO()
        self.uses = WaiverUses(NoReports())
        self.writes = True
        self.rules = ReferentialRules(self.cluster, HOME)
        self.rounds = WaiverRounds(self.cluster, self.parts())
        self.pod("gatekeeper-0", "10.0.0.1")
        source = {"rego": "package x", "libs": ["package lib.bestbefore.answers\n"]}
        spec = {
            "crd": {"spec": {"names": {"kind": "Age"}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "code": [{"engine": "Rego", "source": source}]}],
        }
        self.cluster.add(CONSTRAINT_TEMPLATES, {"metadata": {"name": "age"}, "spec": spec})
        given = {"name": "maximum-image-age", "waivers": {"allowed": True}}
        self.cluster.add(constraints("Age"), {"metadata": {"name": "age"}, "spec": {"parameters": given}})

    def parts(self) -> WaiverParts:
        log = Log(self.text, LogLevel.INFO, LogFormat.JSON, self.clock)
        return WaiverParts(
            self.rules, self.uses, self.copies, self.metrics.waivers, self.health, log, self.clock, lambda: self.writes
        )

    def pod(self, name: str, address: str, *arguments: str) -> None:
        labels = {"control-plane": "controller-manager", "gatekeeper.sh/system": "yes"}
        spec = {"containers": [{"name": "manager", "args": list(arguments)}]}
        metadata = {"name": name, "namespace": HOME, "labels": labels}
        self.cluster.add(PODS, {"metadata": metadata, "spec": spec, "status": {"podIP": address}})

    def restart(self) -> None:
        """Another process, which has seen nothing yet."""
        self.uses = WaiverUses(NoReports())
        self.rounds = WaiverRounds(self.cluster, self.parts())

    def waiver(self, name: str = "late", days: float = 30, **changes: Any) -> None:
        now = self.clock.now()
        made = synced(name, created=whole_time(now), until=whole_time(now + days * DAY), **changes)
        self.cluster.add(WAIVERS, made)

    def events(self) -> list[tuple[str, str, str]]:
        lines = [json.loads(line) for line in self.text.getvalue().splitlines()]
        return [(each["event"], each["waiver"], each["state"]) for each in lines]

    def written(self) -> list[str]:
        return [each for each in self.cluster.writes if " Waiver " in each]

    def status(self, name: str = "late") -> dict[str, Any]:
        return next(each for each in self.cluster.objects(WAIVERS) if each["metadata"]["name"] == name).get(
            "status", {}
        )

    def conditions(self, name: str = "late") -> dict[str, str]:
        return {each["type"]: each["status"] for each in self.status(name).get("conditions", [])}

    def sample(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(name, labels)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_gatekeeper_is_given_the_sync_set_again_and_again(scene: Scene) -> None:
    scene.rounds.look()
    assert [each["spec"] for each in scene.cluster.objects(SYNC_SETS)] == [sync_set()["spec"]]
    scene.cluster.remove(SYNC_SETS, "bestbefore-waivers")
    scene.rounds.look()
    assert len(scene.cluster.objects(SYNC_SETS)) == 1


def test_who_has_not_the_lease_writes_nothing(scene: Scene) -> None:
    scene.waiver()
    scene.writes = False
    scene.rounds.look()
    assert scene.cluster.objects(SYNC_SETS) == []
    assert scene.status() == {}


def test_waiver_that_holds_is_accepted_and_active(scene: Scene) -> None:
    scene.waiver()
    scene.rounds.look()
    assert scene.conditions() == {"Accepted": "True", "Active": "True", "InUse": "False"}
    assert scene.sample("bestbefore_waivers", state="unused") == 1
    assert scene.health.events == [(SourceName.WAIVERS, None)]


def test_use_is_shown_with_day_and_workload(scene: Scene) -> None:
    scene.waiver()
    scene.uses.take("late", scene.clock.now(), "Deployment shop/web")
    scene.rounds.look()
    assert scene.conditions()["InUse"] == "True"
    assert scene.status()["workloads"] == ["Deployment shop/web"]
    assert scene.sample("bestbefore_waivers", state="in_use") == 1
    assert scene.events() == [("waiver.changed", "late", "in_use")]


def test_waiver_that_is_made_anew_is_another_one(scene: Scene) -> None:
    """Most fields are immutable: who has to change one deletes the Waiver, and applies it again."""
    scene.waiver(policies=["unknown"])
    scene.rounds.look()
    scene.cluster.remove(WAIVERS, "late")
    scene.clock.advance(60)
    scene.waiver()
    scene.rounds.look()
    assert scene.conditions() == {"Accepted": "True", "Active": "True", "InUse": "False"}
    assert scene.events() == [
        ("waiver.changed", "late", "idle"),
        ("waiver.removed", "late", "idle"),
        ("waiver.changed", "late", "unused"),
    ]


def test_what_a_waiver_let_pass_does_not_count_for_the_next_one_of_its_name(scene: Scene) -> None:
    scene.waiver()
    scene.uses.take("late", scene.clock.now(), "Deployment shop/web")
    scene.rounds.look()
    scene.cluster.remove(WAIVERS, "late")
    scene.waiver()
    scene.rounds.look()
    assert scene.conditions()["InUse"] == "False"
    assert "workloads" not in scene.status()
    assert scene.sample("bestbefore_waivers", state="in_use") == 0


def test_waiver_that_says_something_else_stands_in_the_log_anew(scene: Scene) -> None:
    scene.waiver()
    scene.rounds.look()
    (there,) = scene.cluster.objects(WAIVERS)
    sooner = whole_time(scene.clock.now() + DAY)
    scene.cluster.replace(WAIVERS, {**there, "spec": {**there["spec"], "until": sooner}})
    scene.rounds.look()
    lines = [json.loads(line) for line in scene.text.getvalue().splitlines()]
    assert [each["until"] for each in lines] == [there["spec"]["until"], sooner]


def test_restart_takes_no_use_back(scene: Scene) -> None:
    scene.waiver()
    scene.uses.take("late", scene.clock.now(), "Deployment shop/web")
    scene.rounds.look()
    said = scene.status()
    scene.clock.advance(2 * 3600)
    scene.restart()
    scene.rounds.look()
    assert scene.status() == said
    assert scene.sample("bestbefore_waivers", state="in_use") == 1
    scene.clock.advance(2 * DAY)
    scene.rounds.look()
    assert scene.conditions()["InUse"] == "False"
    assert scene.status()["lastUsedDate"] == said["lastUsedDate"]


def test_line_of_a_day_that_is_over_shows_no_workload_of_it(scene: Scene) -> None:
    scene.waiver()
    scene.uses.take("late", scene.clock.now(), "Deployment shop/today")
    scene.uses.take("late", scene.clock.now() - DAY, "Deployment shop/yesterday")
    scene.rounds.look()
    assert scene.status()["workloads"] == ["Deployment shop/today"]


@pytest.mark.parametrize(
    ("ahead", "active", "message"),
    [(30, "True", ""), (7200, "False", "it does not hold before 2026-11-25T00:40:00Z")],
    ids=["a-little", "hours"],
)
def test_clock_of_the_api_server_that_is_ahead(scene: Scene, ahead: float, active: str, message: str) -> None:
    """As templates have it: the clocks of a cluster may differ by an hour."""
    scene.clock.step(ahead)
    scene.waiver()
    scene.clock.step(-ahead)
    scene.rounds.look()
    (found,) = [each for each in scene.status()["conditions"] if each["type"] == "Active"]
    assert (found["status"], found["message"]) == (active, message)


def test_status_is_written_at_most_once_an_hour(scene: Scene) -> None:
    scene.waiver()
    scene.rounds.look()
    written = len(scene.written())
    for number in range(5):
        scene.clock.advance(600)
        scene.uses.take("late", scene.clock.now(), f"Deployment shop/web-{number}")
        scene.rounds.look()
    assert len(scene.written()) == written
    scene.clock.advance(700)
    scene.rounds.look()
    assert len(scene.written()) == written + 1
    assert len(scene.status()["workloads"]) == 5


def test_status_that_is_refused_holds_up_no_other_and_is_said(scene: Scene) -> None:
    """As of a Waiver that a cluster has from a time at which its definition asked for less."""
    scene.cluster.fail("apply waivers a", ObjectInvalidError("apply the status of Waiver a: 422 spec.owner: Required"))
    for name in ("a", "b"):
        scene.waiver(name)
    scene.rounds.look()
    assert scene.conditions("b")["Active"] == "True"
    assert (SourceName.WAIVERS, SourceProblem.INVALID) in scene.health.events


def test_status_that_stays_refused_is_said_in_each_round_and_tried_again_after_an_hour(scene: Scene) -> None:
    error = ObjectInvalidError("apply the status of Waiver a: 422 spec.owner: Required")
    scene.cluster.fail("apply waivers a", error)
    scene.waiver("a")
    for _ in range(3):
        scene.rounds.look()
        scene.clock.advance(60)
    assert scene.health.events == [(SourceName.WAIVERS, SourceProblem.INVALID)] * 3
    scene.cluster.recover()
    scene.clock.advance(3600)
    scene.rounds.look()
    assert scene.conditions("a")["Active"] == "True"
    assert scene.health.events[-1] == (SourceName.WAIVERS, None)


def test_refusal_goes_with_its_waiver(scene: Scene) -> None:
    scene.cluster.fail("apply waivers a", ObjectInvalidError("apply the status of Waiver a: 422"))
    scene.waiver("a")
    scene.rounds.look()
    scene.cluster.remove(WAIVERS, "a")
    scene.rounds.look()
    assert scene.health.events[-1] == (SourceName.WAIVERS, None)


def test_nothing_is_written_where_nothing_changes(scene: Scene) -> None:
    scene.waiver()
    scene.rounds.look()
    before = scene.written()
    for _ in range(24):
        scene.clock.advance(3600)
        scene.rounds.look()
    assert scene.written() == before


@pytest.mark.parametrize(
    ("changes", "state", "active"),
    [
        ({"policies": ["unknown"]}, "idle", "False"),
        ({"images": ["registry.test/agent:1"]}, "invalid", "False"),
        ({"days": 100}, "idle", "False"),
        ({"policies": ["unknown", "maximum-image-age"]}, "unused", "True"),
    ],
    ids=["no-policy", "tag", "too-long", "one-of-two"],
)
def test_waiver_that_lets_nothing_pass_says_so(scene: Scene, changes: dict[str, Any], state: str, active: str) -> None:
    scene.waiver(**changes)
    scene.rounds.look()
    assert scene.conditions()["Active"] == active
    assert scene.sample("bestbefore_waivers", state=state) == 1
    assert any(each["message"] for each in scene.status()["conditions"] if each["type"] in {"Accepted", "Active"})


def test_end_and_removal_stand_in_the_log_which_outlives_the_object(scene: Scene) -> None:
    scene.waiver(days=1)
    scene.rounds.look()
    scene.clock.advance(DAY + 1)
    scene.rounds.look()
    scene.cluster.remove(WAIVERS, "late")
    scene.rounds.look()
    assert scene.events() == [
        ("waiver.changed", "late", "unused"),
        ("waiver.changed", "late", "ended"),
        ("waiver.removed", "late", "ended"),
    ]


def test_what_ends_soon_and_emergencies_are_counted_apart(scene: Scene) -> None:
    scene.waiver("soon", days=13)
    scene.waiver("later", days=15)
    scene.waiver("emergency", days=0.5, policies=["*"], breakGlass=True, ticket="SEC-12")
    scene.rounds.look()
    assert scene.sample("bestbefore_waivers_watched", why="ending") == 2
    assert scene.sample("bestbefore_waivers_watched", why="break_glass") == 1


def test_pods_with_other_copies_than_the_cluster_are_counted(scene: Scene) -> None:
    scene.waiver()
    scene.pod("gatekeeper-1", "10.0.0.2")
    scene.pod("gatekeeper-2", "10.0.0.3")
    scene.copies.of = {"10.0.0.1": 1, "10.0.0.2": 2}
    scene.rounds.look()
    results = {each: scene.sample("bestbefore_waiver_copies", result=each) for each in ("same", "different", "unknown")}
    assert results == {"same": 1, "different": 1, "unknown": 1}


def test_without_referential_rules_no_template_reads_waivers(scene: Scene) -> None:
    assert scene.rules.on()
    scene.waiver()
    scene.pod("gatekeeper-1", "10.0.0.2", "--enable-referential-rules=false")
    scene.rounds.look()
    assert not scene.rules.on()
    assert scene.health.events == [(SourceName.WAIVERS, SourceProblem.INVALID)]
    assert "--enable-referential-rules=false" in scene.health.said[0]
    assert scene.conditions()["Active"] == "False"
    assert "--enable-referential-rules=false" in str(scene.status())
    assert scene.sample("bestbefore_waivers", state="idle") == 1


def test_without_a_pod_of_gatekeeper_nobody_is_said_to_have_switched_anything_off(scene: Scene) -> None:
    scene.cluster.remove(PODS, "gatekeeper-0", HOME)
    scene.rounds.look()
    assert scene.health.said[0].startswith("no Pod of Gatekeeper is there")


def test_without_sync_sets_each_waiver_says_that_it_lets_nothing_pass(scene: Scene) -> None:
    scene.cluster.without(SYNC_SETS)
    scene.waiver()
    scene.rounds.look()
    assert scene.health.events == [(SourceName.WAIVERS, SourceProblem.ABSENT)]
    assert scene.conditions()["Active"] == "False"
    assert scene.events() == [("waiver.changed", "late", "idle")]


def test_sync_set_that_cannot_be_written_now_holds_up_nothing_else(scene: Scene) -> None:
    scene.cluster.fail("apply syncsets", ClusterUnavailableError("apply SyncSet bestbefore-waivers: 503"))
    scene.waiver()
    scene.rounds.look()
    assert scene.health.events == [(SourceName.WAIVERS, SourceProblem.UNAVAILABLE)]
    assert scene.conditions()["Active"] == "True", "Gatekeeper keeps the copies that it has"


def test_while_nobody_knows_no_template_reads_waivers(scene: Scene) -> None:
    scene.cluster.fail("pods", AccessDeniedError("list pods: 403"))
    assert not scene.rules.on()
    scene.cluster.recover()
    assert scene.rules.on()
    scene.cluster.fail("pods", AccessDeniedError("list pods: 403"))
    assert scene.rules.on()


@pytest.mark.parametrize(
    "error", [AccessDeniedError("list waivers: 403"), ObjectAbsentError("no such kind")], ids=["forbidden", "no-kind"]
)
def test_waivers_that_cannot_be_read_are_a_source_that_fails(scene: Scene, error: Exception) -> None:
    scene.cluster.fail("waivers", error)
    scene.rounds.look()
    assert [source for source, problem in scene.health.events if problem] == [SourceName.WAIVERS]
    assert scene.sample("bestbefore_waivers", state="unused") is None


def test_copies_are_read_of_gatekeepers_metrics() -> None:
    text = (
        "# TYPE gatekeeper_sync gauge\n"
        'gatekeeper_sync{kind="Waiver",status="active"} 3\n'
        'gatekeeper_sync{kind="Waiver",status="error"} 2\n'
        'gatekeeper_sync{kind="Pod",status="active"} 9\n'
    )
    assert copies(text) == 3
    assert copies("gatekeeper_constraints 1\n") == 0
    with pytest.raises(ValueError, match="Gatekeeper"):
        copies("up 1\n")


def test_more_than_500_waivers_are_a_problem_that_is_said(scene: Scene) -> None:
    for number in range(501):
        scene.waiver(f"w{number}")
    scene.rounds.look()
    assert scene.sample("bestbefore_waivers", state="unused") == 501
    assert "501 Waivers" in scene.health.said[0]
