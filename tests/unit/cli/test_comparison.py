"""`bestbefore denials --compare`: one page before people switch from policy-controller."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gatekeeper.cli import clusters, registries
from gatekeeper.cli.main import cli
from gatekeeper.cluster.errors import AccessDeniedError, ClusterError
from gatekeeper.cluster.resource import (
    CLUSTER_IMAGE_POLICIES,
    CONSTRAINT_TEMPLATES,
    NAMESPACES,
    PODS,
    POLICY_STATUSES,
    constraints,
)
from gatekeeper.comparison import limits
from gatekeeper.comparison.rejections import FAMILY
from gatekeeper.policy import policy_of
from gatekeeper.reconciliation import marks
from gatekeeper.reconciliation.shadow import Shadow
from gatekeeper.translation import names
from gatekeeper.translation.translate import translate
from provider.errors import BestbeforeError
from provider.reasons import Reason
from tests.simulators.clock import EPOCH
from tests.simulators.cluster import ClusterSimulator
from tests.simulators.denials import details, text
from tests.unit.cli.conftest import ScriptedOpa

_IMAGE = f"registry.example.com/shop/web:1.4@sha256:{'a' * 64}"
_MADE = "2026-11-24T22:40:00Z"
_KIND = names.SHARED_KIND
_REFUSED = FAMILY + '{error_type="no_error",name="policy.sigstore.dev",operation="CREATE",rejection_code="403"} 14'
_SAYS = {"msg": "too old", "details": {"reason": "ImageTooOld", "image": _IMAGE, "said": "It is too old.", "path": "p"}}


class Metrics:
    """Implements `ServerMetrics`."""

    def __init__(self) -> None:
        self.lines = [_REFUSED]
        self.error: ClusterError | None = None

    def family(self, _name: str) -> list[str]:
        if self.error is not None:
            raise self.error
        return self.lines


class Shop:
    """A cluster with one policy in the shadow, a namespace that asks for it, and a Pod of a ReplicaSet there."""

    def __init__(self, shadow: Shadow | None) -> None:
        self.simulator = ClusterSimulator(page=100)
        self.metrics = Metrics()
        authorities = [{"static": {"action": "pass"}}]
        body = {
            "apiVersion": "policy.sigstore.dev/v1alpha1",
            "kind": "ClusterImagePolicy",
            "metadata": {"name": "age"},
            "spec": {"images": [{"glob": "**"}], "authorities": authorities},
        }
        (translation,) = translate([policy_of(body)])
        self.simulator.add(CLUSTER_IMAGE_POLICIES, {**body, "metadata": {"name": "age", "generation": 1}})
        self.state("shadow")
        labelled: Any = translation.template
        self.simulator.add(CONSTRAINT_TEMPLATES, _labelled(labelled))
        made = shadow.of(translation.constraints) if shadow else translation.constraints
        for each in made:
            self.simulator.add(constraints(_KIND), _labelled(each))
        label = {"policy.sigstore.dev/include": "true"}
        self.simulator.add(NAMESPACES, {"metadata": {"name": "shop", "labels": label}})
        self.simulator.add(NAMESPACES, {"metadata": {"name": "other"}})
        self.simulator.add(
            PODS,
            {
                "metadata": {
                    "name": "gatekeeper-1",
                    "namespace": "gatekeeper-system",
                    "uid": "pod-1",
                    "labels": {"control-plane": "controller-manager", "gatekeeper.sh/operation": "webhook"},
                },
                "spec": {"containers": [{"name": "manager", "args": ["--log-denies"]}]},
            },
        )
        self.log = self.simulator.log("gatekeeper-system", "gatekeeper-1")
        self.log.write('{"level":"info","msg":"started"}')

    def state(self, state: str) -> None:
        """What the controller says of the policy."""
        said = {"state": state, "policyGeneration": 1, "conditions": [{"type": "Ready", "message": "because"}]}
        self.simulator.add(POLICY_STATUSES, {"metadata": {"name": "age"}, "status": said})

    def run(
        self,
        name: str,
        created: str = _MADE,
        namespace: str = "shop",
        owner: str = "web-6d5f",
        labels: dict[str, str] | None = None,
    ) -> None:
        """A Pod runs."""
        reference = {"kind": "ReplicaSet", "name": owner, "controller": True}
        metadata = {
            "name": name,
            "namespace": namespace,
            "creationTimestamp": created,
            "ownerReferences": [reference],
            "labels": labels or {},
        }
        containers = [{"name": "web", "image": _IMAGE}]
        body = {"metadata": metadata, "spec": {"containers": containers}, "status": {"phase": "Running"}}
        self.simulator.add(PODS, body)

    def deny(self, **changes: Any) -> None:
        """Gatekeeper writes a line of the policy in the shadow."""
        given = {"constraint_kind": _KIND, "constraint_name": "age", "constraint_action": "dryrun", **changes}
        self.log.write(text(details(policy="age", image=_IMAGE), **given))

    def compare(self, *words: str, given: str = "") -> Result:
        """The command."""
        return CliRunner().invoke(cli, ["denials", "--compare", *words], input=given, prog_name="bestbefore")

    def document(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Its exit code, and what it says to programs."""
        done = self.compare("-o", "json", *words)
        assert done.stdout, done.output
        return done.exit_code, json.loads(done.stdout)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch, opa: ScriptedOpa) -> Shop:
    opa.images = (_IMAGE,)
    return _shop(monkeypatch, Shadow())


def _shop(monkeypatch: pytest.MonkeyPatch, shadow: Shadow | None) -> Shop:
    found = Shop(shadow)
    monkeypatch.setattr(clusters, "connect", lambda *_: found.simulator.cluster)
    monkeypatch.setattr(clusters, "server_metrics", lambda *_: found.metrics)

    def inspect(_asked: object) -> None:
        raise BestbeforeError(Reason.NOT_FOUND, "nobody knows it")

    monkeypatch.setattr(registries, "inspector", lambda *_, **__: inspect)
    return found


def _labelled(body: Any) -> dict[str, Any]:
    return {**body, "metadata": {**body["metadata"], "labels": marks.labels("uid-1")}}


def test_what_we_would_deny_and_is_there_is_a_difference(shop: Shop) -> None:
    shop.run("web-6d5f-x7k2p")
    shop.deny()
    code, found = shop.document()
    assert code == 1
    (admitted,) = found["admitted"]
    assert (admitted["policy"], admitted["would"], admitted["fate"]) == ("age", "deny", "admitted")
    assert found["counts"]["rejections"][0] == {"webhook": "policy.sigstore.dev", "refused": 14, "failed": 0}
    page = shop.compare().stdout
    assert page.index("We would deny, and it was admitted: 1") < page.index("Counts") < page.index("Not compared")
    assert "policy-controller (policy.sigstore.dev): 14 refused since the API server began" in page


def test_what_is_not_there_is_no_difference_and_said_to_be_not_there(shop: Shop) -> None:
    shop.deny()
    code, found = shop.document()
    assert (code, found["differs"], len(found["absent"])) == (0, False, 1)
    assert "of 1 that we would deny nothing is there now" in shop.compare().stdout


@pytest.mark.parametrize("refused", [0, 2])
def test_what_was_admitted_and_has_ended_is_no_peace(shop: Shop, refused: int) -> None:
    """A tenant's Pod that ran for a minute, and is deleted."""
    for number in range(3):
        given = details(policy="age", image=_IMAGE, uid=f"u-{number}")
        names = {"constraint_kind": _KIND, "constraint_name": "age", "constraint_action": "dryrun"}
        shop.log.write(text(given, **names, ts=EPOCH + number * 60))
    shop.metrics.lines = [_REFUSED.replace(" 14", f" {refused}")] if refused else []
    code, found = shop.document()
    assert (code, found["differs"], found["complete"]) == (3, False, False)
    assert any(f"policy-controller refused {refused} since" in each for each in found["notCompared"])
    assert "None: we would deny nothing that was admitted or that runs, as far as" in shop.compare().stdout


def test_what_is_not_there_while_nobody_knows_what_was_refused_is_no_peace(shop: Shop) -> None:
    shop.deny()
    shop.metrics.error = AccessDeniedError("get /metrics of the API server: 403")
    code, found = shop.document()
    assert code == 3
    assert any("were refused by policy-controller is not known" in each for each in found["notCompared"])


def test_labels_by_which_a_policy_chooses_hide_no_pod_of_the_same_images(shop: Shop) -> None:
    """Whoever may edit a Pod's labels stands one beside another of the same owner."""
    for number, tier in enumerate(("back", "front", "front")):
        shop.run(f"web-6d5f-{number}", labels={"tier": tier, "pod-template-hash": str(number)})
    assert shop.document()[1]["counts"]["podsJudged"] == 2


def test_what_runs_and_would_be_denied_is_a_difference(shop: Shop, opa: ScriptedOpa) -> None:
    opa.violations = [_SAYS]
    for name in ("web-6d5f-a", "web-6d5f-b"):
        shop.run(name)
    shop.run("web-1", namespace="other")
    code, found = shop.document()
    assert code == 1
    assert [(each["namespace"], each["kind"], each["name"], each["pods"]) for each in found["running"]] == [
        ("shop", "ReplicaSet", "web-6d5f", 2)
    ]
    assert found["counts"]["podsJudged"] == 1
    assert "Runs, and would be denied if it were made anew: 1" in shop.compare().stdout


def test_policy_that_would_only_warn_makes_no_difference(monkeypatch: pytest.MonkeyPatch, opa: ScriptedOpa) -> None:
    shop = _shop(monkeypatch, Shadow())
    made = shop.simulator.get(constraints(_KIND), "age")
    annotations = {**made["metadata"]["annotations"], "bestbefore.dev/shadow-of": "warn"}
    shop.simulator.add(constraints(_KIND), {**made, "metadata": {**made["metadata"], "annotations": annotations}})
    opa.images, opa.violations = (_IMAGE,), [_SAYS]
    shop.run("web-6d5f-x7k2p")
    shop.deny()
    code, found = shop.document()
    assert (code, found["admitted"], found["running"]) == (0, [], [])
    assert (found["wouldWarn"], found["counts"]["runningWarnings"]) == (1, 1)


def test_nothing_denied_by_a_log_that_would_say_so_is_peace(shop: Shop) -> None:
    shop.run("web-6d5f-x7k2p")
    code, found = shop.document()
    assert (code, found["complete"]) == (0, True)
    assert "None: we would deny nothing that was admitted or that runs." in shop.compare().stdout


def test_nothing_denied_by_a_log_of_which_nobody_knows_is_none(shop: Shop) -> None:
    done = shop.compare("-", given='{"level":"info","msg":"started"}\n')
    assert done.exit_code == 3
    assert "logDenies: true" in done.stdout


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("pods", "list pods: 403"),
        ("namespaces", "list pods: 403"),
        ("constrainttemplates", "list pods: 403"),
        (_KIND.lower(), "list pods: 403"),
        ("policystatuses", "whether each policy is in force is not known: list pods: 403"),
        ("log", "list pods: 403"),
    ],
)
def test_what_may_not_be_read_is_said_and_no_yes(shop: Shop, what: str, said: str) -> None:
    shop.simulator.fail(what, AccessDeniedError("list pods: 403"))
    done = shop.compare()
    assert done.exit_code == 3, done.output
    assert f"  - {said}" in done.stdout


def test_metrics_that_may_not_be_read_are_named_and_hide_no_difference(shop: Shop) -> None:
    shop.metrics.error = AccessDeniedError("get /metrics of the API server: 403; it needs `get` on /metrics")
    code, found = shop.document()
    assert (code, found["counts"]["rejections"]) == (0, None)
    assert found["notCompared"][-1].startswith("policy-controller's rejections are not counted: get /metrics")


@pytest.mark.parametrize("state", ["rejected", "pending", "held"])
def test_policy_that_is_not_in_force_is_not_compared(shop: Shop, state: str) -> None:
    shop.state(state)
    done = shop.compare()
    assert done.exit_code == 3
    assert f"policy age is {state}: because" in done.stdout


def test_cluster_without_shadow_says_so(monkeypatch: pytest.MonkeyPatch, opa: ScriptedOpa) -> None:
    shop = _shop(monkeypatch, None)
    done = shop.compare()
    assert done.exit_code == 3
    assert "no policy is in the shadow" in done.stdout


def test_image_without_an_answer_is_not_judged(shop: Shop, opa: ScriptedOpa) -> None:
    opa.violations = [{"msg": "away", "details": {**_SAYS["details"], "reason": "RegistryUnavailable"}}]
    shop.run("web-6d5f-x7k2p")
    code, found = shop.document()
    assert (code, found["running"]) == (3, [])
    assert f"{_IMAGE} has no answer, so its Pods are not judged: RegistryUnavailable" in found["notCompared"]


def test_lines_of_other_constraints_and_of_dry_runs_are_said_and_not_compared(shop: Shop) -> None:
    shop.deny(constraint_name="somebodys")
    shop.log.write(text(details(dry_run=True), constraint_action="dryrun"))
    code, found = shop.document()
    assert (code, found["absent"]) == (0, [])
    assert any("not in the shadow now" in each for each in found["notCompared"])
    assert any("change nothing (dry runs)" in each for each in found["notCompared"])


def test_objects_beyond_the_limit_are_said_to_be_not_looked_at(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OBJECTS", 1)
    for number in range(3):
        owner = {"kind": "ReplicaSet", "name": f"web{number}-6d5f"}
        shop.log.write(
            text(
                details(policy="age", uid=f"u-{number}", owner=owner),
                constraint_kind=_KIND,
                constraint_name="age",
                constraint_action="dryrun",
                ts=EPOCH + number,
            )
        )
    code, found = shop.document()
    assert (code, len(found["unseen"]), len(found["absent"])) == (3, 2, 1)
    assert found["absent"][0]["owner_name"] == "web2-6d5f"


def test_pods_beyond_the_limit_are_said_to_be_not_judged(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "JUDGED", 1)
    for name in ("a-6d5f", "b-6d5f"):
        shop.run(f"{name}-x", owner=name)
    done = shop.compare()
    assert done.exit_code == 3
    assert "1 distinct Pods more run and were not judged" in done.stdout


def test_one_namespace_alone_can_be_compared(shop: Shop) -> None:
    done = shop.compare("-n", "other")
    assert done.exit_code == 3
    assert "other has not the label policy.sigstore.dev/include=true" in done.stdout


@pytest.mark.parametrize("words", [["9fa3b115b4d0"], ["--follow"], ["-o", "jsonl"]])
def test_options_that_do_not_go_with_it_are_refused(shop: Shop, words: list[str]) -> None:
    done = shop.compare(*words)
    assert done.exit_code == 2
    assert "--compare prints one page about all denials" in done.stderr


def test_hostile_texts_neither_start_a_line_nor_steer_a_terminal(shop: Shop, opa: ScriptedOpa) -> None:
    hostile = "x\nDifferences\x1b[31m\u202e"
    opa.violations = [{"msg": hostile, "details": {**_SAYS["details"], "said": hostile, "image": hostile}}]
    shop.run("web-6d5f-x7k2p")
    shop.log.write(
        text(
            details(policy=hostile, image=hostile, said=hostile),
            constraint_kind=_KIND,
            constraint_name="age",
            constraint_action="dryrun",
        )
    )
    page = shop.compare().stdout
    assert page.splitlines().count("Differences") == 1
    assert "\x1b" not in page
    assert "\u202e" not in page
