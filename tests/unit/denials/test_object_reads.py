"""What templates read of an object, as their texts and parameters say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gatekeeper.denials.capsules import object_reads
from gatekeeper.evaluation.program import Template
from gatekeeper.own import maximum_image_age, signed_images
from gatekeeper.policy import load_policies
from gatekeeper.translation.translate import coverage, translate

_POLICY: dict[str, Any] = {
    "apiVersion": "policy.sigstore.dev/v1beta1",
    "kind": "ClusterImagePolicy",
    "metadata": {"name": "a"},
}


@pytest.fixture
def translated(tmp_path: Path) -> Any:
    def make(rule: str = "", match: Any = None, **flags: bool) -> tuple[Template, dict[str, Any]]:
        spec: dict[str, Any] = {"images": [{"glob": "**"}], "authorities": [{"static": {"action": "pass"}}]}
        if rule:
            spec["policy"] = {"type": "rego", "data": f"package sigstore\n\nisCompliant {{ {rule} }}\n", **flags}
        if match:
            spec["match"] = match
        (tmp_path / "cip.yaml").write_text(yaml.safe_dump({**_POLICY, "spec": spec}))
        (made,) = translate(load_policies([tmp_path / "cip.yaml"]).policies)
        return Template.of(made.template), made.constraints[0]["spec"]["parameters"]

    return make


def test_policy_without_a_rule_reads_nothing(translated: Any) -> None:
    assert object_reads.of(*translated(), "Pod").nothing


def test_rule_reads_what_it_is_given_alone(translated: Any) -> None:
    rule = "input.spec.containers[_].securityContext.privileged; input.metadata.labels.team"
    both = object_reads.of(*translated(rule, includeSpec=True, includeObjectMeta=True), "Pod")
    spec = ("spec", "containers", "*", "securityContext", "privileged")
    assert both == object_reads.ObjectReads((("metadata", "labels", "team"), spec))
    assert object_reads.of(*translated(rule, includeSpec=True), "Pod").paths == (spec,)
    assert object_reads.of(*translated(rule), "Pod").nothing


def test_rule_that_takes_all_of_the_spec_reads_all_of_it(translated: Any) -> None:
    assert object_reads.of(*translated("f(input.spec)", includeSpec=True), "Pod").paths == (("spec",),)


def test_labels_are_read_where_a_policy_selects_by_them(translated: Any) -> None:
    match = [{"resource": "pods", "group": "", "version": "v1", "selector": {"matchLabels": {"a": "b"}}}]
    assert object_reads.of(*translated(match=match), "Pod").paths == (("metadata", "labels"),)


def test_coverage_reads_labels_where_one_of_its_policies_does(tmp_path: Path) -> None:
    match = [{"resource": "pods", "group": "", "version": "v1", "selector": {"matchLabels": {"a": "b"}}}]
    spec = {"images": [{"glob": "a/**"}], "authorities": [{"static": {"action": "pass"}}], "match": match}
    (tmp_path / "cip.yaml").write_text(yaml.safe_dump({**_POLICY, "spec": spec}))
    made = coverage(load_policies([tmp_path / "cip.yaml"]).policies, "deny")
    parameters = made.constraints[0]["spec"]["parameters"]
    assert object_reads.of(Template.of(made.template), parameters, "Pod").paths == (("metadata", "labels"),)


def test_maximum_image_age_reads_where_a_pod_may_run() -> None:
    template = Template.of(maximum_image_age.KIND.template())
    assert object_reads.of(template, {}, "CronJob").paths[0] == (
        *("spec", "jobTemplate", "spec", "template", "spec"),
        "os",
    )


def test_signed_images_reads_images_alone() -> None:
    assert object_reads.of(Template.of(signed_images.KIND.template()), {}, "Pod").nothing


def test_template_of_somebody_else_is_not_known() -> None:
    found = object_reads.of(Template("A", "package a\n", ()), {}, "Pod")
    assert not found.known
    assert not found.nothing
