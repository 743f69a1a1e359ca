"""JUnit: what CI systems can read, whatever a message holds."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.cli.reports.junit import JUnitCase, render


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text.encode("utf-8"))  # noqa: S314 - our own text


def test_counts_stand_in_the_document_and_in_its_suite() -> None:
    root = parsed(render("check", [JUnitCase("a", "x"), JUnitCase("b", "x", ("no", "nor that"))]))
    (suite,) = root
    assert suite.get("name") == "check"
    for element in (root, suite):
        assert {name: element.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
            "tests": "2",
            "failures": "1",
            "errors": "0",
            "skipped": "0",
        }


def test_failure_has_its_first_sentence_as_message_and_all_of_them_as_text() -> None:
    good, bad = parsed(render("check", [JUnitCase("a", "x"), JUnitCase("b", "y", ("no", "nor that"))]))[0]
    assert (good.get("name"), good.get("classname"), list(good)) == ("a", "x", [])
    (failure,) = bad
    assert (failure.tag, failure.get("message"), failure.text) == ("failure", "no", "no\nnor that")


def test_suite_without_cases_is_a_document() -> None:
    assert parsed(render("check", []))[0].get("tests") == "0"


@given(st.text(), st.text(), st.lists(st.text(), max_size=3))
def test_any_text_gives_xml_that_can_be_read(name: str, group: str, failures: list[str]) -> None:
    (case,) = parsed(render("check", [JUnitCase(name, group, tuple(failures))]))[0]
    assert case.get("name") is not None
    assert len(case) == bool(failures)


@given(
    st.text(
        st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cc", "Cn", "Zs", "Zl", "Zp", "Cf"])
    )
)
def test_printable_text_comes_back_as_it_was(text: str) -> None:
    (case,) = parsed(render("check", [JUnitCase(text, "x", (text,))]))[0]
    assert case.get("name") == text
    assert case[0].get("message") == text


def test_lone_surrogate_and_control_characters_become_blanks() -> None:
    (case,) = parsed(render("check", [JUnitCase("a\ud800b\x00c\x1bd\ufffee", "x")]))[0]
    assert case.get("name") == "a b c d e"


def test_error_is_no_failure_and_what_was_not_judged_is_skipped() -> None:
    tests = [
        JUnitCase("a", "x", errors=("away",)),
        JUnitCase("b", "x", ("no",), ("away",)),
        JUnitCase("c", "x", skipped="no Pod", file="c.yaml"),
    ]
    root = parsed(render("check", tests))
    assert {name: root.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "errors": "1",
        "skipped": "1",
    }
    error, failure, skipped = root[0]
    assert [each[0].tag for each in (error, failure, skipped)] == ["error", "failure", "skipped"]
    assert failure[0].text == "no\naway"
    assert (skipped[0].get("message"), skipped.get("file")) == ("no Pod", "c.yaml")
