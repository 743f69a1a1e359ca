"""The form of the changelog: entries of one section apart from each other, none of them twice."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from tests.unit.docs.pages import ROOT

_LINES = (ROOT / "CHANGELOG.md").read_text("utf-8").splitlines()
_SECTIONS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]


def test_entry_has_an_empty_line_before_it() -> None:
    close = [number for number, (before, line) in enumerate(pairwise(_LINES), 2) if line.startswith("- ") and before]
    assert close == [], "lines of CHANGELOG.md that need an empty line before them"


def test_sections_stand_in_order_and_once_in_a_version() -> None:
    headings = [line for line in _LINES if line.startswith("##")]
    assert headings[:1] == ["## [Unreleased]"]
    for version in re.split(r"^## .*$", "\n".join(headings), flags=re.MULTILINE)[1:]:
        sections = re.findall(r"^### (\w+)$", version, re.MULTILINE)
        assert sections == [section for section in _SECTIONS if section in sections]


def test_no_two_entries_begin_alike() -> None:
    beginnings = Counter(" ".join(line.split()[:7]) for line in _LINES if line.startswith("- "))
    assert [beginning for beginning, count in beginnings.items() if count > 1] == []
