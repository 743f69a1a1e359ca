"""What makes an entry of a shared store ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.cache.shared import seal
from provider.cache.shared.seal import Seal
from provider.errors import FileError

KEY = b"k" * 32
OURS, THEIRS = Seal(KEY), Seal(b"t" * 32)


def test_entry_is_opened_under_the_name_that_it_was_closed_for():
    name = OURS.name("tag", "reg.io/app", "v1", "anonymous")
    assert OURS.open(name, OURS.close(name, b"payload")) == b"payload"


def test_entry_of_another_name_is_not_opened():
    name, other = OURS.name("tag", "reg.io/app", "v1"), OURS.name("tag", "reg.io/app", "v2")
    assert OURS.open(other, OURS.close(name, b"payload")) is None


def test_entry_under_another_key_is_neither_found_nor_opened():
    name = OURS.name("tag", "reg.io/app", "v1")
    assert THEIRS.name("tag", "reg.io/app", "v1") != name
    assert THEIRS.open(name, OURS.close(name, b"payload")) is None


@given(st.binary(max_size=100))
def test_what_somebody_else_wrote_is_not_opened(body):
    assert OURS.open("bestbefore:1:tag:ab", body) is None


@given(st.binary(min_size=1, max_size=60), st.integers(min_value=0), st.integers(1, 255))
def test_entry_that_was_changed_is_not_opened(payload, where, change):
    name = OURS.name("tag", "reg.io/app")
    body = bytearray(OURS.close(name, payload))
    body[where % len(body)] ^= change
    assert OURS.open(name, bytes(body)) is None


def test_name_says_nothing_of_what_it_is_about():
    name = OURS.name("tag", "reg.io/secret-project", "v1", "a-credential")
    assert name.startswith("bestbefore:1:tag:")
    assert not any(word in name for word in ("secret", "v1", "credential", "reg.io"))


def test_parts_are_kept_apart():
    assert OURS.name("tag", "a", "bc") != OURS.name("tag", "ab", "c")
    assert OURS.name("tag", "a", "b") != OURS.name("right", "a", "b")


@pytest.mark.parametrize("text", [b"", b"short", b"x" * 31 + b"\n", b" " * 64])
def test_key_that_is_no_secret_is_refused(text):
    with pytest.raises(FileError, match="needs 32 at least"):
        seal.read(text)


def test_end_of_a_line_is_no_part_of_the_key():
    assert seal.read(KEY + b"\n").name("tag") == OURS.name("tag")
