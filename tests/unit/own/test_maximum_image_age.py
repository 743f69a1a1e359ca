import re
from dataclasses import replace

import pytest

from gatekeeper.documents.problems import PolicyError
from gatekeeper.documents.workloads import MAKERS
from gatekeeper.own.exemption import Exemption
from gatekeeper.own.maximum_image_age import MaximumImageAge
from gatekeeper.translation import library

EXEMPTION = Exemption("registry.test/vendor/*", "2026-03-01", "late", "team-shop", "shop")


def problems(**settings):
    with pytest.raises(PolicyError) as caught:
        MaximumImageAge(**settings).constraints()
    return [str(each) for each in caught.value.problems]


def test_pair_denies_and_warns_and_each_reports_its_class():
    deny, warn = MaximumImageAge().constraints()
    assert (deny["metadata"]["name"], deny["spec"]["enforcementAction"]) == ("maximum-image-age", "deny")
    assert (warn["metadata"]["name"], warn["spec"]["enforcementAction"]) == ("maximum-image-age-warn", "warn")
    assert deny["spec"]["parameters"].pop("reports") == "deny"
    assert warn["spec"]["parameters"].pop("reports") == "warn"
    assert deny["spec"]["parameters"] == warn["spec"]["parameters"]
    assert deny["spec"]["match"] == warn["spec"]["match"]


def test_defaults_are_written_out():
    deny, _ = MaximumImageAge().constraints()
    assert deny["spec"]["parameters"] == {
        "maxAge": "30d",
        "images": [{"glob": "**"}],
        "platforms": "all",
        "unknownAge": "deny",
        "dates": ["config"],
        "reschedule": "warn",
        "workloadsMatched": True,
        "workloads": [
            "ReplicationController",
            "ReplicaSet",
            "Deployment",
            "StatefulSet",
            "DaemonSet",
            "Job",
            "CronJob",
        ],
        "reports": "deny",
    }


def test_what_is_set_reaches_the_parameters():
    deny, _ = MaximumImageAge(grace="14d", exemptions=(EXEMPTION, replace(EXEMPTION, namespace=""))).constraints()
    parameters = deny["spec"]["parameters"]
    assert parameters["grace"] == "14d"
    assert parameters["exemptions"] == [
        {
            "image": "registry.test/vendor/*",
            "namespace": "shop",
            "until": "2026-03-01",
            "reason": "late",
            "owner": "team-shop",
        },
        {"image": "registry.test/vendor/*", "until": "2026-03-01", "reason": "late", "owner": "team-shop"},
    ]


def test_injected_images_reach_the_parameters_where_there_are_some():
    deny, warn = MaximumImageAge(injected=("docker.io/istio/*",)).constraints()
    assert deny["spec"]["parameters"]["injected"] == warn["spec"]["parameters"]["injected"] == ["docker.io/istio/*"]
    assert problems(injected=("**", "a b")) == ["injected[1]: 'a b' is no glob of letters, digits and `._-:/@*`"]


def test_namespaces_are_those_that_opted_in_unless_said_otherwise():
    deny, _ = MaximumImageAge().constraints()
    assert deny["spec"]["match"]["namespaceSelector"] == {"matchLabels": {"policy.sigstore.dev/include": "true"}}
    deny, _ = MaximumImageAge(namespaces={}, excluded_namespaces=("kube-system",)).constraints()
    assert "namespaceSelector" not in deny["spec"]["match"]
    assert deny["spec"]["match"]["excludedNamespaces"] == ["kube-system"]


@pytest.mark.parametrize("kind", sorted(MAKERS))
@pytest.mark.parametrize("reschedule", ["warn", "allow"])
def test_rescheduling_without_every_kind_of_workload_is_refused(kind, reschedule):
    (problem,) = problems(kinds=frozenset(MAKERS | {"Pod"}) - {kind}, reschedule=reschedule)
    assert problem.startswith(f"reschedule: `{reschedule}` needs every kind of workload to be matched; missing: {kind}")


def test_without_rescheduling_any_kinds_will_do_and_the_parameters_say_so():
    deny, _ = MaximumImageAge(kinds=frozenset({"Pod"}), reschedule="deny").constraints()
    assert deny["spec"]["parameters"]["workloadsMatched"] is False
    assert deny["spec"]["parameters"]["workloads"] == []
    assert deny["spec"]["match"]["kinds"] == [{"apiGroups": [""], "kinds": ["Pod"]}]


def test_kinds_without_pods_or_unknown_ones_are_refused():
    assert "Pod is missing" in problems(kinds=MAKERS)[0]
    assert problems(kinds=MAKERS | {"Pod", "Rollout"}) == ["kinds: Rollout: no kind that brings Pods"]


@pytest.mark.parametrize("value", ["", "30", "30 days", "0d", "0d0h", "30d\n", "1h1d", "36501d", "٣d"])
def test_maximum_age_that_is_none_is_refused(value):
    (problem,) = problems(max_age=value)
    assert problem.startswith(f"maxAge: {value!r} is no duration")


@pytest.mark.parametrize("value", ["14", "x", "36501d", "14d\n"])
def test_grace_that_is_none_is_refused(value):
    assert problems(grace=value)[0].startswith("grace: ")


@pytest.mark.parametrize("dates", [(), ("provenance",), ("config", "provenance")])
def test_sources_of_dates_that_do_not_exist_are_refused(dates):
    (problem,) = problems(dates=dates)
    assert problem.startswith("dates: ")
    assert problem.endswith("the sources of dates so far are config and annotation")


def test_glob_that_is_none_is_refused():
    assert problems(images=("**", "app[0")) == ["images[1].glob: 'app[0' is no glob of letters, digits and `._-:/@*`"]


@pytest.mark.parametrize("name", ["", "Age", "a" * 59, "age-warn", "-a"])
def test_name_that_cannot_be_is_refused(name):
    assert problems(name=name)[0].startswith("name: ")


def test_every_problem_is_told_at_once():
    assert len(problems(name="X", max_age="x", grace="x", dates=(), images=("?",), kinds=frozenset())) == 7


def test_schema_knows_the_parameters_that_rego_knows():
    defaults = library.module("age_parameters").text.partition("_defaults := {")[2].partition("\n}")[0]
    assert set(re.findall(r'^\t"(\w+)":', defaults, re.MULTILINE)) == set(MaximumImageAge.KIND.parameters)
