"""The story's policy in the spellings that people have: each translated, compiled and evaluated as Gatekeeper does."""

from dataclasses import replace

import pytest
import yaml

from gatekeeper.evaluation.evaluator import ConstraintReview, Evaluator
from gatekeeper.evaluation.program import StubAnswers, Template
from gatekeeper.policy import PolicyError, load_policies
from gatekeeper.translation.translate import objects, translate
from provider.questions.question import FactQuestion, key_of
from tests import quick_yaml
from tests.engine import engine
from tests.gator import ages
from tests.gator.case import pod

pytestmark = pytest.mark.integration

CASES = ages.read_cases(ages.FOLDER)
DAY = 24 * 60 * 60 * 1_000_000_000
IMAGE = "registry.example.com/shop/web:old"
BUILT = CASES.values[IMAGE].created_ns
SENTENCE = "Image exceeds maximum allowed age."

BODY = """
isCompliant[answer] {
  built := time.parse_rfc3339_ns(input.config[_].created)
  answer := {"result": time.now_ns() < built + limit, "error": "Image exceeds maximum allowed age."}
}
"""
DAYS = "day = 24 * 60 * 60 * 1000000000\nlimit = 30 * day\n"

SPELLINGS = {
    "as in the story": "package sigstore\n" + DAYS + BODY,
    "with comments before the package": "# policy\n# package other\n\npackage sigstore # here\n" + DAYS + BODY,
    "with blanks around the package": "\n  package \t sigstore  \n" + DAYS + BODY,
    "with windows line ends": ("package sigstore\n" + DAYS + BODY).replace("\n", "\r\n"),
    "with unused helpers": 'package sigstore\nunused(x) = y { y := x }\nnames := {`data.x`, "import y"}\n'
    + DAYS
    + BODY,
    "with other names": "package sigstore\ntag = 86400000000000\nmost = 30 * tag\n"
    + BODY.replace("limit", "most").replace("built", "date"),
    "with the number of days in place": "package sigstore\n"
    + BODY.replace("limit", "(30 * 24 * 60 * 60 * 1000000000)"),
    "with defaults": "package sigstore\ndefault limit = 2592000000000000\n" + BODY,
    "with walrus and future keywords": (
        "package sigstore\nimport future.keywords.contains\nimport future.keywords.if\nlimit := 2592000000000000\n"
        + BODY.replace("isCompliant[answer] {", "isCompliant contains answer if {")
    ),
    "as rego v1": (
        "package sigstore\nimport rego.v1\nlimit := 2592000000000000\n"
        + BODY.replace("isCompliant[answer] {", "isCompliant contains answer if {")
    ),
    "with an import of input": (
        "package sigstore\nimport input.config as images\n" + DAYS + BODY.replace("input.config", "images")
    ),
    "with an import of all input": "package sigstore\nimport input\n" + DAYS + BODY,
    "with references to its own package": "package sigstore\n"
    + DAYS
    + BODY.replace("+ limit", "+ data.sigstore.limit"),
    "with quoted references": "package sigstore\n" + DAYS + BODY.replace("+ limit", '+ data["sigstore"]["limit"]'),
    "with its own package imported": "package sigstore\nimport data.sigstore\n"
    + DAYS
    + BODY.replace("+ limit", "+ sigstore.limit"),
    "with its own rule imported": (
        "package sigstore\nimport data.sigstore.limit as most\n" + DAYS + BODY.replace("+ limit", "+ most")
    ),
    "with a function of its own": (
        "package sigstore\n" + DAYS + "end(x) = x + limit\n" + BODY.replace("built + limit", "data.sigstore.end(built)")
    ),
    "with an object in place of a set": (
        "package sigstore\n" + DAYS + BODY.replace("isCompliant[answer]", "answers[answer]") + "isCompliant = answers\n"
    ),
    "with a list": (
        "package sigstore\n"
        + DAYS
        + BODY.replace("isCompliant[answer]", "answers[answer]")
        + "isCompliant = [a | answers[a]]\n"
    ),
}


def translated(rego):
    cip = quick_yaml.load((ages.FOLDER / "cip.yaml").read_text())
    cip["spec"]["policy"]["data"] = rego
    return cip


def said(tmp_path, rego, days):
    """What the template says of an image that is so many days old."""
    file = tmp_path / "cip.yaml"
    file.write_text(yaml.safe_dump(translated(rego)))
    opa = engine()
    template, constraint = objects(translate(load_policies([file]).policies, opa))
    key = key_of(FactQuestion(IMAGE, config=True))
    recorded = StubAnswers({key: ages.answers(CASES, config=True)[IMAGE]}, {})
    request = replace(CASES.cases[0], object=pod(IMAGE)).request()
    case = ConstraintReview(Template.of(template), constraint["spec"]["parameters"], request, BUILT + days * DAY)
    (found,) = Evaluator(opa).violations([case], recorded)
    return [violation.msg for violation in found]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_young_image_is_admitted(tmp_path, spelling):
    assert said(tmp_path, SPELLINGS[spelling], 29) == []


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_old_image_is_denied_with_the_policy_s_sentence(tmp_path, spelling):
    (message,) = said(tmp_path, SPELLINGS[spelling], 30)
    assert message.startswith(SENTENCE)
    assert message.endswith(
        f"policy is not compliant for query 'isCompliant = data.sigstore.isCompliant' with errors: {SENTENCE}"
    )


@pytest.mark.parametrize("days", [1, 7, 90, 365])
def test_number_of_days_is_the_author_s(tmp_path, days):
    rego = SPELLINGS["as in the story"].replace("30 * day", f"{days} * day")
    assert said(tmp_path, rego, days - 1) == []
    assert len(said(tmp_path, rego, days)) == 1


@pytest.mark.parametrize("verdict", ["false", "null", "1", '"true"', '{"result": true}', "{}", "[]", "input.absent"])
def test_anything_but_a_passing_verdict_denies(tmp_path, verdict):
    assert len(said(tmp_path, f"package sigstore\nisCompliant = x {{ x := {verdict} }}\n", 0)) == 1


def test_rule_that_does_not_exist_denies(tmp_path):
    assert len(said(tmp_path, "package sigstore\niscompliant = true\n", 0)) == 1


def test_conflict_denies_in_opa_s_words(tmp_path):
    (message,) = said(tmp_path, "package sigstore\nisCompliant = true\nisCompliant = false { input.config }\n", 0)
    assert "eval_conflict_error" in message


@pytest.mark.parametrize(
    ("rego", "problem"),
    [
        ("package sigstore\nisCompliant {", "sigstore.rego:2: rego_parse_error"),
        ("package sigstore\nisCompliant { x }\n", "rego_unsafe_var_error: var x is unsafe"),
        ("package sigstore\nisCompliant { http.send({}) }\n", "sigstore.rego:2: `http.send` is refused"),
        ("package sigstore\nimport rego.v1\nisCompliant { true }\n", "rego_parse_error"),
        ("package sigstore\nisCompliant { nothing.such(1) }\n", "undefined function nothing.such"),
        ("package sigstore\nisCompliant { isCompliant }\n", "rego_recursion_error"),
    ],
)
def test_rule_that_would_not_compile_is_refused_with_its_line(tmp_path, rego, problem):
    with pytest.raises(PolicyError) as caught:
        said(tmp_path, rego, 0)
    assert problem in str(caught.value)
