"""The rendered objects against the schemas of the API servers that take them."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.integration.chart.helm import CHART, Helm, Object, Rendering
from tests.programs import gatekeeper_chart

pytestmark = pytest.mark.integration


ELSEWHERE = {"externaldata.gatekeeper.sh", "mutations.gatekeeper.sh", "monitoring.coreos.com"}


def test_lint_finds_nothing(helm: Helm) -> None:
    assert "0 chart(s) failed" in helm.run("lint", "--strict", str(CHART), "--kube-version=1.37.0")


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_objects_fit_the_oldest_and_newest_kubernetes(variant: Rendering, version: str) -> None:
    for found in variant.objects:
        if found["apiVersion"].partition("/")[0] not in ELSEWHERE:
            kubernetes_validate.validate(found, version, strict=True)


def test_gatekeepers_objects_fit_its_definitions(variant: Rendering) -> None:
    schemas = dict(definitions(gatekeeper_chart() / "crds"))
    for found in variant.objects:
        if found["apiVersion"].partition("/")[0].endswith("gatekeeper.sh"):
            jsonschema.validate(found, schemas[found["apiVersion"], found["kind"]])


def definitions(folder: Path) -> list[tuple[tuple[str, str], Object]]:
    """Each custom resource's schema, closed, by apiVersion and kind."""
    crds = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in folder.glob("*.yaml")]
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
