"""What runs, judged in portions: one policy that never ends must not hide what the others say."""

from __future__ import annotations

import pytest

from gatekeeper.comparison import judgements, limits
from gatekeeper.comparison.constraints import GeneratedConstraint
from gatekeeper.comparison.running import RunningPod, RunningPods
from gatekeeper.denials.ledger.workload import WorkloadName
from gatekeeper.denials.lines.violation import ConstraintName
from gatekeeper.evaluation.facts import LiveFacts
from gatekeeper.evaluation.opa import NoVerdictError
from gatekeeper.evaluation.review import Review
from gatekeeper.policy import policy_of
from gatekeeper.translation.marks import NAMESPACE_LABEL
from gatekeeper.translation.translate import translate
from provider.errors import BestbeforeError
from provider.reasons import Reason
from tests.unit.cli.conftest import ScriptedOpa

IMAGE = f"registry.example.com/web@sha256:{'a' * 64}"
SAYS = {"msg": "no", "details": {"reason": "ImageTooOld", "image": IMAGE}}


class SlowOpa(ScriptedOpa):
    """Does not end in time where one of the reviews has a name, or where there are several."""

    slow = ""
    most = 100
    tried = 0

    def evaluate(self, folder, query):
        self.tried += 1
        text = (folder / "data.json").read_text("utf-8")
        if (self.slow and self.slow in text) or text.count('"operation"') > self.most:
            raise NoVerdictError("Timeout", "it did not finish within 10 s")
        return super().evaluate(folder, query)


def pods(count: int) -> RunningPods:
    """Pods `p0`, `p1` … in one namespace that asks for policies."""
    found = []
    for number in range(count):
        metadata = {"name": f"p{number}", "namespace": "shop"}
        spec = {"containers": [{"name": "c", "image": IMAGE}]}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
        found.append(RunningPod(WorkloadName("shop", "Pod", f"p{number}"), Review(body), 1))
    return RunningPods({"shop": {NAMESPACE_LABEL: "true"}}, found)


def constraint() -> GeneratedConstraint:
    spec = {"images": [{"glob": "**"}], "authorities": [{"static": {"action": "pass"}}]}
    kinds = {"apiVersion": "policy.sigstore.dev/v1alpha1", "kind": "ClusterImagePolicy", "metadata": {"name": "age"}}
    (made,) = translate([policy_of({**kinds, "spec": spec})])
    (body,) = made.constraints
    return GeneratedConstraint(ConstraintName(body["kind"], "age"), "age", "deny", True, body, made.template)


def judge(running: RunningPods, engine: SlowOpa) -> judgements.RunningJudgement:
    def inspect(_asked: object) -> None:
        raise BestbeforeError(Reason.NOT_FOUND, "nobody knows it")

    return judgements.judge(running, [constraint()], LiveFacts(inspect), engine, 1, lambda: None)


def engine() -> SlowOpa:
    return SlowOpa(violations=[SAYS], images=(IMAGE,))


def test_pod_that_cannot_be_judged_is_named_and_the_others_are_judged():
    slow = engine()
    slow.slow = '"p3"'
    found = judge(pods(8), slow)
    assert (found.judged, len(found.denials)) == (7, 7)
    assert found.problems == ["Pod shop/p3 could not be judged: it did not finish within 10 s"]


def test_portion_that_takes_too_long_is_judged_in_parts():
    slow = engine()
    slow.most = 2
    found = judge(pods(9), slow)
    assert (found.judged, found.problems) == (9, [])


def test_judgements_beyond_the_limit_are_said_to_be_left_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(limits, "JUDGEMENTS", 5)
    found = judge(pods(7), engine())
    assert (found.judged, found.problems) == (5, ["2 distinct Pods were not judged: 5 judgements are at most"])


def test_rule_that_never_ends_ends_the_judging():
    slow = engine()
    slow.most = 0
    found = judge(pods(200), slow)
    assert found.judged == 0
    assert slow.tried == limits.FAILED_RUNS
    assert found.problems[-1].endswith("distinct Pods were not judged: too many others could not be")
