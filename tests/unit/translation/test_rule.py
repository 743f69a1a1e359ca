from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.translation.rule import PROCESS_FUNCTIONS, library_of

PACKAGE = "lib.policies.cipage"
SEED = """package sigstore
day = 24 * 60 * 60 * 1000000000
limit = 30 * day
isCompliant[answer] {
  built := time.parse_rfc3339_ns(input.config[_].created)
  answer := {
    "result": time.now_ns() < built + limit,
    "error": "Image exceeds maximum allowed age."
  }
}
"""


def carried(text):
    found = library_of(dedent(text), PACKAGE)
    assert not found.problems
    return found.text


def problems(text):
    return [(each.line, each.sentence) for each in library_of(dedent(text), PACKAGE).problems]


def test_seed_policy_changes_its_package_line_only():
    assert carried(SEED) == SEED.replace("package sigstore", f"package {PACKAGE}")


@pytest.mark.parametrize(
    "body",
    [
        '# import data.foo, package bar\nx := "data.foo"',
        'x := "import data.foo"\ny := `package data.foo\nimport input`',
        'x := "a \\" data.foo"',
        "x := input.data.foo",
        'x := input["data"].foo',
        'x := {"data": {"foo": 1}}.data.foo',
        "data_of_mine := 1",
        "x := http_send",
        "import future.keywords.in",
        "x := 1e-3 + 1.5E+2",
        'x := "https://registry.test/#anchor"',
    ],
)
def test_what_only_looks_like_a_reference_stays(body):
    assert carried(f"package sigstore\n{body}\n") == f"package {PACKAGE}\n{body}\n"


OWN = f"import data.{PACKAGE} as own_package\n"


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("x := data.sigstore.limit", "x := own_package.limit"),
        ("x := data . sigstore . limit", "x := own_package . limit"),
        ('x := data["sigstore"].limit', "x := own_package.limit"),
        ('x := data["sigstore"]["limit"]', 'x := own_package["limit"]'),
        ('x := data.sigstore["limit"]', 'x := own_package["limit"]'),
        ("x := data.sigstore.limits[_].days", "x := own_package.limits[_].days"),
        ("x := data.sigstore[name]", "x := own_package[name]"),
        ("x := data.sigstore.double(2)", "x := own_package.double(2)"),
        ("x := 1 + data.sigstore.limit", "x := 1 + own_package.limit"),
        ("x := [data.sigstore.a, data.sigstore.b]", "x := [own_package.a, own_package.b]"),
    ],
)
def test_references_to_its_own_package_go_by_an_import(written, becomes):
    assert carried(f"package sigstore\n{written}\n") == f"package {PACKAGE}\n{becomes}\n{OWN}"


def test_import_of_its_own_package_has_a_line_of_its_own():
    assert carried("package sigstore\nx := data.sigstore.y") == f"package {PACKAGE}\nx := own_package.y\n{OWN}"


def test_import_of_its_own_package_takes_no_name_that_is_there():
    text = carried("package sigstore\nown_package := 1\nx := data.sigstore.own_package_\n")
    assert text.endswith(f"x := own_package__.own_package_\nimport data.{PACKAGE} as own_package__\n")


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("import data.sigstore.limit", f"import data.{PACKAGE}.limit"),
        ("import data.sigstore.limit as most", f"import data.{PACKAGE}.limit as most"),
        ("import data.sigstore as mine", f"import data.{PACKAGE} as mine"),
        ("import data.sigstore", f"import data.{PACKAGE} as sigstore"),
    ],
)
def test_imports_of_its_own_package_follow_it(written, becomes):
    assert carried(f"package sigstore\n{written}\n") == f"package {PACKAGE}\n{becomes}\n"


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("import input.config as images", "images = input.config"),
        ("import input.config", "config = input.config"),
        ('import input["config"] as images', 'images = input["config"]'),
        ("import input.spec.containers", "containers = input.spec.containers"),
        ("import input", ""),
        ("import input as document", "document = input"),
        ("import rego.v1", "import future.keywords"),
    ],
)
def test_imports_that_gatekeeper_refuses_are_written_otherwise(written, becomes):
    assert carried(f"package sigstore\n{written}\nx := 1\n") == f"package {PACKAGE}\n{becomes}\nx := 1\n"


def test_rego_v1_is_remembered():
    assert library_of("package sigstore\nimport rego.v1\n", PACKAGE).strict
    assert not library_of("package sigstore\nimport future.keywords\n", PACKAGE).strict


@pytest.mark.parametrize(
    "head", ["package sigstore", "# a\n\npackage sigstore", "package  sigstore # x", "package sigstore\r"]
)
def test_package_line_is_found_in_every_spelling(head):
    assert f"package {PACKAGE}" in carried(f"{head}\nx := 1\n").replace("package  ", "package ")


def test_line_numbers_stay():
    text = "# one\npackage sigstore\nimport input.config as images\n\nimport rego.v1\nx := data.sigstore.y\n"
    moved = carried(text).splitlines()
    assert [line.split()[0] if line else "" for line in moved[:6]] == ["#", "package", "images", "", "import", "x"]
    assert moved[6:] == [OWN.strip()]


@pytest.mark.parametrize("package", ["sigstore.age", "policy", "data.sigstore", "main"])
def test_another_package_is_refused(package):
    assert problems(f"\npackage {package}\n") == [
        (2, f"the package is `{package}`, but only `data.sigstore.isCompliant` is looked at: write `package sigstore`")
    ]


@pytest.mark.parametrize("text", ["", "# nothing\n", "isCompliant = true", "package", "\ufeff"])
def test_text_without_a_package_line_is_refused(text):
    assert problems(text) == [(1, "package expected: the rule starts with `package sigstore`")]


def test_byte_order_mark_is_passed_over():
    assert library_of("\ufeffpackage sigstore\n", "lib.policies.p").text == "package lib.policies.p\n"


@pytest.mark.parametrize(
    "reference", ["data.other.x", "data.lib.x", "data", 'data["other"]', "data[x]", "data.inventory"]
)
def test_reference_outside_of_the_policy_is_refused_with_its_line(reference):
    ((line, sentence),) = problems(f"package sigstore\n\nx := {reference}\n")
    assert line == 3
    assert "leads outside of the policy" in sentence


def test_import_from_outside_of_the_policy_is_refused():
    assert "leads outside" in problems("package sigstore\nimport data.other\n")[0][1]


def test_import_of_something_else_is_refused():
    assert problems("package sigstore\nimport rego.v2\n") == [(2, "Gatekeeper refuses `import rego.v2`")]


@pytest.mark.parametrize(
    ("call", "name"),
    [("http.send({})", "`http.send`"), ("external_data({})", "`external_data`"), ("http . send(x)", "`http.send`")]
    + [(f"{name}()", f"`{name}` is refused: ") for name in PROCESS_FUNCTIONS],
)
def test_function_that_is_not_in_both_places_is_refused(call, name):
    ((line, sentence),) = problems(f'package sigstore\n# http.send\ny := "http.send"\nx := {call}\n')
    assert line == 4
    assert sentence.startswith(name)


@pytest.mark.parametrize("function", ["json.match_schema", "json.verify_schema"])
@pytest.mark.parametrize(
    ("schema", "refused"),
    [
        ('{"$ref": "https://example.com/schema.json"}', True),
        ('{"properties": {"a": {"$ref": place}}}', True),
        ('`{"$ref" : "other.json"}`', True),
        ('"{\\"$ref\\": \\"http://169.254.169.254/\\"}"', True),
        ('{"definitions": {"a": {}}, "$ref": "#/definitions/a"}', False),
        ('"{\\"$ref\\": \\"#/definitions/a\\"}"', False),
        ('{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}', False),
    ],
)
def test_schema_that_would_be_fetched_is_refused(function, schema, refused):
    found = problems(f"package sigstore\nx {{ {function}(input.config, {schema}) }}\n")
    assert [line for line, _ in found] == ([2] if refused else [])


def test_replacing_data_of_the_policy_is_refused():
    ((line, sentence),) = problems("package sigstore\nx := 1\ny { z with data.sigstore.x as 2 }\n")
    assert line == 3
    assert "with" in sentence


def test_replacing_input_or_a_function_stays():
    text = "package sigstore\ny { z with input as {} with time.now_ns as 1 }\n"
    assert carried(text) == text.replace("sigstore", PACKAGE, 1)


def test_every_problem_is_told():
    found = problems("package other\nimport data.x\ny := http.send({})\nz := data.w\n")
    assert [line for line, _ in found] == [1, 2, 3, 4]


PIECES = st.sampled_from(
    [
        "package",
        " ",
        "sigstore",
        "\n",
        "import",
        "data",
        "input",
        ".",
        "x",
        "[",
        "]",
        '"',
        "`",
        "#",
        "as",
        "(",
        "rego",
        "v1",
        "{",
        "1e",
        "é",
    ]
)


@given(st.lists(PIECES).map("".join))
def test_any_text_is_carried_or_refused_and_never_a_crash(text):
    found = library_of(text, PACKAGE)
    assert all(1 <= each.line <= text.count("\n") + 1 for each in found.problems)


@given(st.lists(PIECES).map("".join))
def test_what_is_carried_never_names_the_old_package_as_its_own(body):
    found = library_of(f"package sigstore\n{body}", PACKAGE)
    assert found.text.startswith(f"package {PACKAGE}")


def test_rule_without_a_package_line_is_refused_with_the_line_where_it_begins():
    assert [line for line, _ in problems("# no package\n\nx := 1\n")] == [3]
    assert [line for line, _ in problems("")] == [1]


def test_rule_is_strict_only_where_it_says_so():
    assert not library_of("", PACKAGE).strict
    assert not library_of(SEED, PACKAGE).strict
    assert library_of("package sigstore\nimport rego.v1\nx := 1\n", PACKAGE).strict


@pytest.mark.parametrize("call", ['rand.intn("s", 5) >= 0', 'uuid.rfc4122("k") == uuid.rfc4122("k")'])
def test_chance_is_the_authors_choice_as_in_policy_controller(call):
    assert not problems(f"package sigstore\nisCompliant {{ {call} }}\n")
