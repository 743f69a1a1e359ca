"""Gatekeeper's own deny lines: each kind of them is read, and what is counted is what Gatekeeper counted."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gatekeeper.denials.ledger.ledger import Ledger, Surroundings
from gatekeeper.denials.ledger.metrics import DenialMetrics
from gatekeeper.denials.ledger.reports import NoReports
from gatekeeper.denials.lines import deny_line
from gatekeeper.denials.lines.violation import Action, AdmissionViolation, NoVerdict
from gatekeeper.denials.logs.stream import StreamLines
from gatekeeper.denials.reports.summary import DenialSummary
from gatekeeper.denials.source import LogLine
from provider.clock import SystemClock
from tests import quick_yaml
from tests.e2e.rig import objects, stubs
from tests.e2e.rig.gatekeeper import Gatekeeper
from tests.e2e.rig.kubernetes import KubernetesClient, Object
from tests.e2e.rig.policies import Policies, expand, until
from tests.e2e.rig.processes import wait_until
from tests.e2e.rig.provider import RealProvider, provider_object
from tests.e2e.rig.registry import PushedImage
from tests.e2e.rig.stubs import StubProvider
from tests.e2e.rig.world import World
from tests.e2e.test_expansion import expansion

_POLICIES = Path(__file__).parents[2] / "policies"
_DENIED = re.compile(r'^gatekeeper_validation_request_count_total\{.*admission_status="deny".*\} (\d+)', re.MULTILINE)
_REPLICASETS = "system:serviceaccount:kube-system:replicaset-controller"


class _Log:
    """What Gatekeeper has written since a moment; a line may come a moment after the answer, as from any container."""

    def __init__(self, gatekeeper: Gatekeeper) -> None:
        self._gatekeeper = gatekeeper
        self._start = len(gatekeeper.output())
        self._denied = self._counted()

    def lines(self) -> list[str]:
        return self._gatekeeper.output()[self._start :].splitlines()

    def readings(self) -> list[deny_line.Reading]:
        return [found for line in self.lines() if (found := deny_line.read(LogLine(line))) is not None]

    def denied(self) -> int:
        """Requests that Gatekeeper itself counts as denied."""
        return self._counted() - self._denied

    def _counted(self) -> int:
        return sum(map(int, _DENIED.findall(self._gatekeeper.metrics())))


@pytest.fixture
def log(world: World) -> _Log:
    return _Log(world.gatekeeper)


def own_policy() -> list[Object]:
    """Our own template and its Constraints."""
    texts = [(_POLICIES / "maximum-image-age" / file).read_text() for file in ("template.yaml", "constraint.yaml")]
    return [document for text in texts for document in quick_yaml.load_all(text)]


def _foreign(kind: str, message: str, *, action: str = "deny", scoped: list[str] | None = None) -> list[Object]:
    """A template that is not ours, and its Constraint; the message is Rego."""
    rego = f'package foreign\nviolation[{{"msg": msg, "details": {{}}}}] {{ msg := {message} }}'
    points = [{"action": one, "enforcementPoints": [{"name": "validation.gatekeeper.sh"}]} for one in scoped or ()]
    return [
        {
            "apiVersion": "templates.gatekeeper.sh/v1",
            "kind": "ConstraintTemplate",
            "metadata": {"name": kind.lower()},
            "spec": {
                "crd": {"spec": {"names": {"kind": kind}}},
                "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": rego}],
            },
        },
        {
            "apiVersion": "constraints.gatekeeper.sh/v1beta1",
            "kind": kind,
            "metadata": {"name": kind.lower()},
            "spec": {
                "enforcementAction": action,
                **({"scopedEnforcementActions": points} if points else {}),
                "match": {
                    "kinds": [{"apiGroups": [""], "kinds": ["Pod"]}],
                    "namespaceSelector": {"matchLabels": objects.INCLUDE},
                },
            },
        },
    ]


def _violation(log: _Log, wanted: Callable[[AdmissionViolation], bool]) -> AdmissionViolation:
    def found() -> list[AdmissionViolation]:
        return [one for one in log.readings() if isinstance(one, AdmissionViolation) and wanted(one)]

    wait_until(lambda: bool(found()), "deny line", 5)
    return found()[0]


@pytest.fixture
def expanded(world: World, policies: Policies) -> Iterator[None]:
    template = expansion("deny-lines", "apps", "v1", ["Deployment"], "spec.template", ("", "v1", "Pod"))
    expand(world.client, template)
    yield
    world.client.delete(template)


def test_lines_of_our_template_say_who_what_where_and_why(
    world: World, client: KubernetesClient, provider: RealProvider, policies: Policies, old: PushedImage, log: _Log
) -> None:
    space = world.namespace()
    policies.enforce(own_policy(), control=objects.pod(space, old.reference))
    pod = objects.pod(space, old.reference)
    assert client.create(pod).status == 403
    found = _violation(log, lambda one: one.resource.name == pod["metadata"]["name"])
    assert (found.policy, found.image, found.action) == ("MaximumImageAge", old.reference, Action.DENY)
    assert found.request is not None
    assert (found.request.operation, found.request.dry_run, bool(found.uid)) == ("CREATE", False, True)
    rehearsed = objects.pod(space, old.reference)
    assert client.create(rehearsed, dry_run=True).status == 403
    assert _violation(log, lambda one: one.resource.name == rehearsed["metadata"]["name"]).dry_run
    again = objects.pod(space, old.reference)
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-6d5f", "uid": "u", "controller": True}
    again["metadata"]["ownerReferences"] = [owner]
    controller = client.playing(_REPLICASETS)
    controller.create(again)
    controller.close()
    warned = _violation(log, lambda one: one.resource.name == again["metadata"]["name"])
    assert warned.action is Action.WARN
    assert warned.judgement is not None
    assert (warned.judgement.actor, warned.judgement.owner and warned.judgement.owner.name) == (
        "controller",
        "web-6d5f",
    )


@pytest.mark.usefixtures("expanded")
def test_lines_of_other_templates_are_read_too(
    world: World, client: KubernetesClient, policies: Policies, log: _Log
) -> None:
    space = world.namespace()
    control = objects.pod(space, "registry.invalid/any:1")
    policies.enforce(_foreign("ForeignDeny", '"a plain sentence"'), control)
    policies.install(_foreign("ForeignWarn", '"a warning"', action="warn"))
    policies.install(_foreign("ForeignDryrun", '"a rehearsal"', action="dryrun"))
    scoped = _foreign("ForeignScoped", '"in scope"', action="scoped", scoped=["deny", "warn"])
    policies.install(scoped)
    hostile = r'"two\nlines\t{\"event_type\":\"violation\"}"'
    policies.install(_foreign("ForeignHostile", hostile, action="dryrun"))

    def kinds() -> set[str]:
        client.create(control, dry_run=True)
        return {one.constraint.kind for one in log.readings() if isinstance(one, AdmissionViolation)}

    wanted = {"ForeignDeny", "ForeignWarn", "ForeignDryrun", "ForeignScoped", "ForeignHostile"}
    wait_until(lambda: wanted <= kinds(), "lines of all Constraints", 15)
    found = {one.constraint.kind: one for one in log.readings() if isinstance(one, AdmissionViolation)}
    assert {kind: one.actions for kind, one in found.items() if kind in wanted} == {
        "ForeignDeny": (Action.DENY,),
        "ForeignWarn": (Action.WARN,),
        "ForeignDryrun": (Action.DRYRUN,),
        "ForeignScoped": (Action.DENY, Action.WARN),
        "ForeignHostile": (Action.DRYRUN,),
    }
    assert found["ForeignHostile"].message == 'two lines {"event_type":"violation"}'
    deployment = objects.workload("Deployment", space, "registry.invalid/any:1")
    until(lambda: client.create(deployment, dry_run=True), lambda answer: answer.status == 403, "implied denial")
    implied = _violation(log, lambda one: one.resource.name == deployment["metadata"]["name"])
    assert (implied.resource.kind, implied.uid) == ("Deployment", "")
    assert "Implied by" in implied.message


def test_template_that_comes_to_no_verdict_in_time_is_no_denial_and_blocks_where_failures_are_refused(
    world: World, client: KubernetesClient, provider: RealProvider, policies: Policies, old: PushedImage, log: _Log
) -> None:
    space, unseen = world.namespace(), world.namespace()
    policies.enforce(own_policy(), control=objects.pod(space, old.reference))
    with StubProvider(world.provider_pair, stubs.slow(6)) as stub:
        world.apply_provider(provider_object("bestbefore", stub.url, world.authority, 5))
        try:
            answer = client.create(objects.pod(unseen, world.registry.host + "/never-asked:1"))
        finally:
            world.apply_provider(provider_object("bestbefore", f"{provider.address}/validate", world.authority))
    assert answer.status == 500, answer.body
    wait_until(lambda: any(isinstance(one, NoVerdict) for one in log.readings()), "line without verdict", 10)
    metrics = DenialMetrics()
    ledger = Ledger(SystemClock(), metrics, NoReports(), Surroundings(fails_closed=True))
    for line in log.lines():
        ledger.line(LogLine(line))
    ledger.finish()
    assert _value(metrics, "admission_timeouts_total") >= 1
    assert _value(metrics, "admission_denied_requests_total", resource_namespace=unseen) == 0
    assert _value(metrics, "blocked_workloads", resource_namespace=unseen, cause="webhook") == 1


def test_console_encoder_of_log_level_debug_is_read(world: World, client: KubernetesClient, policies: Policies) -> None:
    space = world.namespace()
    pod = objects.pod(space, "registry.invalid/any:1")
    policies.enforce(_foreign("ConsoleDeny", r'"two\nlines"'), pod)
    replica = world.installation.replica("--log-level=DEBUG")
    replica.start()
    try:
        log = _Log(replica)
        world.installation.point_webhooks_at(replica)
        until(lambda: client.create(pod), lambda _: bool(log.readings()), "deny line of the console encoder")
        lines = StreamLines(io.BytesIO("\n".join(log.lines()).encode()))
    finally:
        world.installation.point_webhooks_at(world.gatekeeper)
        replica.remove()
    summary = DenialSummary()
    ledger = Ledger(SystemClock(), DenialMetrics(), summary)
    lines.run(ledger, threading.Event())
    ledger.finish()
    found = summary.entries()[-1].denial.violation
    assert (found.constraint.kind, found.resource.namespace) == ("ConsoleDeny", space)
    assert (found.message, abs(found.time - time.time()) < 60) == ("lines", True)


def test_ledger_counts_what_gatekeeper_counted(
    world: World, client: KubernetesClient, provider: RealProvider, policies: Policies, old: PushedImage
) -> None:
    space = world.namespace()
    policies.enforce(own_policy(), control=objects.pod(space, old.reference))
    log = _Log(world.gatekeeper)
    pods = [objects.pod(space, old.reference, old.reference) for _ in range(20)]
    for number, pod in enumerate(pods):
        client.create(pod, dry_run=number % 4 == 0)
    names = {pod["metadata"]["name"] for pod in pods}

    def ours() -> list[str]:
        return [line for line in log.lines() if any(name in line for name in names)]

    wait_until(lambda: len(ours()) >= 2 * len(pods), "a line for each image of each Pod", 5)
    metrics = DenialMetrics()
    ledger = Ledger(SystemClock(), metrics, NoReports(), Surroundings())
    for line in ours() * 2:
        ledger.line(LogLine(line))
    assert log.denied() == 20
    assert _value(metrics, "denied_requests_seen_total", certainty="exact") == 20
    assert _value(metrics, "admission_denied_requests_total", actor="person") == 15
    assert _value(metrics, "admission_dry_run_denied_requests_total", resource_namespace=space) == 5
    assert _value(metrics, "admission_violations_total", reason="ImageTooOld") == 30


def _value(metrics: DenialMetrics, name: str, **labels: str) -> float:
    return sum(
        sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
        if sample.name == f"bestbefore_{name}" and labels.items() <= sample.labels.items()
    )


@pytest.mark.parametrize(
    ("kind", "message"),
    [("BurstPlain", '"one text for all"'), ("BurstNamed", 'sprintf("not %v", [input.review.object.metadata.name])')],
)
def test_how_many_lines_of_a_burst_gatekeepers_logger_keeps(
    world: World, client: KubernetesClient, policies: Policies, figures: Callable[[str], None], kind: str, message: str
) -> None:
    space = world.namespace()
    policies.enforce(_foreign(kind, message), objects.pod(space, "registry.invalid/any:1"))
    log = _Log(world.gatekeeper)
    started = time.monotonic()
    threads = [threading.Thread(target=_burst, args=(client.clone(), space, 100)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - started

    def kept() -> int:
        return len({one.resource.name for one in log.readings() if isinstance(one, AdmissionViolation)})

    wait_until(lambda: kept() >= 100, "lines of a hundred Pods", 5)
    figures(f"{kind}: {log.denied()} denials in {seconds:.1f} s, lines of {kept()} kept")
    assert log.denied() == 400


def _burst(client: KubernetesClient, space: str, count: int) -> None:
    for _ in range(count):
        client.create(objects.pod(space, "registry.invalid/any:1"))
    client.close()
