"""Creation times as Go reads them."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider import limits
from provider.golang.rfc3339 import ZERO, Moment, UnreadableTimeError, created_ns, is_canonical, read

LAYOUT = '"2006-01-02T15:04:05Z07:00"'


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.5Z", 1_500_000_000),
        ("1970-01-01T00:00:01,5Z", 1_500_000_000),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T00:00:00.0000000019Z", 1),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T16:00:00-08:00", 0),
        ("1970-01-01T05:30:00+05:30", 0),
        ("1970-01-02T00:00:00+24:00", 0),
        ("1970-01-01T1:00:00Z", 3_600_000_000_000),
        ("1969-12-31T23:59:59Z", -1_000_000_000),
        ("2024-02-29T12:00:00Z", 1_709_208_000_000_000_000),
        ("2026-11-24T22:27:35Z", 1_795_559_255_000_000_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000_000),
        ("0000-01-01T00:00:00Z", -62_167_219_200_000_000_000),
        ("9999-12-31T23:59:59Z", 253_402_300_799_000_000_000),
    ],
)
def test_time_is_read(text, ns):
    assert created_ns(text) == ns


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", f'parsing time "" as {LAYOUT}: cannot parse "" as "2006"'),
        ("yesterday", f'parsing time "yesterday" as {LAYOUT}: cannot parse "yesterday" as "2006"'),
        ("2024-03-01", f'parsing time "2024-03-01" as {LAYOUT}: cannot parse "" as "T"'),
        ("2024-03-01 10:00:00Z", f'parsing time "2024-03-01 10:00:00Z" as {LAYOUT}: cannot parse " 10:00:00Z" as "T"'),
        ("2024-03-01t10:00:00z", f'parsing time "2024-03-01t10:00:00z" as {LAYOUT}: cannot parse "t10:00:00z" as "T"'),
        ("2024-03-01T10:00:00", f'parsing time "2024-03-01T10:00:00" as {LAYOUT}: cannot parse "" as "Z07:00"'),
        (
            "2024-03-01T10:00:00+0000",
            f'parsing time "2024-03-01T10:00:00+0000" as {LAYOUT}: cannot parse "+0000" as "Z07:00"',
        ),
        ("2024-03-01T10:00:00.Z", f'parsing time "2024-03-01T10:00:00.Z" as {LAYOUT}: cannot parse ".Z" as "Z07:00"'),
        (
            "2024-3-01T10:00:00Z",
            f'parsing time "2024-3-01T10:00:00Z" as {LAYOUT}: cannot parse "3-01T10:00:00Z" as "01"',
        ),
        ("2016-12-31T23:59:60Z", 'parsing time "2016-12-31T23:59:60Z": second out of range'),
        ("2024-02-30T00:00:00Z", 'parsing time "2024-02-30T00:00:00Z": day out of range'),
        ("2023-02-29T00:00:00Z", 'parsing time "2023-02-29T00:00:00Z": day out of range'),
        ("1900-02-29T00:00:00Z", 'parsing time "1900-02-29T00:00:00Z": day out of range'),
        ("2024-13-01T00:00:00Z", 'parsing time "2024-13-01T00:00:00Z": month out of range'),
        ("2024-01-01T24:00:00Z", 'parsing time "2024-01-01T24:00:00Z": hour out of range'),
        ("2024-01-01T00:60:00Z", 'parsing time "2024-01-01T00:60:00Z": minute out of range'),
        ("2024-01-01T00:00:00+25:00", 'parsing time "2024-01-01T00:00:00+25:00": time zone offset hour out of range'),
        ("2024-01-01T00:00:00+00:61", 'parsing time "2024-01-01T00:00:00+00:61": time zone offset minute out of range'),
        ("2024-01-01T00:00:00Zx", 'parsing time "2024-01-01T00:00:00Zx": extra text: "x"'),
        ("é\n", f'parsing time "\\xc3\\xa9\\x0a" as {LAYOUT}: cannot parse "\\xc3\\xa9\\x0a" as "2006"'),
        ('2020"01', f'parsing time "2020\\"01" as {LAYOUT}: cannot parse "\\"01" as "-"'),
        ("a\\b", f'parsing time "a\\\\b" as {LAYOUT}: cannot parse "a\\\\b" as "2006"'),
        ("٢٠٢٤-03-01T10:00:00Z", None),
    ],
)
def test_text_that_is_no_time_is_refused_in_the_words_of_go(text, words):
    with pytest.raises(UnreadableTimeError) as caught:
        read(text)
    if words is not None:
        assert str(caught.value) == words
    assert created_ns(text) is None


def test_absent_time_has_no_nanoseconds():
    assert created_ns(None) is None


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
        ("2024-01-02T03:04:05,120Z", "2024-01-02T03:04:05.12Z"),
        ("2024-01-02T3:04:05+00:00", "2024-01-02T03:04:05Z"),
        ("2024-01-02T03:04:05-00:00", "2024-01-02T03:04:05Z"),
        ("2024-01-02T03:04:05+05:30", "2024-01-02T03:04:05+05:30"),
        ("2024-01-02T03:04:05-00:60", "2024-01-02T03:04:05-01:00"),
        ("0000-02-29T00:00:00Z", "0000-02-29T00:00:00Z"),
        ("2024-01-02T03:04:05-23:59", "2024-01-02T03:04:05-23:59"),
    ],
)
def test_time_is_written_as_go_writes_it(text, rendered):
    assert read(text).render() == rendered


def test_zero_time_is_the_first_year():
    assert ZERO.render() == "0001-01-01T00:00:00Z"


@pytest.mark.parametrize("text", ["2024-01-02T03:04:05+24:00", "2024-01-02T03:04:05-23:60"])
def test_offset_of_a_day_is_read_and_not_written(text):
    with pytest.raises(UnreadableTimeError, match="timezone hour outside of range"):
        read(text).render()


def test_long_text_is_cut_in_the_message():
    with pytest.raises(UnreadableTimeError) as caught:
        read("x" * 100_000)
    assert len(str(caught.value)) < 4 * limits.SHOWN_CHARACTERS


_OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59)


@given(st.datetimes(), _OFFSETS, st.integers(0, 999))
def test_time_is_what_the_calendar_says(moment, minutes, nanoseconds):
    zone = dt.timezone(dt.timedelta(minutes=minutes)) if minutes else dt.UTC
    there = moment.replace(tzinfo=zone)
    found = read(there.isoformat(timespec="microseconds")[:26] + f"{nanoseconds:03}" + there.isoformat()[-6:])
    seconds = (moment - dt.datetime(1970, 1, 1)) - dt.timedelta(minutes=minutes)  # noqa: DTZ001 - zones are the point
    assert found.ns == (seconds // dt.timedelta(microseconds=1)) * 1000 + nanoseconds


@given(
    st.builds(
        Moment,
        st.integers(0, 9999),
        st.integers(1, 12),
        st.integers(1, 28),
        st.integers(0, 23),
        st.integers(0, 59),
        st.integers(0, 59),
        st.integers(0, 999_999_999),
        _OFFSETS.map(lambda minutes: minutes * 60),
    )
)
def test_rendered_time_is_read_back(moment):
    assert read(moment.render()) == moment


@given(st.text(alphabet="0123456789-T:.,Z+x é\n", max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        read(text)
    except UnreadableTimeError as error:
        assert str(error).isprintable()  # noqa: PT017 - or it passes


@given(st.from_regex(r"\d{4}-[01]\d-[0-3]\d[T ][0-2]\d:[0-6]\d:[0-6]\d([.,]\d{1,11})?(Z|\+0[01]:00)", fullmatch=True))
def test_time_that_is_taken_as_it_is_would_be_written_so(text):
    if is_canonical(text):
        assert read(text).render() == text


@given(st.datetimes(), st.integers(0, 999_999_999))
def test_every_time_that_go_writes_is_taken_as_it_is(date, nanosecond):
    text = Moment(date.year, date.month, date.day, date.hour, date.minute, date.second, nanosecond).render()
    assert is_canonical(text) is ((date.month, date.day) != (2, 29))
