"""The chart as it is published: its archive, and what catalogues of charts read in it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from provider.version import VERSION
from tests.integration.chart.helm import CHART, Rendering
from tests.programs import program

pytestmark = pytest.mark.integration

ANNOTATIONS = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))["annotations"]
# Those that Artifact Hub knows.
KINDS = {"added", "changed", "deprecated", "removed", "fixed", "security"}


def test_one_commit_has_one_archive(tmp_path: Path) -> None:
    copy = shutil.copytree(CHART, tmp_path / "bestbefore", copy_function=shutil.copyfile)
    for file in copy.rglob("*"):
        os.utime(file, (0, 0))
    assert _digest(_package(CHART, tmp_path / "one")) == _digest(_package(copy, tmp_path / "other"))


def test_archive_has_what_people_read_and_no_tests(tmp_path: Path) -> None:
    with tarfile.open(_package(CHART, tmp_path)) as archive:
        names = {Path(name).relative_to("bestbefore").parts[0] for name in archive.getnames()}
    assert {"README.md", "gatekeeper-values.yaml", "values.schema.json", "rules", "dashboards", "templates"} <= names
    assert not {"ci", "tests"} & names


def test_catalogue_names_the_image_that_is_run(rendering: Rendering) -> None:
    named = {each["image"] for each in annotation("images")}
    assert named == {container["image"] for container in rendering.pod["containers"]}
    assert all(image.endswith(f":{VERSION}") for image in named)


def test_catalogue_names_the_definitions_that_are_brought(rendering: Rendering) -> None:
    named = {(each["name"], each["kind"], each["version"]) for each in annotation("crds")}
    assert named == {
        (found["metadata"]["name"], found["spec"]["names"]["kind"], version["name"])
        for found in rendering.of("CustomResourceDefinition")
        for version in found["spec"]["versions"]
    }


def test_catalogue_can_read_changes_links_and_license() -> None:
    assert {each["kind"] for each in annotation("changes")} <= KINDS
    assert all(set(each) == {"kind", "description"} for each in annotation("changes"))
    assert all(each["url"].startswith("https://") for each in annotation("links"))
    assert "Apache License" in (CHART.parents[1] / "LICENSE").read_text(encoding="utf-8")
    assert ANNOTATIONS["artifacthub.io/license"] == "Apache-2.0"


def annotation(name: str) -> list[dict[str, Any]]:
    parsed: list[dict[str, Any]] = yaml.safe_load(ANNOTATIONS[f"artifacthub.io/{name}"])
    return parsed


def _package(chart: Path, folder: Path) -> Path:
    """The archive that Helm 4 makes; Helm 3 writes the time of day into it."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    command = [program("helm4"), "package", chart, "--destination", folder]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    (archive,) = folder.glob("*.tgz")
    return archive


def _digest(archive: Path) -> str:
    return hashlib.sha256(archive.read_bytes()).hexdigest()
