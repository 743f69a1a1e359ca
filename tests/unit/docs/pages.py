"""The Markdown pages for users, and the pieces of them that are checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
FOLDERS = ("docs", "helm", "policies")
PAGES = sorted([*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))])


@dataclass(frozen=True)
class Block:
    """A fenced block of code.

    Attributes:
        language: `console`, `yaml`, …
        text: without the fence and its indentation.
    """

    language: str
    text: str


def name(page: Path) -> str:
    """A page as people call it."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    """Every fenced block of a page."""
    for found in re.finditer(r"^( *)```(\w+)\n(.*?)^\1```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        indent = len(found[1])
        yield Block(found[2], "".join(line[indent:] or "\n" for line in found[3].splitlines(keepends=True)))


def commands(page: Path) -> Iterator[str]:
    """Every line that a reader would type."""
    for block in blocks(page):
        if block.language == "console":
            yield from (line.removeprefix("$ ") for line in block.text.splitlines() if line.startswith("$ "))


def links(page: Path) -> Iterator[tuple[str, str]]:
    """The page's links to files: path and anchor."""
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            yield path, anchor


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
