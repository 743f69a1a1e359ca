"""Every template that we write says which images it covers, so that nobody takes its silence for a yes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.documents.document import read_documents
from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator
from gatekeeper.evaluation.program import NOTHING, Template
from gatekeeper.evaluation.review import Review
from gatekeeper.policy import load_policies
from gatekeeper.translation.translate import coverage, translate
from tests.engine import engine

pytestmark = pytest.mark.integration

POLICIES = Path(__file__).parents[2] / "policies"
IMAGES = ("registry.example.com/shop/web:1", "elsewhere.test/web:1")
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {"containers": [{"name": image, "image": image} for image in IMAGES]},
}
CIP = """
apiVersion: policy.sigstore.dev/v1beta1
kind: ClusterImagePolicy
metadata: {name: some}
spec:
  images: [{glob: registry.example.com/**}]
  authorities: [{static: {action: pass}}]
"""


def constraints() -> Iterator[tuple[Template, Any]]:
    """Those of the ready policies, ours and translated ones."""
    for folder in sorted(POLICIES.iterdir()):
        documents = read_documents([folder / "translated"]) if (folder / "translated").is_dir() else []
        documents += [each for name in ("template.yaml", "constraint.yaml") for each in _of(folder / name)]
        templates = {
            Template.of(each.value).kind: Template.of(each.value)
            for each in documents
            if each.kind == "ConstraintTemplate"
        }
        yield from ((templates[each.kind], each.value) for each in documents if each.kind in templates)


def _of(file: Any) -> list[Any]:
    return read_documents([file]) if file.exists() else []


def test_every_template_says_what_it_covers() -> None:
    found = list(constraints())
    assert len(found) >= 10
    cases = [
        ConstraintReview(template, made["spec"]["parameters"], Review(POD).to_json(), 0) for template, made in found
    ]
    found_out = Evaluator(engine()).evaluate(cases, lambda _: NOTHING)
    for (_, made), images in zip(found, found_out.images, strict=True):
        assert images is not None, made["metadata"]["name"]


def test_a_policy_covers_what_its_globs_match(tmp_path: Any) -> None:
    (tmp_path / "cip.yaml").write_text(CIP)
    loaded = load_policies([tmp_path / "cip.yaml"]).policies
    made = [*translate(loaded), coverage(loaded, "deny")]
    cases = [
        ConstraintReview(
            Template.of(each.template), each.constraints[0]["spec"]["parameters"], Review(POD).to_json(), 0
        )
        for each in made
    ]
    assert Evaluator(engine()).evaluate(cases, lambda _: NOTHING).images == (frozenset(IMAGES[:1]), frozenset(IMAGES))


def test_what_a_hand_took_out_of_a_constraint_admits_nothing(tmp_path: Any) -> None:
    """Without a glob nothing would be covered, and without `rego` the rule would not be asked."""
    rule = "{includeSpec: true, type: rego, data: 'package sigstore\n\n    isCompliant { input.spec.hostNetwork }'}"
    (tmp_path / "cip.yaml").write_text(f"{CIP}  policy: {rule}\n")
    [made] = translate(load_policies([tmp_path / "cip.yaml"]).policies)
    whole = made.constraints[0]["spec"]["parameters"]
    without_rule = {name: value for name, value in whole.items() if name != "rego"}
    for parameters in (whole, without_rule, {**whole, "images": [{}]}, {**whole, "match": [{"resources": "pods"}]}):
        case = ConstraintReview(Template.of(made.template), parameters, Review(POD).to_json(), 0)
        [violations] = Evaluator(engine()).evaluate([case], lambda _: NOTHING).violations
        assert violations, parameters
