"""Renders the chart with the real Helm."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests import quick_yaml
from tests.programs import ROOT

CHART = ROOT / "helm" / "bestbefore"
NAMESPACE = "gatekeeper-system"
# A Helm that was built without its release's linker flags takes the cluster for a very old one.
NEWEST = "1.37.0"
VALUE_FILES = sorted((CHART / "ci").glob("*-values.yaml"))

Object = Mapping[str, Any]


class HelmError(Exception):
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
            HelmError: it failed.
        """
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise HelmError(done.stderr)
        return done.stdout

    def render(
        self, *files: Path, values: Sequence[str] = (), release: str = "bestbefore", namespace: str = NAMESPACE
    ) -> Rendering:
        """The chart's objects with value files and `--set` values; `name:=[]` is one in JSON.

        Raises:
            HelmError: the schema or a check refused the values.
        """
        flags = [f"--values={file}" for file in files] + [_flag(value) for value in values]
        options = (f"--namespace={namespace}", f"--kube-version={NEWEST}")
        return Rendering(self.run("template", release, str(self.chart), *options, *flags))


def _flag(value: str) -> str:
    name, json, text = value.partition(":=")
    return f"--set-json={name}={text}" if json else f"--set={value}"


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
        return [document for document in quick_yaml.load_all(self.text) if document]

    def of(self, kind: str) -> Iterator[Object]:
        """Its objects of a kind."""
        return (found for found in self.objects if found["kind"] == kind)

    def one(self, kind: str, part: str = "provider") -> Object:
        """Its only object of a kind that belongs to a part: provider, controller, doctor, uninstall, monitoring."""
        (found,) = (found for found in self.of(kind) if component(found) in {part, ""})
        return found

    @property
    def pod(self) -> Object:
        """The spec of the provider's Pods."""
        spec: Object = self.one("Deployment")["spec"]["template"]["spec"]
        return spec

    @property
    def settings(self) -> Object:
        """What the provider is told by its settings file."""
        return self.settings_of("provider")

    def settings_of(self, part: str) -> Object:
        """What a part is told by its settings file."""
        parsed: Object = quick_yaml.load(
            next(found["data"]["settings.yaml"] for found in self.of("ConfigMap") if component(found) == part)
        )
        return parsed

    def pod_of(self, part: str) -> Object:
        """The spec of the Pods of provider, controller, doctor or uninstall."""
        if part == "doctor":
            pod: Object = self.one("Pod", part)["spec"]
            return pod
        kind = "Job" if part == "uninstall" else "Deployment"
        spec: Object = self.one(kind, part)["spec"]["template"]["spec"]
        return spec

    @property
    def parts(self) -> set[str]:
        """The parts that have Pods."""
        return {component(found) for kind in ("Deployment", "Job", "Pod") for found in self.of(kind)}


def component(found: Object) -> str:
    """The part of the chart that an object belongs to; empty for what is not the chart's own."""
    return str(found.get("metadata", {}).get("labels", {}).get("app.kubernetes.io/component", ""))
