"""When a registry wants to be asked again."""

import email.utils
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider import limits
from provider.registry.quota import retry_after
from provider.registry.transport.transport import Response

NOW = 1_700_000_000.0
MOST = limits.RETRY_AFTER_SECONDS


def date(seconds):
    return email.utils.formatdate(NOW + seconds, usegmt=True)


def seconds(text, name="retry-after"):
    return retry_after.seconds(Response(429, {name: text}, b""), NOW)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("3", 3),
        ("  3 ", 3),
        ("0", 0),
        (date(20), 20),
        (date(-20), -20),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MOST),
        ("100000", MOST),
        ("9" * 5000, MOST),
        # Several fields, or a list of one: the longest.
        ("3, 5", 5),
        ("5,3", 5),
        (f"{date(20)}, 5", 20),
        (f"5, {date(20)}", 20),
        (f"{date(20)}, {date(30)}", 30),
        (f"soon, {date(20)}", 20),
        ("soon, 4", 4),
    ],
)
def test_every_form_is_seconds_from_now(text, told):
    assert seconds(text) == pytest.approx(told)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "-5", "3.5", "٣", "1e3", "Fri, 31 Dec 99999 23:59:59 GMT", "Mon, 99 Foo 2020 00:00:00 GMT", ","],
)
def test_what_nobody_can_read_says_nothing(text):
    assert seconds(text) is None


@pytest.mark.parametrize(
    ("text", "told"), [(str(int(NOW) + 30), 30), ("9" * 40, MOST), ("soon", None), ("", None), (str(int(NOW) - 5), -5)]
)
def test_docker_hub_says_a_moment(text, told):
    assert seconds(text, "x-retry-after") == told


@pytest.mark.parametrize(
    "text", [", " + " " * 60_000 + "x", "1," * 30_000, ", 00:00:0" * 8_000], ids=["spaces", "numbers", "times"]
)
def test_header_of_any_length_is_read_at_once(text):
    # With each space a beginning, and each beginning looked at to the end, this would take minutes.
    assert seconds(text) in {None, 1.0}


@given(st.text(string.printable + "é\u0663", max_size=80))
def test_no_header_is_a_failure_and_nothing_is_longer_than_the_limit(text):
    told = seconds(text)
    assert told is None or told <= MOST


@given(st.lists(st.one_of(st.integers(0, 59), st.integers(0, 59).map(date)), min_size=1, max_size=4))
def test_of_several_the_longest_holds(members):
    told = [member if isinstance(member, int) else None for member in members]
    longest = max(value if value is not None else seconds(member) for value, member in zip(told, members, strict=True))
    assert seconds(", ".join(map(str, members))) == longest
