"""Suites for `gator verify`, made of the cases of a policy of our own.

gator knows no `external_data`, so the answers and the time stand in a variant of the template.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gatekeeper.translation.rendering import render
from tests.gator.case import AdmissionCase
from tests.programs import program, short_run


def verify(folder: Path, suite: Mapping[str, Any], objects: Mapping[str, Mapping[str, Any]]) -> None:
    """Write a suite and the objects that it names, and let gator judge it.

    Raises:
        AssertionError: a case comes out otherwise.
    """
    for name, made in {"suite": suite, **objects}.items():
        (folder / f"{name}.yaml").write_text(render([made]), encoding="utf-8")
    words = [program("gator"), "verify", folder / "suite.yaml"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=short_run())
    assert done.returncode == 0, done.stdout + done.stderr


def document(name: str, tests: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The suite."""
    return {
        "apiVersion": "test.gatekeeper.sh/v1alpha1",
        "kind": "Suite",
        "metadata": {"name": name},
        "tests": list(tests),
    }


def refused(name: str, template: str, constraint: str) -> dict[str, Any]:
    """A test that a Constraint is refused by the template's schema."""
    return {"name": name, "template": f"{template}.yaml", "constraint": f"{constraint}.yaml", "invalid": True}


def reviews(cases: Iterable[AdmissionCase]) -> dict[str, Mapping[str, Any]]:
    """What gator reviews, by the name of its file."""
    return {f"case-{case.slug}": review(case) for case in cases}


def review(case: AdmissionCase) -> Mapping[str, Any]:
    """What gator reviews: audit has no request."""
    if not case.operation:
        return case.object
    envelope = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
    return {**envelope, "request": {name: value for name, value in case.request().items() if value is not None}}


def suite_test(name: str, template: str, constraint: str, who: str, cases: Iterable[AdmissionCase]) -> dict[str, Any]:
    """A test of a gator suite: every case by one Constraint, `who` being its name in `Case.expected`."""
    return {
        "name": name,
        "template": f"{template}.yaml",
        "constraint": f"{constraint}.yaml",
        "cases": [
            {
                "name": case.name,
                "object": f"case-{case.slug}.yaml",
                "assertions": _assertions(case.expected.get(who, "")),
            }
            for case in cases
        ],
    }


def _assertions(message: str) -> list[dict[str, Any]]:
    if not message:
        return [{"violations": "no"}]
    return [{"violations": 1, "message": re.escape(message).replace("\\ ", " ").replace("`", "\\x60")}]


def everywhere(constraint: Mapping[str, Any]) -> dict[str, Any]:
    """Without the namespaces' label: gator has no namespaces."""
    spec = constraint["spec"]
    match = {name: value for name, value in spec["match"].items() if name != "namespaceSelector"}
    return {**constraint, "spec": {**spec, "match": match}}
