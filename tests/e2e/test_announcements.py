"""Nothing is denied that was not announced: metric, Event and report name the second, and it comes."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.controller.waiver_rounds import sync_set
from gatekeeper.documents.document import read_documents
from gatekeeper.evaluation import installed, opa
from tests import quick_yaml
from tests.e2e.rig import accounts, definition_end, objects, report_kinds, waivers
from tests.e2e.rig.control import ACCOUNT, Control, forget, rights, settings
from tests.e2e.rig.gatekeeper import NAMESPACE
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.policies import Policies
from tests.e2e.rig.processes import POLL_SECONDS, wait_until
from tests.e2e.rig.provider import RealProvider, command_line, provider_objects
from tests.e2e.rig.registry import PushedImage
from tests.e2e.rig.world import World
from tests.programs import ROOT

_SECONDS = 90.0
_LIMIT = timedelta(days=30)
_IMAGES = 20
# How long before its second an image is looked at, of the four seconds that each has.
_LOOK_SECONDS = 2.0
_VALUES = (
    "controller.forecast.enabled=true",
    "controller.forecast.teamLabel=example.com/team",
    "controller.resources.limits.memory=512Mi",
    "certificates.client.secretName=client",
)
_REPLICA_SETS = "system:serviceaccount:kube-system:replicaset-controller"


@pytest.fixture(scope="module")
def provider(cluster: World) -> Iterator[RealProvider]:
    """The real provider in the rig where controllers act."""
    real = RealProvider(cluster.provider_pair, [cluster.registry.host], cluster.logs)
    real.start()
    for provider_object in provider_objects(real.address, cluster.authority):
        cluster.apply_provider(provider_object)
    yield real
    real.stop()


@pytest.fixture(scope="module")
def policy(cluster: World, provider: RealProvider) -> Iterator[None]:
    """Images may be 30 days old, those that controllers bring back too."""
    folder = ROOT / "policies" / "maximum-image-age"
    template = quick_yaml.load((folder / "template.yaml").read_text())
    constraint = next(quick_yaml.load_all((folder / "constraint.yaml").read_text()))
    constraint["spec"]["parameters"] = {"maxAge": "30d", "reschedule": "deny", "reports": "deny"}
    policies = Policies(cluster.client)
    old = cluster.registry.push(objects.unique("old"), _created(timedelta(days=31)))
    control = objects.pod(cluster.namespace(), old.reference)
    policies.enforce([template, constraint], control)
    yield
    policies.remove(control)


@pytest.fixture(scope="module")
def kind(cluster: World) -> Iterator[None]:
    """The kind of OpenReports, as somebody else installs it."""
    definition = report_kinds.open_reports(cluster.binaries)
    cluster.client.apply(definition)
    yield
    definition_end.take_away(cluster.client, definition["metadata"]["name"])


@pytest.fixture
def control(policy: None, kind: None, start_control: Callable[[], Control]) -> Callable[[], Control]:
    """Starts the controller, with the policy in force and a kind for reports."""
    return start_control


@pytest.fixture
def start_control(cluster: World, provider: RealProvider, tmp_path: Path) -> Iterator[Callable[[], Control]]:
    """Starts the controller as the chart installs it, with the certificate of a client."""
    accounts.grant(cluster.client, rights(NAMESPACE, *_VALUES))
    kubeconfig = accounts.kubeconfig(cluster.server, NAMESPACE, ACCOUNT, tmp_path)
    chosen = settings(NAMESPACE, tmp_path, *_VALUES)
    pair = cluster.authority.issue(objects.unique("client"), server=False, client=True)
    options = [f"--forecast-certificate={pair.certificate}", f"--forecast-key={pair.key}"]
    name = objects.unique("control")
    made = Control(kubeconfig, chosen, tmp_path / "state", cluster.logs, name, options)
    forget(cluster.client, NAMESPACE)

    def start() -> Control:
        made.start()
        return made

    yield start
    made.stop()


def _created(age: timedelta) -> str:
    return f"{datetime.now(UTC) - age:%Y-%m-%dT%H:%M:%SZ}"


def _namespace(cluster: World) -> str:
    return cluster.namespace({**objects.INCLUDE, "example.com/team": "team-shop"})


def _deployment(cluster: World, namespace: str, image: PushedImage) -> Object:
    deployment = objects.workload("Deployment", namespace, image.reference)
    cluster.client.create(deployment).expect_ok()
    return deployment


def _pods_run(cluster: World, namespace: str, count: int) -> None:
    def there() -> bool:
        return len(_listed(cluster.client, f"/api/v1/namespaces/{namespace}/pods")) >= count

    wait_until(there, f"{count} Pods in {namespace}", _SECONDS)


def _events(client: KubernetesClient, namespace: str, reason: str) -> list[dict[str, Any]]:
    found = _listed(client, f"/apis/events.k8s.io/v1/namespaces/{namespace}/events")
    return [each for each in found if each.get("reason") == reason]


def _reports(client: KubernetesClient, namespace: str) -> list[dict[str, Any]]:
    return _listed(client, f"/apis/openreports.io/v1alpha1/namespaces/{namespace}/reports")


def _listed(client: KubernetesClient, path: str) -> list[dict[str, Any]]:
    return list(client.request("GET", path).body.get("items", []))


# The first one: those after it have another policy, and another kind of reports, in force.
def test_expired_workload_is_warned_at_a_scale_up_and_announced_as_a_policy_report(
    cluster: World, start_control: Callable[[], Control]
) -> None:
    policy_reports = report_kinds.policy_reports(cluster.binaries)
    cluster.client.apply(policy_reports)
    policies, documents = Policies(cluster.client), _documents()
    old = cluster.registry.push(objects.unique("expired"), _created(timedelta(days=40)))
    space = cluster.namespace(labels={"example.com/team": "team-shop"})
    deployment = _deployment(cluster, space, old)
    _pods_run(cluster, space, 1)
    judged = objects.pod(cluster.namespace(), old.reference)
    policies.enforce(documents, judged)
    try:
        cluster.label(space, objects.INCLUDE)
        running = start_control()

        def said() -> bool:
            return running.total("apply_blocked_containers", resource_namespace=space, due="expired") == 1

        wait_until(said, "metric", _SECONDS)
        path = f"/apis/wgpolicyk8s.io/v1alpha2/namespaces/{space}/policyreports"
        wait_until(lambda: bool(_listed(cluster.client, path)), "report", _SECONDS)
        (report,) = _listed(cluster.client, path)
        assert {(each["rule"], each["result"]) for each in report["results"]} >= {("apply", "fail")}
        wait_until(lambda: bool(_events(cluster.client, space, "ImageExpired")), "Event", _SECONDS)
        assert "what runs is replaced" in _events(cluster.client, space, "ImageExpired")[0]["note"]
        # A drain, a crash, a scale-up: its controller brings it back, and the API server warns.
        assert cluster.client.patch(deployment, {"spec": {"replicas": 3}}).status == 200
        _pods_run(cluster, space, 3)
        playing = cluster.client.playing(_REPLICA_SETS)
        answer = playing.create(_owned(objects.pod(space, old.reference)))
        playing.close()
        assert answer.status == 201
        assert any(old.reference in warning for warning in answer.warnings)
        assert cluster.client.create(objects.pod(space, old.reference)).status == 403, "a person's own old Pod"
    finally:
        policies.remove(judged)
        definition_end.take_away(cluster.client, policy_reports["metadata"]["name"])


def test_waiver_moves_the_announcement_to_its_end(
    cluster: World, kind: None, start_control: Callable[[], Control]
) -> None:
    created = _created(timedelta(days=27))
    image = cluster.registry.push(objects.unique("waived"), created)
    old = cluster.registry.push(objects.unique("old"), _created(timedelta(days=31)))
    policies, judged = Policies(cluster.client), objects.pod(cluster.namespace(), old.reference)
    with waivers.of_chart(cluster):
        cluster.client.apply(sync_set())
        policies.enforce(_waivable(), judged)
        try:
            namespace = _namespace(cluster)
            _deployment(cluster, namespace, image)
            _pods_run(cluster, namespace, 1)
            running = start_control()
            _wait_for_end(running, namespace, datetime.fromisoformat(created) + _LIMIT)
            until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=10)
            waiver = waivers.waiver(
                "more-time", namespace, image.reference, policies=["maximum-image-age"], until=f"{until:%FT%TZ}"
            )
            cluster.client.create(waiver).expect_ok()
            # Rounds are ten minutes apart; the first one is made at once.
            running.kill()
            running.start()
            _wait_for_end(running, namespace, until)
            # An older one, which is denied: the same for whoever looks for an image that is not.
            assert _suggested(cluster, namespace, old) is None
            of_old = waivers.waiver(
                "old-too", namespace, old.reference, policies=["maximum-image-age"], until=f"{until:%FT%TZ}"
            )
            cluster.client.create(of_old).expect_ok()
            assert _suggested(cluster, namespace, old) == f"{until:%FT%TZ}"
        finally:
            policies.remove(judged)
            cluster.client.delete(sync_set())


def test_image_of_27_days_is_announced_by_metric_event_and_report_with_its_second(
    cluster: World, control: Callable[[], Control]
) -> None:
    created = _created(timedelta(days=27))
    image = cluster.registry.push(objects.unique("aging"), created)
    ends = datetime.fromisoformat(created) + _LIMIT
    namespace = _namespace(cluster)
    deployment = _deployment(cluster, namespace, image)
    _pods_run(cluster, namespace, 1)
    running = control()

    def announced() -> bool:
        return running.total("running_containers", resource_namespace=namespace, due="3d") >= 1

    wait_until(announced, "metric", _SECONDS)
    assert running.total("best_before_timestamp_seconds", resource_namespace=namespace) == ends.timestamp()
    wait_until(lambda: bool(_events(cluster.client, namespace, "ImageExpiring")), "Event", _SECONDS)
    (event,) = _events(cluster.client, namespace, "ImageExpiring")
    there = cluster.client.get(deployment).body
    assert (event["regarding"]["kind"], event["regarding"]["uid"]) == ("Deployment", there["metadata"]["uid"])
    for words in (f"{ends:%Y-%m-%d %H:%M:%S} UTC", "ImageTooOld", "Rebuild it", "Owner: team-shop."):
        assert words in event["note"]
    wait_until(lambda: bool(_reports(cluster.client, namespace)), "report", _SECONDS)
    (report,) = _reports(cluster.client, namespace)
    assert report["metadata"]["ownerReferences"][0]["uid"] == there["metadata"]["uid"]
    (result,) = [each for each in report["results"] if each["rule"] == "reschedule"]
    assert result["properties"]["bestBefore"] == f"{ends:%Y-%m-%dT%H:%M:%SZ}"
    assert (result["result"], result["properties"]["owner"]) == ("warn", "team-shop")

    version = report["metadata"]["resourceVersion"]
    running.kill()
    # A new Pod has an empty folder, and Events live an hour.
    shutil.rmtree(running.state)
    assert cluster.client.delete({"apiVersion": "events.k8s.io/v1", "kind": "Event", **event}).ok
    # It is in the second round, too, and new.
    beside = _deployment(cluster, namespace, cluster.registry.push(objects.unique("beside"), created))
    _pods_run(cluster, namespace, 2)
    running.start()
    wait_until(lambda: bool(running.events("forecast.finished")[1:]), "second round", _SECONDS)
    wait_until(announced, "metric", _SECONDS)
    wait_until(lambda: len(_reports(cluster.client, namespace)) == 2, "report on the new one", _SECONDS)
    wait_until(lambda: bool(_events(cluster.client, namespace, "ImageExpiring")), "Event on the new one", _SECONDS)
    time.sleep(6)
    told = {each["regarding"]["name"] for each in _events(cluster.client, namespace, "ImageExpiring")}
    assert told == {beside["metadata"]["name"]}, "none anew after a restart"
    versions = {each["metadata"]["resourceVersion"] for each in _reports(cluster.client, namespace)}
    assert version in versions, "nor is the report written again"


def test_rollback_that_is_announced_as_denied_is_denied_for_every_image_of_that_revision(
    cluster: World, control: Callable[[], Control]
) -> None:
    before, stays = (cluster.registry.push(objects.unique(name), _created(timedelta(days=40))) for name in ("a", "b"))
    now = cluster.registry.push(objects.unique("now"), _created(timedelta(days=1)))
    space = cluster.namespace(labels={"example.com/team": "team-shop"})
    deployment = objects.workload("Deployment", space, before.reference, stays.reference)
    cluster.client.create(deployment).expect_ok()
    _pods_run(cluster, space, 1)
    containers = objects.containers(now.reference, stays.reference)
    change = {"spec": {"template": {"spec": {"containers": containers}}}}
    assert cluster.client.patch(deployment, change).ok
    _pods_run(cluster, space, 2)
    cluster.label(space, objects.INCLUDE)
    running = control()

    def said() -> dict[str, str]:
        lines = [each for each in running.events("freshness.forecast") if each["resource_namespace"] == space]
        return {each["image"]: each["due"] for each in lines if each["question"] == "rollback"}

    wait_until(lambda: len(said()) == 2, "announcement", _SECONDS)
    assert said() == dict.fromkeys((before.reference, stays.reference), "expired")
    # A person's update, which brings the pod template of the revision before: all of its images are judged.
    words = ("rollout", "undo", f"deployment/{deployment['metadata']['name']}", f"--namespace={space}")
    command = [str(cluster.binaries / "kubectl"), f"--kubeconfig={cluster.server.kubeconfig}", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    for image in (before, stays):
        assert image.reference in done.stderr


def test_images_flip_at_the_announced_second(
    cluster: World, control: Callable[[], Control], figures: Callable[[str], None]
) -> None:
    namespace = _namespace(cluster)
    first = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=150)
    ends = [first + timedelta(seconds=4 * number) for number in range(_IMAGES)]
    images = [cluster.registry.push(objects.unique("flips"), f"{each - _LIMIT:%Y-%m-%dT%H:%M:%SZ}") for each in ends]
    for image in images:
        _deployment(cluster, namespace, image)
    _pods_run(cluster, namespace, _IMAGES)
    running = control()
    wait_until(lambda: bool(running.events("forecast.finished")), "round", _SECONDS)

    def said() -> dict[str, str]:
        lines = [each for each in running.events("freshness.forecast") if each["resource_namespace"] == namespace]
        return {each["image"]: each["best_before"] for each in lines if each["question"] == "reschedule"}

    wait_until(lambda: len(said()) == _IMAGES, "announcements", _SECONDS)
    announced = [datetime.fromisoformat(said()[image.reference]) for image in images]
    assert announced == ends
    playing = cluster.client.playing(_REPLICA_SETS)
    try:
        found = [_flip(playing, namespace, image, moment) for image, moment in zip(images, announced, strict=True)]
    finally:
        playing.close()
    assert found == [({201}, {403})] * _IMAGES
    figures(f"images that flipped at the announced second: {found.count(({201}, {403}))} of {_IMAGES}")
    wait_until(
        lambda: running.total("running_containers", resource_namespace=namespace, due="expired") == _IMAGES,
        "expired containers",
        _SECONDS,
    )
    answer = cluster.client.create(objects.pod(namespace, images[0].reference))
    assert answer.status == 403, "a person's own old Pod"


def _wait_for_end(running: Control, namespace: str, end: datetime) -> None:
    def said() -> bool:
        return running.total("best_before_timestamp_seconds", resource_namespace=namespace) == end.timestamp()

    wait_until(said, f"{end} announced", _SECONDS)


def _suggested(cluster: World, namespace: str, image: PushedImage) -> str | None:
    """Until when `bestbefore suggest` says that an image is admitted; None where it says that none is."""
    command = [*command_line(), "suggest", image.reference, f"--namespace={namespace}", "--output=json"]
    words = [f"--kubeconfig={cluster.server.kubeconfig}", f"--insecure-registry={cluster.registry.host}"]
    done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)["suggestion"]
    return found["admittedUntil"] if found else None


def _waivable() -> list[Object]:
    """The policy as people apply it who take Waivers; what controllers bring back is judged, too."""
    folder = ROOT / "policies" / "maximum-image-age"
    given = read_documents([folder / "template.yaml"], with_lines=True)
    (template,) = installed.templates_with_library(given, opa.find(), synced_waivers=True)
    pair = list(quick_yaml.load_all((folder / "constraint.yaml").read_text()))
    for each in pair:
        each["spec"]["parameters"] |= {
            "name": "maximum-image-age",
            "maxAge": "30d",
            "reschedule": "deny",
            "waivers": {"allowed": True},
        }
    return [dict(template), *pair]


def _documents() -> list[Object]:
    """The policy as people apply it: what controllers bring back is let in with a warning."""
    folder = ROOT / "policies" / "maximum-image-age"
    texts = [(folder / name).read_text() for name in ("template.yaml", "constraint.yaml")]
    return [document for text in texts for document in quick_yaml.load_all(text)]


def _owned(pod: Object) -> Object:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "1", "controller": True}
    pod["metadata"]["ownerReferences"] = [owner]
    return pod


def _flip(client: KubernetesClient, namespace: str, image: PushedImage, moment: datetime) -> tuple[set[int], set[int]]:
    """What Pods of a controller meet that are answered before a moment, and that are asked for after it.

    One that was under way at the moment itself says nothing.
    """
    before, after = set[int](), set[int]()
    time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds() - _LOOK_SECONDS))
    while not after:
        asked = datetime.now(UTC)
        status = client.create(_owned(objects.pod(namespace, image.reference)), dry_run=True).status
        if datetime.now(UTC) < moment:
            before.add(status)
        elif asked >= moment:
            after.add(status)
        time.sleep(POLL_SECONDS)
    return before, after
