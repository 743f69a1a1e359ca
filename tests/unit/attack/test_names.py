"""The name server of attacks, without a socket."""

from __future__ import annotations

import pytest

from tests.attack import names

# What `dig a.192-0-2-1.name.test A` sends, but for what it asks of the server.
QUERY = bytes.fromhex("1234010000010000000000000161093139322d302d322d31046e616d6504746573740000010001")


def test_question_is_read() -> None:
    question = names.read(QUERY)
    assert (question.number, question.name, question.kind) == (0x1234, "a.192-0-2-1.name.test", 1)
    assert question.raw == QUERY[12:]


@pytest.mark.parametrize("cut", range(1, 6))
def test_question_that_is_cut_is_refused(cut: int) -> None:
    with pytest.raises(ValueError):
        names.read(QUERY[:-cut])


def test_answer_has_the_address_behind_the_question() -> None:
    answer = names.write(names.read(QUERY), "192.0.2.1")
    assert answer[:2] == QUERY[:2]
    assert answer[2:12] == bytes.fromhex("81800001000100000000")
    assert answer[12:].startswith(QUERY[12:])
    assert answer.endswith(bytes([0, 4, 192, 0, 2, 1]))


def test_name_without_an_address_does_not_exist() -> None:
    answer = names.write(names.read(QUERY), None)
    assert answer[2:12] == bytes.fromhex("81830001000000000000")


def test_name_with_an_address_has_none_of_the_other_family() -> None:
    question = names.read(QUERY[:-4] + b"\x00\x1c\x00\x01")
    assert names.write(question, "192.0.2.1")[2:12] == bytes.fromhex("81800001000000000000")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (names.name("192.0.2.1"), (0.0, "192.0.2.1")),
        (names.name("192.0.2.1", "b7"), (0.0, "192.0.2.1")),
        (names.name("192.0.2.1", "b", 250), (0.25, "192.0.2.1")),
        ("a.300-0-2-1.name.test", (0.0, None)),
        ("nowhere.test", (0.0, None)),
    ],
)
def test_name_says_its_address_and_how_late_it_is(text: str, found: tuple[float, str | None]) -> None:
    assert names.looked_up(text) == found
