"""Waivers, rules that somebody else wrote, rules that nobody can foresee, and images of which nothing is recorded."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.evaluation import case_facts
from gatekeeper.evaluation.facts import FactSource, RecordedFacts
from gatekeeper.evaluation.program import Template
from gatekeeper.freshness.forecast.outlooks import ForecastSurroundings, outlooks
from gatekeeper.freshness.forecast.scope import Scope
from gatekeeper.freshness.outlook import DAY, Outlook, Question, Verdict
from gatekeeper.own.exemption import Exemption
from gatekeeper.own.maximum_image_age import KIND
from gatekeeper.translation.translate import Translation
from gatekeeper.waivers.terms import WaiverTerms
from provider.reasons import Reason
from tests.engine import engine
from tests.unit.freshness.forecast.test_outlooks import inventory
from tests.unit.freshness.objects import NOW, BirthFacts, age_policy, owned, pod, spec, workload

IMAGE = "registry.example.com/shop/web:1"
END = NOW + 2 * DAY
OLD = BirthFacts({IMAGE: NOW - 60 * DAY})
WAIVER = {
    "apiVersion": "bestbefore.dev/v1alpha1",
    "kind": "Waiver",
    "metadata": {"name": "web", "creationTimestamp": "2026-11-30T12:00:00Z"},
    "spec": {
        "policies": ["maximum-image-age"],
        "namespaces": ["shop"],
        "images": ["registry.example.com/**"],
        "until": "2026-12-03T12:00:00Z",
        "reason": "the vendor builds it anew",
        "owner": "team-shop",
    },
}


def foreseen(
    policy: Translation,
    *objects: dict[str, Any],
    facts: FactSource = OLD,
    waivers: tuple[dict[str, Any], ...] = (),
    question: Question = Question.APPLY,
) -> list[Outlook]:
    objects = objects or (workload("Deployment", "web", spec(IMAGE)),)
    around = ForecastSurroundings(waivers=waivers)
    found = outlooks([policy], inventory([policy], *objects), facts, engine(), NOW, NOW + 3 * DAY, around)
    return [each for each in found if each.question is question]


def foreign(rule: str, libs: tuple[str, ...] = ()) -> Translation:
    """A template that somebody else wrote."""
    target = {"target": "admission.k8s.gatekeeper.sh", "rego": f"package odd\n\n{rule}", "libs": list(libs)}
    template = {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": "odd"},
        "spec": {"crd": {"spec": {"names": {"kind": "Odd"}}}, "targets": [target]},
    }
    match = {"kinds": [{"apiGroups": ["*"], "kinds": ["Deployment"]}]}
    made = {"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "Odd", "metadata": {"name": "odd"}}
    return Translation("odd", template, ({**made, "spec": {"match": match}},))


def test_exemption_is_a_waiver_and_the_announcement_moves_to_its_end() -> None:
    exemption = Exemption("registry.example.com/**", "2026-12-03T12:00:00Z", "a vendor's", "team-shop")
    (found,) = foreseen(age_policy(reschedule="deny", exemptions=(exemption,)))
    assert (found.now.verdict, found.waived_until, found.best_before) == (Verdict.WAIVED, END, END)


def test_waiver_of_the_cluster_too_and_without_it_nothing_is_waived() -> None:
    made = age_policy(reschedule="deny", waivers=WaiverTerms(allowed=True))
    policy = Translation(made.policy, KIND.template(synced_waivers=True), made.constraints)
    (found,) = foreseen(policy, waivers=(WAIVER,))
    assert (found.now.verdict, found.waived_until, found.best_before) == (Verdict.WAIVED, END, END)
    (bare,) = foreseen(policy)
    assert (bare.now.verdict, bare.waived_until, bare.best_before) == (Verdict.DENIED, None, NOW)


def test_waived_image_is_denied_where_the_constraint_that_is_to_warn_denies() -> None:
    made = age_policy(reschedule="deny", waivers=WaiverTerms(allowed=True))
    several = tuple({**each, "spec": {**each["spec"], "enforcementAction": "deny"}} for each in made.constraints)
    policy = Translation(made.policy, KIND.template(synced_waivers=True), several)
    (found,) = foreseen(policy, waivers=(WAIVER,))
    assert (found.now.verdict, found.now.reason) == (Verdict.DENIED, Reason.WAIVED)


@pytest.mark.parametrize("call", ['rand.intn("x", 2) == 1', 'uuid.rfc4122("x") != ""'], ids=["rand", "uuid"])
def test_rule_with_a_random_number_is_unknown(call: str) -> None:
    (found,) = foreseen(foreign(f'violation[{{"msg": "no"}}] {{ {call} }}\n'))
    assert (found.now.verdict, found.best_before) == (Verdict.UNKNOWN, None)
    assert "random number" in found.now.sentence


def test_rule_that_ends_in_an_error_denies_as_gatekeeper_does() -> None:
    text = 'both = 1 { true }\nboth = 2 { input.review.object.kind != "" }\nviolation[{"msg": "no"}] { both == 1 }\n'
    (found,) = foreseen(foreign(text))
    assert (found.now.verdict, found.now.reason, found.best_before) == (Verdict.DENIED, Reason.POLICY_FAILED, NOW)


def test_foreign_template_judges_each_object_whole() -> None:
    labels = "input.review.object.spec.template.metadata.labels"
    rule = f'violation[{{"msg": "two"}}] {{ {labels}.app == "web2"; time.now_ns() >= {END} }}\n'
    several = [workload("Deployment", f"web{number}", spec(IMAGE)) for number in (1, 2)]
    found = {each.subject.workload.name: each.best_before for each in foreseen(foreign(rule), *several)}
    assert found == {"web1": None, "web2": END}


@pytest.mark.parametrize("path", ["", "metadata.labels"], ids=["no-field", "another-field"])
def test_denial_that_names_no_image_is_one_of_each_image_of_the_object(path: str) -> None:
    rule = f'violation[{{"msg": "no", "details": {{"path": "{path}"}}}}] {{ time.now_ns() >= {END} }}\n'
    several = workload("Deployment", "web", spec(IMAGE, IMAGE))
    assert [each.best_before for each in foreseen(foreign(rule), several)] == [END, END]


def test_denial_that_names_the_field_of_one_image_is_one_of_that_image() -> None:
    field = "spec.template.spec.containers[1].image"
    rule = f'violation[{{"msg": "no", "details": {{"path": "{field}"}}}}] {{ true }}\n'
    several = workload("Deployment", "web", spec(IMAGE, IMAGE))
    assert [each.best_before for each in foreseen(foreign(rule), several)] == [None, NOW]


def test_rule_that_is_given_more_of_an_object_judges_it_whole() -> None:
    template = Template.of(KIND.template())
    plain = Scope.of(template, {}, {})
    assert plain.by_image
    for name in ("includeSpec", "includeObjectMeta", "includeTypeMeta"):
        assert not Scope.of(template, {"rego": {name: True}}, {}).by_image


def test_image_of_which_nothing_is_recorded_is_unknown_and_one_that_is_not_there_is_denied() -> None:
    policy = age_policy(reschedule="deny")
    (unknown,) = foreseen(policy, facts=RecordedFacts({}))
    assert (unknown.now.verdict, unknown.best_before) == (Verdict.UNKNOWN, None)
    (absent,) = foreseen(policy, facts=RecordedFacts({IMAGE: {"reason": "NotFound", "message": "no such image"}}))
    assert (absent.now.verdict, absent.now.reason) == (Verdict.DENIED, Reason.NOT_FOUND)


def test_operator_that_a_policy_names_makes_its_pods() -> None:
    policy = age_policy(reschedule="warn", controllers=("cnpg-system/cnpg-manager",))
    made = pod("pg-1", spec(IMAGE), **owned("Cluster", "pg", "postgresql.cnpg.io/v1"))
    (found,) = foreseen(policy, made, question=Question.RESCHEDULE)
    assert (found.now.verdict, found.best_before) == (Verdict.WARNED, None)
    assert found.subject.note == "judged as if cnpg-system/cnpg-manager makes it"


@pytest.mark.parametrize("architectures", [("amd64", "arm64"), ("arm64", "amd64")])
@pytest.mark.parametrize("question", [Question.RUNNING, Question.RESCHEDULE])
def test_of_pods_on_several_platforms_those_are_announced_that_are_denied_first(
    architectures: tuple[str, str], question: Question
) -> None:
    dates = {"linux/amd64": {"created": "2026-11-20T12:00:00Z"}, "linux/arm64": {"created": "2026-11-03T12:00:00Z"}}
    facts = RecordedFacts({IMAGE: case_facts.completed(IMAGE, {"platforms": dates})})
    made = [
        pod(
            f"ci-{its}",
            spec(IMAGE, nodeSelector={"kubernetes.io/arch": its}),
            **owned("Runners", "ci", "example.com/v1"),
        )
        for its in architectures
    ]
    (found,) = foreseen(age_policy(reschedule="deny"), *made, facts=facts, question=question)
    assert (found.best_before, found.subject.running) == (NOW + 2 * DAY, 2)
