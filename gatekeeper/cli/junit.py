"""JUnit XML, which CI systems show as tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET


@dataclass(frozen=True)
class Case:
    """One test.

    Attributes:
        name: what was tested.
        group: what it belongs to.
        failures: why it failed, empty when it passed.
    """

    name: str
    group: str
    failures: tuple[str, ...] = ()


def render(suite: str, cases: Sequence[Case]) -> str:
    """One test suite as a document."""
    failed = sum(1 for case in cases if case.failures)
    counts = {"tests": str(len(cases)), "failures": str(failed), "errors": "0", "skipped": "0"}
    root = ET.Element("testsuites", counts)
    group = ET.SubElement(root, "testsuite", {"name": suite, **counts})
    for case in cases:
        element = ET.SubElement(group, "testcase", {"name": _text(case.name), "classname": _text(case.group)})
        if case.failures:
            failure = ET.SubElement(element, "failure", {"message": _text(case.failures[0])})
            failure.text = "\n".join(map(_text, case.failures))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _text(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold."""
    return "".join(character if character.isprintable() or character in "\n\t" else " " for character in text)
