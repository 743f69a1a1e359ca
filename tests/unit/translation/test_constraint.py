"""The Constraint of a policy: what its annotations say, and what its rule is given."""

from dataclasses import replace

import pytest
import yaml

from gatekeeper.policy import load_policies
from gatekeeper.translation import constraint
from gatekeeper.translation.policy_rule import PolicyRule

STATIC = {"static": {"action": "pass"}}
KEYLESS = {"keyless": {"identities": [{"issuer": "https://issuer.test", "subject": "ann@example.test"}]}}


@pytest.fixture
def policy(tmp_path):
    def made(annotations=None, authority=STATIC, **rule):
        file = tmp_path / "cip.yaml"
        metadata = {"name": "age", "annotations": annotations or {}}
        spec = {"images": [{"glob": "**"}], "authorities": [authority]}
        if rule:
            spec["policy"] = {"type": "rego", "data": "package sigstore\nisCompliant = true\n"} | rule
        head = {"apiVersion": "policy.sigstore.dev/v1beta1", "kind": "ClusterImagePolicy"}
        file.write_text(yaml.safe_dump({**head, "metadata": metadata, "spec": spec}))
        (loaded,) = load_policies([file]).policies
        return loaded

    return made


@pytest.mark.parametrize("setting", ["require", "warn", "off"])
def test_annotation_says_what_becomes_of_images_without_a_digest(policy, setting):
    made = policy({"bestbefore.dev/digest": setting})
    assert constraint.digest_setting(made) == setting
    assert constraint.parameters(made)["digest"] == setting
    assert list(constraint.problems(made)) == []


def test_digest_is_required_where_signatures_are_looked_at(policy):
    assert constraint.digest_setting(policy()) == "off"
    assert constraint.digest_setting(policy(authority=KEYLESS)) == "require"


def test_annotation_that_cannot_be_read_is_a_problem_with_what_may_stand_there(policy):
    (problem,) = constraint.problems(policy({"bestbefore.dev/digest": "always", "example.test/digest": "x"}))
    assert problem.path == "metadata.annotations[bestbefore.dev/digest]"
    assert problem.fields == (problem.path,)
    assert str(problem).endswith("invalid value: always (expected one of require, warn, off)")


def test_annotation_that_is_none_of_ours_is_a_problem_with_the_one_that_is(policy):
    (problem,) = constraint.problems(policy({"bestbefore.dev/digets": "off"}))
    assert problem.fields == ("metadata.annotations[bestbefore.dev/digets]",)
    assert str(problem).endswith(
        "there is no such annotation "
        "(there are bestbefore.dev/digest, bestbefore.dev/pod-credentials, bestbefore.dev/stale, "
        "bestbefore.dev/waivers and bestbefore.dev/waivers-max-days)"
    )


def test_generation_is_carried_over_where_the_policy_comes_from_a_cluster(policy):
    made = policy()
    assert "generation" not in constraint.parameters(made)
    known = replace(made, metadata=replace(made.metadata, generation=3))
    assert constraint.parameters(known)["generation"] == 3


@pytest.mark.parametrize("part", ["fetchConfigFile", "includeSpec", "includeObjectMeta", "includeTypeMeta"])
def test_rule_is_given_the_parts_that_its_policy_names(policy, part):
    given = constraint.parameters(policy(**{part: True}))["rego"]
    reads = [] if part in {"fetchConfigFile", "includeTypeMeta"} else ["reads"]
    assert [name for name, value in given.items() if value is True] == [part]
    assert [name for name in given if name == "reads"] == reads


def test_configuration_is_asked_for_where_the_policy_fetches_it(policy):
    assert PolicyRule.of(policy(fetchConfigFile=True)).fetches_config
    assert not PolicyRule.of(policy(fetchConfigFile=False)).fetches_config


def test_policy_and_the_one_for_uncovered_images_name_the_kinds_that_they_look_at(policy):
    made = policy()
    kinds = constraint.workload_kinds()
    assert "Deployment" in kinds
    assert constraint.parameters(made)["workloads"] == kinds
    covering = constraint.coverage_document([constraint.coverage_entry(made)], "deny", {})["spec"]["parameters"]
    assert covering["workloads"] == kinds
    assert [each["name"] for each in covering["policies"]] == ["age"]


def test_policy_takes_no_waivers_unless_its_annotation_says_so(policy):
    for annotations in ({}, {"bestbefore.dev/waivers": "deny"}, {"bestbefore.dev/waivers-max-days": "30"}):
        made = policy(annotations)
        assert "waivers" not in constraint.parameters(made)
        assert len(constraint.documents(made, "Kind", {})) == 1


def test_policy_that_takes_waivers_has_a_constraint_that_shows_them(policy):
    made = policy({"bestbefore.dev/waivers": "allow", "bestbefore.dev/waivers-max-days": "30"})
    deny, warn = constraint.documents(made, "Kind", {})
    for each, reports in ((deny, "deny"), (warn, "warn")):
        assert each["spec"]["enforcementAction"] == reports
        assert each["spec"]["parameters"]["reports"] == reports
        assert each["spec"]["parameters"]["waivers"] == {"allowed": True, "maxDays": 30}
    assert list(constraint.problems(made)) == []


@pytest.mark.parametrize("days", ["0", "-1", "367", "30d", "1.5", "", "٣"])
def test_number_of_days_that_is_none_is_a_problem(policy, days):
    (problem,) = constraint.problems(policy({"bestbefore.dev/waivers-max-days": days}))
    assert problem.path == "metadata.annotations[bestbefore.dev/waivers-max-days]"
    assert "expected a number of days from 1 to 366, in quotes" in str(problem)
