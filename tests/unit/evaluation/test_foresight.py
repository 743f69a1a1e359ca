"""What templates are likely to ask."""

from __future__ import annotations

import pytest

from gatekeeper.evaluation import foresight
from gatekeeper.evaluation.evaluator import ConstraintReview
from gatekeeper.evaluation.program import Template
from provider.questions.config_paths import ConfigPaths
from provider.questions.proof_question import Key, Verify
from provider.questions.question import FactQuestion, ProofQuestion, key_of

IMAGES = ["registry.test/app:1", "registry.test/other:1"]


def case(line="", authorities=()):
    template = Template("Age", f"package age\n{line}\n", ())
    return ConstraintReview(template, {"authorities": list(authorities)}, {}, 1)


@pytest.mark.parametrize(
    ("line", "config"),
    [
        ('_config := [["created"]]', ConfigPaths((("created",),))),
        ("_config := true", True),
        ("", False),
        ("_config := input.x", False),
        ("_config := [1]", False),
        ("\t_config := true", False),
    ],
)
def test_facts_are_foreseen_as_the_template_asks_for_them(line, config):
    assert foresight.keys([case(line)], IMAGES) == tuple(key_of(FactQuestion(image, config)) for image in IMAGES)


def test_proofs_are_foreseen_as_the_constraint_names_them():
    verify = Verify(key=Key("PEM"))
    authorities = [{"static": {"action": "pass"}}, {"verify": {"key": {"data": "PEM"}}}, {"verify": {}}, "x"]
    (proof, fact) = foresight.keys([case(authorities=authorities)], IMAGES[:1])
    assert (proof, fact) == (key_of(ProofQuestion(IMAGES[0], verify)), key_of(FactQuestion(IMAGES[0])))


def test_cases_that_ask_the_same_ask_once():
    assert len(foresight.keys([case("_config := true")] * 3, IMAGES)) == len(IMAGES)


def test_nothing_is_foreseen_of_no_image_and_of_very_many():
    assert foresight.keys([case()], []) == ()
    many = [f"registry.test/app:{number}" for number in range(foresight.MOST_KEYS + 1)]
    assert len(foresight.keys([case()], many[:-1])) == foresight.MOST_KEYS
    assert foresight.keys([case()], many) == ()
