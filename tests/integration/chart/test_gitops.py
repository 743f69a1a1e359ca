"""The recipes for Argo CD and Flux: what they say of the chart is so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.integration.chart.helm import CHART, Helm, Object, Rendering
from tests.unit.docs.pages import ROOT, blocks

pytestmark = pytest.mark.integration

_PAGE = ROOT / "docs" / "how-to" / "gitops.md"
_STATUS = ROOT / "docs" / "reference" / "policystatus.md"


def documents(page: Path = _PAGE) -> Iterator[Object]:
    """Every object, and every piece of one, in the page's YAML."""
    for block in blocks(page):
        if block.language == "yaml":
            yield from yaml.safe_load_all(block.text)


def named(kind: str, name: str) -> Object:
    (found,) = (each for each in documents() if each.get("kind") == kind and each["metadata"]["name"] == name)
    return found


@pytest.fixture(params=["Argo CD", "Flux"])
def rendered(helm: Helm, tmp_path: Path, request: pytest.FixtureRequest) -> Rendering:
    """The chart with the values of a recipe, as the tool renders it: without a cluster."""
    if request.param == "Argo CD":
        values = named("Application", "bestbefore")["spec"]["source"]["helm"]["valuesObject"]
    else:
        values = named("HelmRelease", "bestbefore")["spec"]["values"]
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    return helm.render(file)


def test_values_of_a_recipe_bring_the_definitions_and_run_the_controller(rendered: Rendering) -> None:
    definitions = {found["metadata"]["name"] for found in rendered.of("CustomResourceDefinition")}
    assert "clusterimagepolicies.policy.sigstore.dev" in definitions
    assert rendered.settings_of("controller")["policies"] is True


def test_what_the_controller_writes_is_not_rendered(rendered: Rendering) -> None:
    kinds = {found["kind"] for found in rendered.objects}
    assert not {"Provider", "Secret", "ConstraintTemplate", "PolicyStatus"} & kinds


def test_rendering_twice_gives_the_same_so_that_nothing_is_out_of_sync(helm: Helm, rendered: Rendering) -> None:
    again = helm.render(values=["image.registry=registry.example.com", "crds.clusterImagePolicies=true"])
    assert again.text == rendered.text


def test_names_and_paths_of_the_recipes_are_those_of_the_chart(rendered: Rendering) -> None:
    source = named("Application", "bestbefore")["spec"]["source"]
    assert ROOT / source["path"] == CHART == ROOT / named("HelmRelease", "bestbefore")["spec"]["chart"]["spec"]["chart"]
    deployments = {found["metadata"]["name"] for found in rendered.of("Deployment")}
    pieces = [each["spec"] for each in documents() if "kind" not in each]
    ignored = [rule["name"] for piece in pieces for rule in piece.get("ignoreDifferences", [])]
    ignored += [
        rule["target"]["name"] for piece in pieces for rule in piece.get("driftDetection", {}).get("ignore", [])
    ]
    assert ignored == ["bestbefore", "bestbefore"]
    assert set(ignored) <= deployments


def test_no_hook_of_argo_cd_is_in_the_release_for_it_would_switch_off_those_of_helm(rendered: Rendering) -> None:
    assert "argocd.argoproj.io/hook" not in rendered.text
    hooks = {found["metadata"]["annotations"]["helm.sh/hook"] for found in rendered.of("Job")}
    assert hooks == {"pre-delete"}


def test_autoscaler_of_the_chart_has_no_replicas_to_fight_about(helm: Helm) -> None:
    scaled = helm.render(values=["provider.autoscaling.enabled=true"])
    assert "replicas" not in scaled.one("Deployment")["spec"]


def test_health_checks_name_our_kind_and_its_conditions(rendered: Rendering) -> None:
    (check,) = (each for piece in documents() for each in piece.get("spec", {}).get("healthCheckExprs", []))
    assert (check["apiVersion"], check["kind"]) == ("bestbefore.dev/v1alpha1", "PolicyStatus")
    assert any(
        "resource.customizations.health.bestbefore.dev_PolicyStatus" in each["data"]
        for each in documents(_STATUS)
        if "data" in each
    )
    (definition,) = (
        found
        for found in rendered.of("CustomResourceDefinition")
        if found["metadata"]["name"] == "policystatuses.bestbefore.dev"
    )
    (version,) = definition["spec"]["versions"]
    assert version["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]["conditions"]["type"] == "array"
