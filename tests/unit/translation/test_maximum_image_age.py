import re
from dataclasses import replace

import pytest

from gatekeeper.policy.problems import PolicyError
from gatekeeper.translation import library
from gatekeeper.translation.age_schema import age_schema
from gatekeeper.translation.maximum_image_age import (
    WORKLOADS,
    Exemption,
    MaximumImageAge,
    constraints,
    template_document,
)

EXEMPTION = Exemption("registry.test/vendor/*", "2026-03-01", "late", "team-shop", "shop")


def problems(**settings):
    with pytest.raises(PolicyError) as caught:
        constraints(MaximumImageAge(**settings))
    return [str(each) for each in caught.value.problems]


def test_pair_denies_and_warns_and_each_reports_its_class():
    deny, warn = constraints(MaximumImageAge())
    assert (deny["metadata"]["name"], deny["spec"]["enforcementAction"]) == ("maximum-image-age", "deny")
    assert (warn["metadata"]["name"], warn["spec"]["enforcementAction"]) == ("maximum-image-age-warn", "warn")
    assert deny["spec"]["parameters"].pop("reports") == "deny"
    assert warn["spec"]["parameters"].pop("reports") == "warn"
    assert deny["spec"]["parameters"] == warn["spec"]["parameters"]
    assert deny["spec"]["match"] == warn["spec"]["match"]


def test_defaults_are_written_out():
    deny, _ = constraints(MaximumImageAge())
    assert deny["spec"]["parameters"] == {
        "maxAge": "30d",
        "images": [{"glob": "**"}],
        "platforms": "all",
        "unknownAge": "deny",
        "dates": ["config"],
        "reschedule": "warn",
        "workloadsMatched": True,
        "reports": "deny",
    }


def test_what_is_set_reaches_the_parameters():
    deny, _ = constraints(MaximumImageAge(grace="14d", exemptions=(EXEMPTION, replace(EXEMPTION, namespace=""))))
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


def test_namespaces_are_those_that_opted_in_unless_said_otherwise():
    deny, _ = constraints(MaximumImageAge())
    assert deny["spec"]["match"]["namespaceSelector"] == {"matchLabels": {"policy.sigstore.dev/include": "true"}}
    deny, _ = constraints(MaximumImageAge(namespaces={}, excluded_namespaces=("kube-system",)))
    assert "namespaceSelector" not in deny["spec"]["match"]
    assert deny["spec"]["match"]["excludedNamespaces"] == ["kube-system"]


@pytest.mark.parametrize("kind", sorted(WORKLOADS))
@pytest.mark.parametrize("reschedule", ["warn", "allow"])
def test_rescheduling_without_every_kind_of_workload_is_refused(kind, reschedule):
    (problem,) = problems(kinds=frozenset(WORKLOADS | {"Pod"}) - {kind}, reschedule=reschedule)
    assert problem.startswith(f"reschedule: `{reschedule}` needs every kind of workload to be matched; missing: {kind}")


def test_without_rescheduling_any_kinds_will_do_and_the_parameters_say_so():
    deny, _ = constraints(MaximumImageAge(kinds=frozenset({"Pod"}), reschedule="deny"))
    assert deny["spec"]["parameters"]["workloadsMatched"] is False
    assert deny["spec"]["match"]["kinds"] == [{"apiGroups": [""], "kinds": ["Pod"]}]


def test_kinds_without_pods_or_unknown_ones_are_refused():
    assert "Pod is missing" in problems(kinds=WORKLOADS)[0]
    assert problems(kinds=WORKLOADS | {"Pod", "Rollout"}) == ["kinds: Rollout: no kind that brings Pods"]


@pytest.mark.parametrize("value", ["", "30", "30 days", "0d", "0d0h", "30d\n", "1h1d", "36501d", "٣d"])
def test_maximum_age_that_is_none_is_refused(value):
    (problem,) = problems(max_age=value)
    assert problem.startswith(f"maxAge: {value!r} is no duration")


@pytest.mark.parametrize("value", ["14", "x", "36501d", "14d\n"])
def test_grace_that_is_none_is_refused(value):
    assert problems(grace=value)[0].startswith("grace: ")


@pytest.mark.parametrize("dates", [(), ("provenance",), ("annotation",), ("config", "provenance")])
def test_sources_of_dates_that_do_not_exist_are_refused(dates):
    (problem,) = problems(dates=dates)
    assert problem.startswith("dates: ")
    assert problem.endswith("the only source of dates so far is config")


def test_glob_that_is_none_is_refused():
    assert problems(images=("**", "app[0")) == ["images[1].glob: 'app[0' is no glob of letters, digits and `._-:/@*`"]


@pytest.mark.parametrize("name", ["", "Age", "a" * 59, "age-warn", "-a"])
def test_name_that_cannot_be_is_refused(name):
    assert problems(name=name)[0].startswith("name: ")


def test_every_problem_is_told_at_once():
    assert len(problems(name="X", max_age="x", grace="x", dates=(), images=("?",), kinds=frozenset())) == 7


def test_template_is_named_after_its_kind_and_its_package_too():
    document = template_document()
    assert document["metadata"]["name"] == "maximumimageage"
    (code,) = document["spec"]["targets"][0]["code"]
    assert "package maximumimageage\n" in code["source"]["rego"]


def test_schema_knows_the_parameters_that_rego_knows():
    text = library.module("parameters").text
    defaults = text.partition("_defaults := {")[2].partition("\n}")[0]
    assert set(re.findall(r'^\t"(\w+)":', defaults, re.MULTILINE)) == set(age_schema()["properties"])


def test_every_field_of_the_schema_has_a_description():
    parameters = age_schema()["properties"]
    exemptions = parameters["exemptions"]["items"]["properties"]
    globs = parameters["images"]["items"]["properties"]
    for name, field in [*parameters.items(), *exemptions.items(), *globs.items()]:
        assert field.get("description"), name


def test_python_and_rego_know_the_same_workloads():
    text = library.module("controllers").text
    listed = text.partition("workload_kinds := {")[2].partition("}")[0]
    assert set(re.findall(r'"(\w+)"', listed)) == WORKLOADS
