"""`bestbefore check` as a person uses it: Constraints, a forecast, what mutation leaves; with the real opa."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from gatekeeper.cli.main import cli
from gatekeeper.own import maximum_image_age
from gatekeeper.own.cooldown import Cooldown
from gatekeeper.own.maximum_image_age import MaximumImageAge
from gatekeeper.translation import rendering
from provider.golang.rfc3339 import created_ns
from tests.engine import engine

pytestmark = pytest.mark.integration

NOW = "2026-03-01T00:00:00Z"
DIGEST = "sha256:" + "a" * 64
CREATED = {"fresh": "2026-02-20T10:30:00Z", "old": "2026-01-01T00:00:00Z"}
CIP = """
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {name: tags}
spec:
  images: [{glob: "registry.test/fresh:*"}]
  authorities: [{static: {action: pass}}]
"""

Check = Callable[..., Result]


def fact(created: str) -> dict[str, Any]:
    dated = {"created": created, "createdNs": str(created_ns(created)), "createdFrom": "config"}
    return {"digest": DIGEST, "platforms": {"linux/amd64": {"digest": DIGEST, **dated}}, **dated}


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Runs a check of a Deployment and a Rollout, by facts that are recorded."""
    engine()
    images = {f"registry.test/{name}:1": fact(created) for name, created in CREATED.items()}
    (tmp_path / "facts.json").write_text(json.dumps({"version": 1, "images": images}))
    (tmp_path / "objects.yaml").write_text(yaml.safe_dump_all([deployment(), rollout()]))

    def run(*words: object) -> Result:
        common = ["check", "--facts", tmp_path / "facts.json", "--now", NOW]
        if not any(word in {"--resource", "--image"} for word in words):
            common += ["--resource", tmp_path / "objects.yaml"]
        return CliRunner().invoke(cli, [str(word) for word in (*common, *words)], prog_name="bestbefore")

    return run


def workload(api_version: str, kind: str, image: str, namespace: str) -> dict[str, Any]:
    spec = {"template": {"spec": {"containers": [{"name": "c", "image": f"registry.test/{image}:1"}]}}}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": image, "namespace": namespace},
        "spec": spec,
    }


def deployment() -> dict[str, Any]:
    return workload("apps/v1", "Deployment", "fresh", "shop")


def rollout() -> dict[str, Any]:
    return workload("argoproj.io/v1alpha1", "Rollout", "old", "shop")


def constraints(folder: Path, **spec: Any) -> Path:
    """The pair of MaximumImageAge, with other members of its `spec`."""
    made = [{**each, "spec": {**each["spec"], **spec}} for each in MaximumImageAge().constraints()]
    file = folder / "constraint.yaml"
    file.write_text(rendering.render(made))
    return file


def found_by(done: Result) -> dict[str, Any]:
    return dict(json.loads(done.stdout))


def test_constraints_of_our_own_kind_are_judged_without_their_template(check: Check, tmp_path: Path) -> None:
    done = check("--policy", constraints(tmp_path))
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert "allowed Deployment shop/fresh by maximum-image-age" in lines
    assert any(line.startswith("denied Rollout shop/old by maximum-image-age: Image is 59 days old") for line in lines)
    assert lines[-1] == "denied by 1 policy"
    assert any("the labels of the namespace shop are not known" in line for line in lines)


def test_template_may_be_given_beside_its_constraints(check: Check, tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(rendering.render([maximum_image_age.KIND.template()]))
    done = check("--policy", tmp_path / "template.yaml", "--policy", constraints(tmp_path))
    assert done.exit_code == 1


@pytest.mark.parametrize(
    ("match", "reason"),
    [
        ({"kinds": [{"apiGroups": [""], "kinds": ["Service"]}]}, "its match is of other kinds"),
        ({"namespaces": ["bank-*"]}, "its match does not name the namespace shop"),
        ({"excludedNamespaces": ["sh*"]}, "its match excludes the namespace shop"),
        ({"labelSelector": {"matchLabels": {"a": "b"}}}, "its labelSelector does not match"),
        ({"name": "web"}, "its match is of another name"),
        ({"scope": "Cluster"}, "its match is of objects without a namespace"),
    ],
)
def test_match_of_a_constraint_is_honoured_and_nothing_judged_is_2(
    check: Check, tmp_path: Path, match: dict[str, Any], reason: str
) -> None:
    done = check("--policy", constraints(tmp_path, match=match))
    assert done.exit_code == 2
    assert f"not covered Deployment shop/fresh by maximum-image-age: {reason}" in done.stdout.splitlines()


def test_labels_of_a_namespace_that_is_given_count(check: Check, tmp_path: Path) -> None:
    def with_labels(**labels: str) -> Result:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels}}
        (tmp_path / "all.yaml").write_text(yaml.safe_dump_all([rollout(), namespace]))
        return check("--policy", constraints(tmp_path), "--resource", tmp_path / "all.yaml")

    assert with_labels(**{"policy.sigstore.dev/include": "true"}).exit_code == 1
    done = with_labels()
    assert done.exit_code == 2
    assert "its namespaceSelector does not match the namespace shop" in done.stdout


def test_constraint_on_pods_judges_the_pod_of_a_workload(check: Check, tmp_path: Path) -> None:
    match = {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}
    done = check("--policy", constraints(tmp_path, match=match), "--now", "2026-04-01T00:00:00Z", "--output", "json")
    assert done.exit_code == 1
    found = found_by(done)
    assert {each["object"] for each in found["findings"]} == {"Deployment shop/fresh", "Rollout shop/old"}
    assert {each["path"] for each in found["findings"]} == {"spec.template.spec.containers[0].image"}


@pytest.mark.parametrize(("action", "code"), [("deny", 1), ("warn", 0), ("dryrun", 0)])
def test_enforcement_action_of_a_constraint_decides(check: Check, tmp_path: Path, action: str, code: int) -> None:
    (made, _) = MaximumImageAge().constraints()
    spec = {**made["spec"], "enforcementAction": action, "parameters": {"maxAge": "30d", "reports": "all"}}
    (tmp_path / "one.yaml").write_text(rendering.render([{**made, "spec": spec}]))
    done = check("--policy", tmp_path / "one.yaml", "--output", "json")
    found = found_by(done)
    assert (done.exit_code, found["allowed"]) == (code, code == 0)
    assert {each["action"] for each in found["findings"]} == {action}
    assert bool(found["warnings"]) is (action == "warn")


def test_what_translate_made_of_a_policy_beside_it_is_passed_over(check: Check, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "cip.yaml").write_text(CIP.replace("registry.test/fresh:*", "**"))
    words = ["translate", str(folder / "cip.yaml"), "--output-dir", str(folder / "translated"), "--no-match", "deny"]
    assert CliRunner().invoke(cli, words).exit_code == 0
    done = check("--policy", folder)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "allowed by 1 policy"
    assert "passed over: it is made of a policy that is judged itself" in done.stderr


def test_globs_of_constraints_that_cover_no_image_are_warned_of(check: Check, tmp_path: Path) -> None:
    (made, _) = MaximumImageAge().constraints()
    exemption = {"image": "nginx", "until": "2026-04-01", "reason": "old", "owner": "ann"}
    parameters = {
        "maxAge": "30d",
        "images": [{"glob": "docker.io/acme/*"}, {"glob": "**"}, {"glob": "GHCR.io/acme/**"}],
        "exemptions": [exemption],
    }
    spec = {**made["spec"], "parameters": {**parameters, "reports": "all"}}
    (tmp_path / "one.yaml").write_text(rendering.render([{**made, "spec": spec}]))
    said = check("--policy", tmp_path / "one.yaml").stderr
    assert "spec.parameters.images[0].glob: docker.io/acme/* covers no image: images of Docker Hub are named" in said
    assert "spec.parameters.exemptions[0].image: nginx covers no image" in said
    assert said.count("covers no image") == 2
    spelling = "GHCR.io/acme/** covers only images whose registry is written in the same way (write ghcr.io/acme/**)"
    assert f"spec.parameters.images[2].glob: {spelling}" in said


def test_pair_that_is_not_whole_is_refused(check: Check, tmp_path: Path) -> None:
    file = constraints(tmp_path)
    first, _ = yaml.safe_load_all(file.read_text())
    file.write_text(yaml.safe_dump(first))
    done = check("--policy", file)
    assert done.exit_code == 2
    assert "there is no Constraint maximum-image-age-warn beside it" in done.stderr


def test_forecast_names_the_day_from_which_each_image_would_be_denied(check: Check, tmp_path: Path) -> None:
    done = check("--policy", constraints(tmp_path), "--until", "+90d")
    lines = done.stdout.splitlines()
    assert "denied now by maximum-image-age: registry.test/old:1 (Rollout shop/old)" in lines
    assert (
        "denied from 2026-03-22 (in 21 days, 2026-03-22T10:30:00Z) by maximum-image-age: registry.test/fresh:1 "
        "(Deployment shop/fresh)"
    ) in lines


@pytest.mark.parametrize("form", ["junit", "sarif"])
def test_forecast_is_said_beside_forms_that_have_no_place_for_it(form: str, check: Check, tmp_path: Path) -> None:
    done = check("--policy", constraints(tmp_path), "--until", "+90d", "--output", form)
    assert "note: denied now by maximum-image-age: registry.test/old:1 (Rollout shop/old)\n" in done.stderr
    assert "denied from 2026-03-22 (in 21 days, 2026-03-22T10:30:00Z) by maximum-image-age" in done.stderr


def test_forecast_for_machines_has_its_end_and_every_expiry(check: Check, tmp_path: Path) -> None:
    found = found_by(check("--policy", constraints(tmp_path), "--until", "2026-03-10", "--output", "json"))
    assert found["until"] == "2026-03-10T00:00:00Z"
    assert [(each["image"], each["already"], each["from"]) for each in found["deniedFrom"]] == [
        ("registry.test/old:1", True, NOW)
    ]


def test_forecast_has_the_dates_of_the_report(check: Check, tmp_path: Path) -> None:
    """To the second; a cooldown ends by itself, and both say when."""
    young = MaximumImageAge(max_age="", cooldown=Cooldown("11d", "created"), name="cooldown")
    file = tmp_path / "policies.yaml"
    file.write_text(rendering.render([*MaximumImageAge().constraints(), *young.constraints()]))
    (tmp_path / "app.yaml").write_text(yaml.safe_dump(deployment()))
    checked = found_by(check("--policy", file, "--resource", tmp_path / "app.yaml", "--until", "+90d", "-o", "json"))
    words = ["report", "--policy", file, "--inventory", tmp_path / "app.yaml", "--facts", tmp_path / "facts.json"]
    reported = CliRunner().invoke(cli, [*map(str, words), "--now", NOW, "--until", "+90d", "-o", "json"])
    rows = {each["policy"]: each for each in found_by(reported)["rows"] if "apply" in each["questions"]}
    assert {each["policy"]: (each["from"], each["admittedAgain"]) for each in checked["deniedFrom"]} == {
        "maximum-image-age": ("2026-03-22T10:30:00Z", None),
        "cooldown": (NOW, "2026-03-03T10:30:00Z"),
    }
    for each in checked["deniedFrom"]:
        row = rows[each["policy"]]
        assert (each["from"], each["admittedAgain"]) == (row["bestBefore"], row["admittedAgain"])
        assert (each["image"], each["path"], each["reason"]) == (row["image"], row["path"], row["reason"])
    said = check("--policy", file, "--resource", tmp_path / "app.yaml", "--until", "+90d").stdout
    assert "denied now by cooldown, admitted again from 2026-03-03 (in 2 days, 2026-03-03T10:30:00Z): registry" in said


def test_image_of_which_nobody_can_say_anything_is_not_said_to_be_admitted(check: Check, tmp_path: Path) -> None:
    words = ("--policy", constraints(tmp_path), "--image", "registry.test/elsewhere:1", "--until", "+90d")
    done = check(*words)
    assert "not denied until" not in done.stdout
    assert "not known by maximum-image-age: registry.test/elsewhere:1: NotFound: " in done.stdout
    (told,) = found_by(check(*words, "-o", "json"))["unknownFrom"]
    assert (told["image"], told["from"], told["reason"]) == ("registry.test/elsewhere:1", NOW, "NotFound")


@pytest.mark.parametrize("until", ["-1d", "2020-01-01", "+10y", "soon"])
def test_end_of_a_forecast_that_makes_no_sense_is_2(check: Check, tmp_path: Path, until: str) -> None:
    done = check("--policy", constraints(tmp_path), "--until", until)
    assert done.exit_code == 2
    assert f"--until {until}: expected" in done.stderr


def test_pinned_check_judges_what_mutation_leaves(check: Check, tmp_path: Path) -> None:
    """The cluster admits the Deployment, and denies its Pods."""
    (tmp_path / "cip.yaml").write_text(CIP)
    words = ("--policy", tmp_path / "cip.yaml", "--image", "registry.test/fresh:1")
    assert check(*words).exit_code == 0
    done = check(*words, "--pinned")
    assert done.exit_code == 1
    assert f"registry.test/fresh:1@{DIGEST}" in done.stdout
    assert "names a tag: in a cluster Pods are pinned to digests" in done.stderr


def test_pinned_check_of_a_workload_judges_its_pod_by_the_digest(check: Check, tmp_path: Path) -> None:
    found = found_by(check("--policy", constraints(tmp_path), "--pinned", "--output", "json"))
    assert [each["image"] for each in found["findings"]] == [f"registry.test/old:1@{DIGEST}"]
    assert {each["note"] for each in found["notes"] if "Pod" in each["note"]} == {"judged as the Pod that it will make"}


def test_image_of_a_stranger_fakes_no_line(check: Check, tmp_path: Path) -> None:
    (tmp_path / "cip.yaml").write_text(CIP.replace("registry.test/fresh:*", "**"))
    image = "nginx\x1b[2K\nallowed by 9 policies"
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"image": image}]}}
    (tmp_path / "pod.yaml").write_text(yaml.safe_dump(pod))
    done = check("--policy", tmp_path / "cip.yaml", "--resource", tmp_path / "pod.yaml")
    assert done.exit_code == 1
    assert r"  nginx\x1b[2K\nallowed by 9 policies (spec.containers[0].image" in done.stdout
    assert not any(line.startswith("allowed") for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    "place",
    [
        "reviewed.spec",
        "reviewed.spec.template.spec",
        '[reviewed.spec, object.get(reviewed.spec, ["template", "spec"], {})][_]',
    ],
)
def test_foreign_template_judges_a_workload_and_the_pod_that_it_will_make(
    check: Check, tmp_path: Path, place: str
) -> None:
    rego = f"""package allowedrepos
violation[{{"msg": msg}}] {{
  reviewed := input.review.object
  place := {place}
  image := place.containers[_].image
  not startswith(image, "elsewhere.test/")
  msg := sprintf("%v is from elsewhere", [image])
}}
"""
    crd = {"spec": {"names": {"kind": "AllowedRepos"}}}
    target = {"target": "admission.k8s.gatekeeper.sh", "rego": rego}
    template = {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": "allowedrepos"},
        "spec": {"crd": crd, "targets": [target]},
    }
    made = {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": "AllowedRepos",
        "metadata": {"name": "r"},
        "spec": {},
    }
    (tmp_path / "foreign.yaml").write_text(yaml.safe_dump_all([template, made]))
    (tmp_path / "app.yaml").write_text(yaml.safe_dump(deployment()))
    done = check("--policy", tmp_path / "foreign.yaml", "--resource", tmp_path / "app.yaml", "--output", "json")
    assert done.exit_code == 1, done.stderr
    said = [each["message"] for each in found_by(done)["findings"] if each["object"] == "Deployment shop/fresh"]
    assert said == ["registry.test/fresh:1 is from elsewhere"]
