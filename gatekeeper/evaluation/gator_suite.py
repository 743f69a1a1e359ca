"""A suite for gator, Gatekeeper's own program for tests: the same cases, judged by Gatekeeper's own engine.

gator knows no `external_data` and has no clock to set, so each case gets a copy of the template in which its answers
and its time are written. What is asserted is what this project's own run has found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gatekeeper.evaluation.standalone import Answers, variant
from gatekeeper.evaluation.suite import SuiteCase
from gatekeeper.evaluation.suite_run import CaseRun, Trial
from gatekeeper.translation import rendering

FILE_NAME: Final = "suite.yaml"


def files(name: str, runs: Sequence[tuple[SuiteCase, CaseRun]]) -> Mapping[str, str]:
    """The files of a suite with their texts, by their names."""
    found: dict[str, str] = {}
    tests = []
    for number, (case, run) in enumerate(runs):
        for index, trial in enumerate(each for each in run.trials if not each.review.unjudged):
            stem = f"case-{number}-{index}"
            answers = run.evaluation.answers
            stub = Answers(case.now, answers.values, answers.errors, answers.system_error)
            parts = {
                "template": variant(trial.document, stub),
                "constraint": _everywhere(trial.made),
                "object": _admission(trial.review.to_json()),
            }
            found |= {f"{stem}-{part}.yaml": rendering.render([made]) for part, made in parts.items()}
            tests.append(_test(f"{case.name} ({trial.name})", stem, trial))
    suite = {
        "apiVersion": "test.gatekeeper.sh/v1alpha1",
        "kind": "Suite",
        "metadata": {"name": name},
        "tests": tests,
    }
    return {FILE_NAME: rendering.render([suite]), **found}


def _test(name: str, stem: str, trial: Trial) -> dict[str, Any]:
    found = len(trial.violations)
    case = {
        "name": trial.review.title or "an object",
        "object": f"{stem}-object.yaml",
        "assertions": [{"violations": found or "no"}],
    }
    return {"name": name, "template": f"{stem}-template.yaml", "constraint": f"{stem}-constraint.yaml", "cases": [case]}


def _everywhere(constraint: Mapping[str, Any]) -> dict[str, Any]:
    """A Constraint without `match`: a suite does not look at it either."""
    spec = {name: value for name, value in constraint["spec"].items() if name != "match"}
    return {**constraint, "spec": spec}


def _admission(review: Mapping[str, Any]) -> dict[str, Any]:
    """A review as gator takes it; a bare object would be one of audit."""
    request = {name: value for name, value in review.items() if value is not None}
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": request,
    }
