"""Texts that are nearly sound, and the parsers that read them."""

from __future__ import annotations

from random import Random

import pytest

from tests.attack import mutations
from tests.attack.parsers import Parser, failure, parsers

PARSERS = parsers()


def test_same_seed_makes_the_same_texts() -> None:
    original = b'{"a":[1,2,3]}'
    first, second = ([mutations.mutated(original, Random(seed)) for seed in range(50)] for _ in range(2))
    assert first == second
    assert len(set(first)) > 40


def test_text_that_is_no_utf_8_can_be_written_as_json_has_it() -> None:
    for seed in range(200):
        mutations.text("registry.test/app:1", Random(seed)).encode("utf-8", "surrogateescape")


def test_header_stays_one_header() -> None:
    found = [mutations.header('Bearer realm="x"', Random(seed)) for seed in range(300)]
    assert not any(character in text for text in found for character in "\r\n\x00")


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_parser_reads_what_fuzzing_begins_with(parser: Parser) -> None:
    for text in parser.texts:
        parser.read(text)


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_parser_reads_or_refuses_the_empty_text(parser: Parser) -> None:
    assert failure(parser, b"") == ""


def test_error_that_a_parser_may_not_raise_is_told() -> None:
    def read(raw: bytes) -> object:
        return {b"refused": int, b"foreign": {}.__getitem__}[raw]("x")

    parser = Parser("one", read, (ValueError,), ())
    assert failure(parser, b"refused") == ""
    assert failure(parser, b"foreign") == "KeyError"
