"""The glossary is followed: words that it rules out are nowhere, and types are named by nouns, each once."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.docs.pages import PAGES, ROOT, name

_GLOSSARY = ROOT / "docs" / "reference" / "glossary.md"
# The changelog and the tables of attacks quote: old names, outcomes of tests.
_QUOTING = {"CHANGELOG.md", "docs/reference/glossary.md", "docs/attacks.md"}
_CODE = ("gatekeeper", "provider", "scripts")
# Nouns of the language that end as participles do.
_NOUNS = {"Finding", "Listing", "Sighting", "Keyring"}


def _ruled_out(folder: str) -> list[tuple[re.Pattern[str], str]]:
    """What may not be written there, and what is written instead."""
    _, _, rest = _GLOSSARY.read_text("utf-8").partition("| Not | But | In |\n")
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in rest.splitlines()[1:] if row]
    assert rows, "the glossary has no table of words that are not written"
    words = [
        (word, instead) for words, instead, where in rows if folder in where for word in re.findall("`(.+?)`", words)
    ]
    return [(re.compile(rf"(?<!\w){re.escape(word)}(?!\w)"), f"{word!r}: write {instead}") for word, instead in words]


def _prose(page: Path) -> str:
    """The text of a page, without what is code."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)


def _said(file: Path) -> str:
    """What a module says in words: its comments and texts, without what is code in them."""
    text = file.read_text("utf-8")
    if file.suffix == ".rego":
        words = re.findall(r"#.*", text)
    else:
        kinds = {tokenize.COMMENT, tokenize.STRING}
        words = [each.string for each in tokenize.generate_tokens(io.StringIO(text).readline) if each.type in kinds]
    return re.sub(r"`[^`\n]*`", "", "\n".join(words))


def _modules() -> Iterator[Path]:
    for folder in _CODE:
        for suffix in ("py", "rego"):
            yield from sorted((ROOT / folder).rglob(f"*.{suffix}"))


@pytest.mark.parametrize("page", [page for page in PAGES if name(page) not in _QUOTING], ids=name)
def test_page_has_no_word_that_the_glossary_rules_out(page: Path) -> None:
    text = " ".join(_prose(page).split())
    assert [message for pattern, message in _ruled_out("pages") if pattern.search(text)] == []


def test_code_says_no_word_that_the_glossary_rules_out() -> None:
    patterns = _ruled_out("code")
    texts = {name(file): " ".join(_said(file).replace("#", " ").split()) for file in _modules()}
    found = [(file, message) for file, text in texts.items() for pattern, message in patterns if pattern.search(text)]
    assert found == []


def _classes() -> Iterator[tuple[str, str]]:
    for file in _modules():
        if file.suffix == ".py":
            for node in ast.parse(file.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    yield node.name, name(file)


def test_types_are_named_by_nouns() -> None:
    found = [(kind, file) for kind, file in _classes() if re.fullmatch(r"_?[A-Z][a-z]+(ed|ing)", kind)]
    assert [(kind, file) for kind, file in found if kind.lstrip("_") not in _NOUNS] == []


def test_no_two_types_of_the_packages_have_one_name() -> None:
    counts = Counter(kind for kind, file in _classes() if not kind.startswith("_") and not file.startswith("scripts"))
    assert {kind for kind, count in counts.items() if count > 1} == set()
