"""Renders the chart with the real Helm."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.programs import ROOT

CHART = ROOT / "helm" / "bestbefore"
NAMESPACE = "gatekeeper-system"
# A Helm that was built without its release's linker flags takes the cluster for a very old one.
NEWEST = "1.37.0"
VALUE_FILES = sorted((CHART / "ci").glob("*-values.yaml"))

Object = Mapping[str, Any]


class RefusedError(Exception):
    """Helm did not render the chart; the text is what it said."""


@dataclass(frozen=True)
class Helm:
    """A Helm program.

    Attributes:
        program: where it is.
        chart: what it renders.
    """

    program: Path
    chart: Path = CHART

    def run(self, *arguments: str) -> str:
        """What Helm prints.

        Raises:
            RefusedError: it failed.
        """
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RefusedError(done.stderr)
        return done.stdout

    def render(self, *files: Path, values: Sequence[str] = (), release: str = "bestbefore") -> Rendering:
        """The chart's objects with value files and `--set` values.

        Raises:
            RefusedError: the schema or a check refused the values.
        """
        flags = [f"--values={file}" for file in files] + [f"--set={value}" for value in values]
        options = (f"--namespace={NAMESPACE}", f"--kube-version={NEWEST}")
        return Rendering(self.run("template", release, str(self.chart), *options, *flags))


@dataclass(frozen=True)
class Rendering:
    """What Helm made of the chart.

    Attributes:
        text: its output.
    """

    text: str

    @cached_property
    def objects(self) -> list[Object]:
        """All objects."""
        return [document for document in yaml.safe_load_all(self.text) if document]

    def of(self, kind: str) -> Iterator[Object]:
        """Its objects of a kind."""
        return (found for found in self.objects if found["kind"] == kind)

    def one(self, kind: str) -> Object:
        """Its only object of a kind."""
        (found,) = self.of(kind)
        return found

    @property
    def pod(self) -> Object:
        """The spec of the provider's Pods."""
        spec: Object = self.one("Deployment")["spec"]["template"]["spec"]
        return spec

    @property
    def settings(self) -> Object:
        """What the provider is told by its settings file."""
        (text,) = (found["data"]["settings.yaml"] for found in self.of("ConfigMap") if "data" in found)
        parsed: Object = yaml.safe_load(text)
        return parsed
