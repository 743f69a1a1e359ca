"""Many rules parsed by few runs."""

from __future__ import annotations

import re

import pytest

from gatekeeper.translation.reading import batch
from gatekeeper.translation.reading.batch import syntax_trees

ONE, OTHER, THIRD = (f"package lib.policies.p{number}\nname{number} = 1\n" for number in (1, 2, 3))


class ParserDouble:
    """Reads lines `name = number`; a text with `}` is no Rego for it."""

    def __init__(self):
        self.texts = []

    def parse(self, text):
        self.texts.append(text)
        if "}" in text or text.count("package") != 1:
            return None
        found = re.findall(r"^(\w+) = (\d+)$", text, re.MULTILINE)
        imports = re.findall(r"^import (\S+)$", text, re.MULTILINE)
        return {"rules": [rule(name, int(number)) for name, number in found], "imports": imports}


def rule(name, number=1):
    return {"head": {"name": name, "value": {"type": "number", "value": number}}}


@pytest.fixture
def parser():
    return ParserDouble()


def test_each_text_gets_its_own_rules_of_one_run(parser):
    found = syntax_trees([ONE, OTHER, THIRD], parser)
    assert {text: tree["rules"] for text, tree in found.items()} == {
        text: [rule(f"name{number}")] for number, text in enumerate((ONE, OTHER, THIRD), 1)
    }
    assert len(parser.texts) == 1


def test_one_text_is_parsed_as_it_is(parser):
    syntax_trees([ONE, ONE], parser)
    assert parser.texts == [ONE]


def test_no_text_needs_no_run(parser):
    assert syntax_trees([], parser) == {}
    assert parser.texts == []


def test_text_that_is_no_rego_spoils_nothing(parser):
    bad = "package lib.policies.bad\n}\n"
    found = syntax_trees([ONE, bad, OTHER], parser)
    assert found[bad] is None
    assert (found[ONE]["rules"], found[OTHER]["rules"]) == ([rule("name1")], [rule("name2")])


def test_text_without_rules_has_none_of_its_neighbours(parser):
    empty = "package lib.policies.empty\n# nothing\n"
    assert syntax_trees([ONE, empty, OTHER], parser)[empty]["rules"] == []


def test_name_of_the_border_is_nobodys(parser):
    taken = "package lib.policies.p\nborder = 0\nborder_ = 1\n"
    found = syntax_trees([taken, ONE], parser)
    assert found[taken]["rules"] == [rule("border", 0), rule("border_")]
    assert len(parser.texts) == 1


def test_texts_that_swallow_each_other_are_parsed_by_themselves(parser):
    class Swallowing(ParserDouble):
        def parse(self, text):
            tree = super().parse(text)
            return {**tree, "rules": tree["rules"][:-2]} if len(self.texts) == 1 else tree

    found = syntax_trees([ONE, OTHER], Swallowing())
    assert (found[ONE]["rules"], found[OTHER]["rules"]) == ([rule("name1")], [rule("name2")])


@pytest.mark.parametrize(
    "imported",
    ["import future.keywords\n", "import future.keywords.in\nimport future.keywords.if\n", "import rego.v1\n"],
)
def test_texts_that_import_other_keywords_are_parsed_apart(parser, imported):
    modern = [f"package lib.policies.m{number}\n{imported}a{number} = 1\n" for number in range(2)]
    syntax_trees([ONE, modern[0], OTHER, modern[1]], parser)
    assert sorted(text.count(imported) for text in parser.texts) == [0, 2]


def test_order_of_imported_keywords_does_not_matter(parser):
    names = ["in", "if"]
    texts = [
        "".join(
            ["package lib.policies.p\n", *(f"import future.keywords.{name}\n" for name in order), f"a{number} = 1\n"]
        )
        for number, order in enumerate([names, names[::-1]])
    ]
    syntax_trees(texts, parser)
    assert len(parser.texts) == 1


@pytest.mark.parametrize(
    "late",
    [
        "package lib.policies.p\na = 1\nimport future.keywords\n",
        "package lib.policies.p\nimport data.lib.x\nimport future.keywords\n",
        "# no package\n",
        "",
    ],
)
def test_text_that_imports_keywords_late_or_is_no_module_is_parsed_by_itself(parser, late):
    syntax_trees([ONE, late, OTHER], parser)
    assert late in parser.texts
    assert len(parser.texts) == 2


def test_word_import_in_a_text_or_a_comment_is_none(parser):
    quiet = 'package lib.policies.p\n# import future.keywords\nx = "import future"\na = 1\n'
    syntax_trees([ONE, quiet], parser)
    assert len(parser.texts) == 1


def test_each_text_has_its_own_imports(parser):
    texts = [
        f"package lib.policies.p\nimport rego.v1\nimport data.x{number}\na{number} = 1\nimport data.own\n"
        for number in range(2)
    ]
    found = syntax_trees(texts, parser)
    assert [found[text]["imports"] for text in texts] == [["rego.v1", f"data.x{n}", "data.own"] for n in range(2)]
    assert len(parser.texts) == 1


def test_very_many_texts_take_several_runs(parser, monkeypatch):
    monkeypatch.setattr(batch, "BATCH_CHARACTERS", len(ONE) * 2)
    found = syntax_trees([ONE, OTHER, THIRD], parser)
    assert [found[text]["rules"] for text in (ONE, OTHER, THIRD)] == [[rule(f"name{number}")] for number in (1, 2, 3)]
    assert len(parser.texts) == 2
