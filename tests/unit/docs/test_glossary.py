"""The glossary is followed: words that it rules out are nowhere, and types are named by nouns, each once."""

from __future__ import annotations

import ast
import functools
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


@functools.cache
def _ruled_out(folder: str) -> list[tuple[str, str]]:
    """What may not be written there, and what is written instead."""
    _, _, rest = _GLOSSARY.read_text("utf-8").partition("| Not | But | In |\n")
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in rest.splitlines()[1:] if row]
    assert rows, "the glossary has no table of words that are not written"
    return [
        (word, f"{word!r}: write {instead}")
        for words, instead, where in rows
        if folder in where
        for word in re.findall("`(.+?)`", words)
    ]


def _says(text: str, word: str) -> bool:
    # The first look costs a hundredth of the second, and nearly always answers.
    return word in text and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _prose(page: Path) -> str:
    """The text of a page, without what is code."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)


def _said(suffix: str, text: str) -> str:
    """What a module says in words: its comments and texts, without what is code in them."""
    if suffix == "rego":
        words = re.findall(r"#.*", text)
    else:
        kinds = {tokenize.COMMENT, tokenize.STRING}
        words = [each.string for each in tokenize.generate_tokens(io.StringIO(text).readline) if each.type in kinds]
    return _flat(_without_code("\n".join(words)))


def _without_code(text: str) -> str:
    return re.sub(r"`[^`\n]*`", "", text)


def _flat(text: str) -> str:
    return " ".join(text.replace("#", " ").split())


@functools.cache
def _modules(suffix: str) -> dict[str, str]:
    """The text of each module by its path."""
    files = [file for folder in _CODE for file in sorted((ROOT / folder).rglob(f"*.{suffix}"))]
    return {name(file): file.read_text("utf-8") for file in files}


@pytest.mark.parametrize("page", [page for page in PAGES if name(page) not in _QUOTING], ids=name)
def test_page_has_no_word_that_the_glossary_rules_out(page: Path) -> None:
    text = " ".join(_prose(page).split())
    assert [message for word, message in _ruled_out("pages") if _says(text, word)] == []


def test_code_says_no_word_that_the_glossary_rules_out() -> None:
    assert [found for suffix in ("py", "rego") for found in _words_ruled_out(suffix)] == []


def _words_ruled_out(suffix: str) -> Iterator[tuple[str, str]]:
    """Each module that says such a word, with what to write instead."""
    for file, text in _modules(suffix).items():
        whole = f"{_flat(text)}\n{_flat(_without_code(text))}"
        # Few modules have such a word anywhere, code included: only those are taken apart, which is slow.
        near = [(word, message) for word, message in _ruled_out("code") if _says(whole, word)]
        said = _said(suffix, text) if near else ""
        yield from ((file, message) for word, message in near if _says(said, word))


@functools.cache
def _classes() -> list[tuple[str, str]]:
    """Every type of the modules, with the module's path."""
    return [
        (node.name, file)
        for file, text in _modules("py").items()
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef)
    ]


def test_types_are_named_by_nouns() -> None:
    found = [(kind, file) for kind, file in _classes() if re.fullmatch(r"_?[A-Z][a-z]+(ed|ing)", kind)]
    assert [(kind, file) for kind, file in found if kind.lstrip("_") not in _NOUNS] == []


def test_no_two_types_of_the_packages_have_one_name() -> None:
    counts = Counter(kind for kind, file in _classes() if not kind.startswith("_") and not file.startswith("scripts"))
    assert {kind for kind, count in counts.items() if count > 1} == set()
