"""JUnit XML, which CI systems show as tests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from gatekeeper.evaluation.check_result import CheckResult, Judgement


@dataclass(frozen=True)
class JUnitCase:
    """One test.

    Attributes:
        name: what was tested.
        group: what it belongs to.
        failures: why it failed, empty when it passed.
        errors: why nobody knows whether it passes; empty where that is known.
        skipped: why it was not run; empty when it was.
        file: the file that it is about; empty where there is none.
        note: what a person should know about it; empty for nothing.
    """

    name: str
    group: str
    failures: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    skipped: str = ""
    file: str = ""
    note: str = ""


def cases(result: CheckResult) -> Iterator[JUnitCase]:
    """A case for each policy and object: failed by what denies, in error where there is no verdict, else passed.

    What was not judged is skipped, with the reason.
    """
    for each in result.judgements:
        if each.covers:
            yield _case(each)
        else:
            skipped = each.reason or "it covers none of the images"
            yield JUnitCase(each.review.title or "images", each.policy, skipped=skipped, file=each.review.file)
    for unjudged in result.unjudged:
        if unjudged.what != "policy":
            yield JUnitCase(unjudged.name, "not judged", skipped=unjudged.reason, file=unjudged.file)


def _case(judgement: Judgement) -> JUnitCase:
    denials = [each for each in judgement.findings if each.action == "deny"]
    return JUnitCase(
        judgement.review.title or "images",
        judgement.policy or "no matching policies",
        tuple(each.violation.msg for each in denials if not each.undecided),
        tuple(each.violation.msg for each in denials if each.undecided),
        file=judgement.review.file,
        note=judgement.review.subject.note,
    )


def render(suite: str, tests: Sequence[JUnitCase]) -> str:
    """One test suite as a document."""
    counts = {
        "tests": len(tests),
        "failures": sum(1 for each in tests if each.failures),
        "errors": sum(1 for each in tests if each.errors and not each.failures),
        "skipped": sum(1 for each in tests if each.skipped),
    }
    numbers = {name: str(count) for name, count in counts.items()}
    root = ET.Element("testsuites", numbers)
    group = ET.SubElement(root, "testsuite", {"name": suite, **numbers})
    for each in tests:
        _add(group, each)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add(group: ET.Element, case: JUnitCase) -> None:
    file = {"file": _text(case.file)} if case.file else {}
    element = ET.SubElement(group, "testcase", {"name": _text(case.name), "classname": _text(case.group), **file})
    if case.failures:
        _said(element, "failure", (*case.failures, *case.errors))
    elif case.errors:
        _said(element, "error", case.errors)
    elif case.skipped:
        ET.SubElement(element, "skipped", {"message": _text(case.skipped)})
    if case.note:
        ET.SubElement(element, "system-out").text = _text(case.note)


def _said(element: ET.Element, tag: str, sentences: Sequence[str]) -> None:
    child = ET.SubElement(element, tag, {"message": _text(sentences[0])})
    child.text = "\n".join(map(_text, sentences))


def _text(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold."""
    return "".join(character if character.isprintable() or character in "\n\t" else " " for character in text)
