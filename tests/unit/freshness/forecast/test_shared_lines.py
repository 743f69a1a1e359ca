"""What is equal is kept once: of a large cluster there are a hundred thousand outlooks, and few things to say."""

from __future__ import annotations

from gatekeeper.freshness.forecast.clock_program import Row
from gatekeeper.freshness.forecast.line import Line
from gatekeeper.freshness.forecast.shared_lines import SharedLines


def _text(text: str) -> str:
    """Another object with the same text, as each answer of opa has."""
    return "".join(list(text))


def _row(image: str, sentence: str) -> Row:
    return "", _text(image), _text("ImageTooOld"), _text(sentence)


def _line(image: str) -> Line:
    return [(1_000, frozenset()), (2_000, frozenset({_row(image, "too old")}))]


def test_equal_lines_are_one_and_others_stay_as_they_are() -> None:
    shared = SharedLines()
    first, second, other = (shared.line(_line(image)) for image in ("web", "web", "db"))
    assert first is second
    assert (first, other) == (_line("web"), _line("db"))


def test_lines_of_different_images_share_what_they_have_in_common() -> None:
    shared = SharedLines()
    one, other = shared.line(_line("web")), shared.line(_line("db"))
    assert one[0] is other[0]
    ((*_, reason, sentence),), ((*_, its, same),) = one[1][1], other[1][1]
    assert reason is its
    assert sentence is same


def test_images_that_policies_cover_are_the_same_texts() -> None:
    shared = SharedLines()
    one, other = (shared.texts(frozenset({_text("web"), _text("db")})) for _ in range(2))
    assert one is other
    assert one == {"web", "db"}
    assert shared.texts(None) is None
