"""`bestbefore check` with templates of one's own and of others: nothing is allowed that no template looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from gatekeeper.cli.main import cli
from tests.engine import engine

pytestmark = pytest.mark.integration

IMAGE = "registry.test/app:1"
REGO = """package mine

violation[{"msg": msg}] {
  image := input.review.object.spec.containers[_].image
  said := external_data({"provider": "bestbefore", "keys": [image]})
  count(said.responses) > 0
  msg := sprintf("%v is there", [image])
}
"""
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"containers": [{"name": "web", "image": IMAGE}]},
}
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {}}


def checked(folder: Path, *words: str, rego: str = REGO, more: Any = (), resource: Any = None, **spec: Any) -> Result:
    template = {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": "mine"},
        "spec": {
            "crd": {"spec": {"names": {"kind": "Mine"}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": rego}],
        },
    }
    api = "constraints.gatekeeper.sh/v1beta1"
    constraint = {"apiVersion": api, "kind": "Mine", "metadata": {"name": "mine"}, "spec": spec}
    (folder / "policies").mkdir()
    (folder / "policies" / "mine.yaml").write_text(yaml.safe_dump_all([template, constraint, *more]))
    fact = {"digest": "sha256:0", "platforms": {}, "created": None, "createdNs": None}
    (folder / "facts.json").write_text(json.dumps({"version": 1, "images": {IMAGE: fact}}))
    if resource is not None:
        (folder / "objects.yaml").write_text(yaml.safe_dump(resource))
        words = (*words, "--resource", str(folder / "objects.yaml"))
    common = ["check", "--policy", str(folder / "policies"), "--facts", str(folder / "facts.json")]
    return CliRunner().invoke(cli, [*common, *words], env={"BESTBEFORE_OPA": str(engine().path)})


def test_image_is_put_into_a_pod_for_a_template_that_looks_at_objects(tmp_path: Path) -> None:
    done = checked(tmp_path, "--image", IMAGE)
    assert done.exit_code == 1, done.output
    assert f"by mine: {IMAGE} is there" in done.output
    assert "the images were put into a Pod" in done.output


def test_image_beside_an_object_is_put_into_the_object(tmp_path: Path) -> None:
    other = {**POD, "spec": {"containers": [{"name": "web", "image": "registry.test/other:1"}]}}
    done = checked(tmp_path, "--image", IMAGE, resource=other)
    assert done.exit_code == 1, done.output
    assert f"denied Pod shop/web by mine: {IMAGE} is there" in done.output


def test_object_without_a_place_for_images_is_not_judged(tmp_path: Path) -> None:
    done = checked(tmp_path, "--image", IMAGE, resource=SERVICE)
    assert done.exit_code == 2, done.output
    assert "a Service has no place for images" in done.output


@pytest.mark.parametrize(("group", "kind", "code"), [("apps", "Deployment", 2), ("", "Pod", 1), ("*", "*", 1)])
def test_image_alone_is_judged_only_by_a_constraint_that_looks_at_pods(
    tmp_path: Path, group: str, kind: str, code: int
) -> None:
    match = {"kinds": [{"apiGroups": [group], "kinds": [kind]}]}
    done = checked(tmp_path, "--image", IMAGE, match=match)
    assert done.exit_code == code, done.output
    said = "not covered by mine: its match does not name Pods, and an image alone is put into one: give a --resource"
    assert (said in done.output) is (code == 2)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('"bestbefore"', '"notation"', "it asks the Provider notation, of which nothing is known here"),
        ("[image]})", "{image}})", "it calls external_data as no cluster answers it: `keys` is a value of type set"),
    ],
)
def test_call_that_is_not_answered_here_is_no_admission(tmp_path: Path, before: str, after: str, said: str) -> None:
    done = checked(tmp_path, "--output", "json", rego=REGO.replace(before, after), resource=POD)
    assert done.exit_code == 2, done.output
    (policy,) = (each for each in json.loads(done.stdout)["notJudged"] if "policy" in each)
    assert said in policy["reason"]


def test_template_that_reads_other_objects_is_named(tmp_path: Path) -> None:
    rego = REGO.replace("count(said", 'data.inventory.cluster["v1"].Namespace[_]\n  count(said')
    done = checked(tmp_path, rego=rego, resource=POD)
    assert done.exit_code == 0, done.output
    assert "note: mine: it reads data.inventory" in done.output


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('violation[{"msg": msg}]', "violation[msg]", "Gatekeeper reads objects with a text `msg`"),
        ('violation[{"msg": msg}]', 'deny[{"msg": msg}]', "its Rego has no rule `violation`"),
        ('violation[{"msg": msg}]', 'violation := {"msg": msg}', "`violation` of the template is undefined"),
        ('msg := sprintf("%v is there", [image])', "msg := 5", "Gatekeeper reads objects with a text `msg`"),
    ],
)
def test_template_whose_violations_gatekeeper_drops_is_refused(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    done = checked(tmp_path, rego=REGO.replace(before, after), resource=POD)
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert "Traceback" not in done.output
    assert "unexpected" not in done.output


def test_constraint_of_somebody_else_in_a_directory_is_named_and_spoils_nothing(tmp_path: Path) -> None:
    api = "constraints.gatekeeper.sh/v1beta1"
    other = {"apiVersion": api, "kind": "K8sRequiredLabels", "metadata": {"name": "owner"}, "spec": {}}
    done = checked(tmp_path, "--output", "json", resource=POD, more=[other])
    assert done.exit_code == 1, done.output
    said = "not judged: there is no ConstraintTemplate for K8sRequiredLabels beside owner"
    assert said in done.stderr
    assert [each["reason"] for each in json.loads(done.stdout)["notJudged"] if "file" in each] == [said]


def test_misspelt_kind_of_ours_in_a_directory_is_refused(tmp_path: Path) -> None:
    api = "constraints.gatekeeper.sh/v1beta1"
    other = {"apiVersion": api, "kind": "MaximumImagesAge", "metadata": {"name": "age"}, "spec": {"parameters": {}}}
    done = checked(tmp_path, resource=POD, more=[other])
    assert done.exit_code == 2, done.output
    assert "no ConstraintTemplate for MaximumImagesAge" in done.output


def test_forecast_says_of_no_image_both(tmp_path: Path) -> None:
    done = checked(tmp_path, "--until", "+3d", resource=POD)
    assert "denied now by mine: registry.test/app:1 (Pod shop/web)" in done.output
    assert "not denied until" not in done.output


@pytest.mark.parametrize(
    ("scopes", "code"),
    [
        ([{"action": "warn", "enforcementPoints": [{"name": "validation.gatekeeper.sh"}]}], 0),
        ([{"action": "deny", "enforcementPoints": [{"name": "*"}]}], 1),
        ([{"action": "deny", "enforcementPoints": [{"name": "audit.gatekeeper.sh"}]}], 0),
    ],
)
def test_scoped_action_is_that_of_the_webhook(tmp_path: Path, scopes: Any, code: int) -> None:
    spec = {"enforcementAction": "scoped", "scopedEnforcementActions": scopes}
    done = checked(tmp_path, resource=POD, **spec)
    assert done.exit_code == code, done.output
    assert f"{IMAGE} is there" in done.output
