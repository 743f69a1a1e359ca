"""Which reviews stand for others, and what of the cluster a rule sees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gatekeeper.evaluation.program import Template
from gatekeeper.freshness.forecast.scope import Scope, likeness, waivers_for, waivers_in
from gatekeeper.freshness.forecast.unit import units
from gatekeeper.own.maximum_image_age import KIND

TAG, PINNED = "registry.example.com/shop/web:1", f"registry.example.com/shop/web@sha256:{'a' * 64}"
GLOB = "registry.example.com/shop/*"
CONTROLLERS = "system:serviceaccount:kube-system:"
AGE = Template.of(KIND.template(synced_waivers=True))


def review(kind: str, user: str = "ann", operation: str = "CREATE") -> dict[str, Any]:
    return {"object": {"kind": kind}, "operation": operation, "userInfo": {"username": user}}


def scope(**given: Any) -> Scope:
    return Scope(by_image=True, namespaces=frozenset(), **{"selective": False, "puller": False, **given})


def waivers(*namespaces: str, policy: str = "web") -> dict[str, Any]:
    spec = {"policies": [policy], "namespaces": list(namespaces), "images": [GLOB]}
    return {"cluster": {"bestbefore.dev/v1alpha1": {"Waiver": {"one": {"spec": spec}}}}}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job"])
def test_what_people_apply_is_alike_whatever_kind_it_is(kind: str) -> None:
    assert likeness(review(kind), scope(), TAG) == ("Deployment", "")


@pytest.mark.parametrize("controller", ["replicaset-controller", "statefulset-controller", "job-controller"])
def test_pods_that_controllers_make_are_alike(controller: str) -> None:
    made = likeness(review("Pod", CONTROLLERS + controller), scope(), TAG)
    assert made == ("Pod", f"{CONTROLLERS}replicaset-controller")


def test_who_makes_a_pod_counts_only_where_a_template_reads_it() -> None:
    by_controller = review("Pod", f"{CONTROLLERS}job-controller")
    assert likeness(by_controller, scope(maker=False), PINNED) == ("Deployment", "")
    assert likeness(review("Pod", "system:serviceaccount:ops:operator"), scope(), PINNED) == ("", "")


def test_tag_stands_for_itself_where_a_template_wants_digests() -> None:
    assert likeness(review("Pod"), scope(maker=False, tags=True), TAG) == ("", "")
    assert likeness(review("Pod"), scope(maker=False, tags=True), PINNED) == ("Deployment", "")
    assert likeness(review("Pod"), scope(maker=False, tags=False), TAG) == ("Deployment", "")


def test_digest_that_runs_is_as_the_one_that_is_written_and_a_tag_is_not() -> None:
    running = review("Pod", "", "")
    assert likeness(running, scope(), PINNED) == ("Deployment", "")
    assert likeness(running, scope(), TAG) == ("", "")


@pytest.mark.parametrize("given", [{"selective": True}, {"puller": True}])
def test_nothing_is_alike_where_a_constraint_chooses_or_asks_as_pods_pull(given: dict[str, bool]) -> None:
    assert likeness(review("Deployment"), scope(**given), PINNED) == ("", "")


def test_namespaces_count_that_a_waiver_or_an_exemption_of_the_policy_names() -> None:
    parameters = {"name": "web", "waivers": {"allowed": True}, "exemptions": [{"namespace": "tools"}]}
    found = Scope.of(AGE, parameters, waivers("shop"))
    assert found.namespaces == {"shop", "tools"}
    assert (found.is_told("shop", TAG), found.is_told("payments", TAG)) == (True, False)
    assert Scope.of(AGE, parameters, waivers("shop", policy="other")).namespaces == {"tools"}
    assert Scope.of(AGE, {**parameters, "podCredentials": True}, {}).namespaces is None


@pytest.mark.parametrize(
    ("reschedule", "reports", "counts"),
    [("deny", "deny", False), ("deny", "warn", True), ("warn", "deny", True), ("allow", "deny", True)],
)
def test_who_makes_a_pod_counts_unless_all_of_them_are_denied(reschedule: str, reports: str, counts: bool) -> None:
    assert Scope.of(AGE, {"reschedule": reschedule, "reports": reports}, {}).maker is counts


def test_namespace_that_a_waiver_or_an_exemption_names_counts_only_for_images_that_it_may_cover() -> None:
    exemption = {"namespace": "tools", "image": GLOB}
    parameters = {"name": "web", "waivers": {"allowed": True}, "exemptions": [exemption]}
    found = Scope.of(AGE, parameters, waivers("shop"))
    other = "registry.example.com/billing/web:1"
    for namespace in ("shop", "tools"):
        assert (found.is_told(namespace, TAG), found.is_told(namespace, other)) == (True, False)


@pytest.mark.parametrize(
    ("glob", "image"),
    [
        ("**", TAG),
        ("registry.example.com/shop/web", TAG),
        ("registry.example.com/**", TAG),
        ("registry.example.com/s*p/w*", TAG),
        ("registry.example.com/shop/web*1", TAG),
        (PINNED, PINNED),
        ("*", "nginx"),
        ("*/*", "vendor/app"),
        ("docker.io/nginx", "nginx:1"),
        ("index.docker.io/library/nginx", "registry-1.docker.io/nginx:1"),
        ("docker.io/vendor/*", "vendor/app"),
        ("REGISTRY.example.com:443/shop/web", TAG),
        ("registry.example.com/shop/*", "no reference at all"),
        (TAG, TAG),
    ],
    ids=[
        "all",
        "one",
        "registry",
        "stars",
        "star-before-a-tag",
        "digest",
        "one-star",
        "two-stars",
        "hub",
        "hub-alias",
        "hub-vendor",
        "other-spelling",
        "malformed",
        "tag",
    ],
)
def test_image_that_a_waiver_may_cover_is_judged_for_its_namespace(glob: str, image: str) -> None:
    named = frozenset({(frozenset({"shop"}), frozenset({glob}))})
    found = Scope(by_image=True, namespaces=frozenset({"shop"}), named=named)
    assert found.is_told("shop", image)


def test_only_the_images_of_a_pod_that_a_waiver_may_cover_are_judged_for_its_namespace() -> None:
    spec = {"containers": [{"name": "a", "image": TAG}, {"name": "b", "image": "registry.example.com/billing/web:1"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec}
    applied = {"object": pod, "namespace": "shop", "operation": "CREATE", "userInfo": {"username": "jane"}}
    found = Scope.of(AGE, {"name": "web", "waivers": {"allowed": True}}, waivers("shop"))
    heads = [json.loads(unit.head) for unit, _ in units(applied, found)]
    assert [each["namespace"] for each in heads] == ["shop", ""]
    assert [each["object"]["metadata"].get("namespace") for each in heads] == ["shop", None]


@pytest.mark.parametrize("images", [GLOB, [GLOB, 5], {"one": GLOB}, None], ids=["text", "number", "object", "none"])
def test_waiver_whose_images_are_no_list_of_texts_may_cover_any(images: Any) -> None:
    found = waivers("shop")
    found["cluster"]["bestbefore.dev/v1alpha1"]["Waiver"]["one"]["spec"]["images"] = images
    parameters = {"name": "web", "waivers": {"allowed": True}}
    assert Scope.of(AGE, parameters, found).is_told("shop", "registry.example.com/billing/web:1")


def test_waivers_of_other_policies_and_namespaces_are_not_seen() -> None:
    assert waivers_for({"name": "web"}, waivers("shop")) == waivers("shop")
    assert waivers_for({"name": "web"}, waivers("shop", policy="*")) == waivers("shop", policy="*")
    assert waivers_for({"name": "web"}, waivers("shop", policy="other")) == {}
    assert (waivers_in("shop", waivers("shop")), waivers_in("tools", waivers("shop"))) == (waivers("shop"), {})
