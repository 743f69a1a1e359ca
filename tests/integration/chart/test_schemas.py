"""The rendered objects against the schemas of the API servers that take them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import jsonschema
import kubernetes_validate
import kubernetes_validate.utils
import pytest

from tests import quick_yaml
from tests.integration.chart.helm import CHART, VALUE_FILES, Helm, HelmError, Object, Rendering
from tests.programs import gatekeeper_chart

pytestmark = pytest.mark.integration


OLDEST = "1.30"
ELSEWHERE = {
    "externaldata.gatekeeper.sh",
    "mutations.gatekeeper.sh",
    "monitoring.coreos.com",
    "cert-manager.io",
    "grafana.integreatly.org",
}


@pytest.fixture(scope="module", autouse=True)
def schemas_read_once() -> Iterator[None]:
    """`validate` reads all schemas of a version, megabytes of JSON, for every object."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kubernetes_validate.utils, "schema_contents", cache(kubernetes_validate.utils.schema_contents))
        yield


@pytest.mark.parametrize("file", VALUE_FILES, ids=lambda file: file.stem)
def test_lint_finds_nothing(helm: Helm, file: Path) -> None:
    done = helm.run("lint", "--strict", str(CHART), "--kube-version=1.37.0", f"--values={file}")
    assert "0 chart(s) failed" in done


@pytest.mark.parametrize("version", [OLDEST, "1.37"])
def test_objects_fit_the_oldest_and_newest_kubernetes(variant: Rendering, version: str) -> None:
    for found in variant.objects:
        if found["apiVersion"].partition("/")[0] not in ELSEWHERE:
            kubernetes_validate.validate(found, version, strict=True)


def test_older_kubernetes_is_refused(helm: Helm) -> None:
    chart = quick_yaml.load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["kubeVersion"] == f">={OLDEST}.0-0"
    # As managed clusters call theirs.
    helm.run("template", str(CHART), f"--kube-version={OLDEST}.0-gke.100")
    with pytest.raises(HelmError, match="incompatible with Kubernetes"):
        helm.run("template", str(CHART), "--kube-version=1.29.9")


def test_gatekeepers_objects_fit_its_definitions(variant: Rendering) -> None:
    schemas = dict(definitions(gatekeeper_chart() / "crds"))
    for found in variant.objects:
        if found["apiVersion"].partition("/")[0].endswith("gatekeeper.sh"):
            jsonschema.validate(found, schemas[found["apiVersion"], found["kind"]])


def definitions(folder: Path) -> list[tuple[tuple[str, str], Object]]:
    """Each custom resource's schema, closed, by apiVersion and kind."""
    crds = [quick_yaml.load(file.read_text(encoding="utf-8")) for file in folder.glob("*.yaml")]
    return [
        ((f"{crd['spec']['group']}/{version['name']}", crd["spec"]["names"]["kind"]), closed(version["schema"]))
        for crd in crds
        for version in crd["spec"]["versions"]
    ]


def closed(schema: Object) -> Object:
    """The schema of a definition, so that a key it does not know is an error."""
    root = close(schema["openAPIV3Schema"])
    root["properties"]["metadata"] = {}
    return root


def close(node: object) -> dict[str, object]:
    if isinstance(node, list):
        return [close(item) for item in node]  # type: ignore[return-value]
    if not isinstance(node, dict):
        return node  # type: ignore[return-value]
    shut = {key: close(value) for key, value in node.items()}
    if isinstance(shut.get("properties"), dict) and "additionalProperties" not in shut:
        shut["additionalProperties"] = False
    return shut
