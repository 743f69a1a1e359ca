"""Creation times as found: RFC 3339 as Go reads it.

Container runtimes and policy-controller are written in Go, so what `time.Parse(time.RFC3339, …)` takes is what
counts: a fraction after a point or a comma, of which nine digits matter; an hour of one digit; offsets up to 24:60;
no leap second, no 30th of February. The messages are Go's own, because people search for them. Whether a date is good
enough is not decided here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from provider import limits
from provider.foreign_text import shown

_LAYOUT: Final = "2006-01-02T15:04:05Z07:00"
_SECOND: Final = 1_000_000_000
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_NANOSECOND_DIGITS: Final = 9
_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FRACTION: Final = re.compile(r"[.,](\d+)", re.ASCII)
_ZONE: Final = re.compile(r"([+-])(\d\d):(\d\d)", re.ASCII)
_ONE_OR_TWO: Final = re.compile(r"\d\d?", re.ASCII)
_TWO: Final = re.compile(r"\d\d", re.ASCII)
_FOUR: Final = re.compile(r"\d{4}", re.ASCII)
_CANONICAL: Final = re.compile(
    r"\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{0,8}[1-9])?Z",
    re.ASCII,
)
"""What is read and written again as it is; except the 29th of February, which takes more than an expression."""


class UnreadableTimeError(ValueError):
    """A text that is no RFC 3339 time; the message is Go's."""


@dataclass(frozen=True)
class Moment:
    """A time with its offset from UTC.

    Attributes:
        year, month, day, hour, minute, second: as written, at the offset.
        nanosecond: 0 to 999,999,999.
        offset: seconds east of UTC.
    """

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    nanosecond: int = 0
    offset: int = 0

    @property
    def ns(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z; any year from 0 to 9999, so beyond 64 bits as well."""
        clock = self.hour * _HOUR + self.minute * _MINUTE + self.second - self.offset
        return (_days(self.year, self.month, self.day) * _DAY + clock) * _SECOND + self.nanosecond

    def render(self) -> str:
        """As Go's RFC3339Nano: no trailing zeros in the fraction, `Z` for no offset.

        Raises:
            UnreadableTimeError: an offset of 24 hours or more, which Go reads but does not write.
        """
        text = f"{self.year:04}-{self.month:02}-{self.day:02}T{self.hour:02}:{self.minute:02}:{self.second:02}"
        if self.nanosecond:
            text += f".{self.nanosecond:09}".rstrip("0")
        if not self.offset:
            return text + "Z"
        hours, minutes = divmod(abs(self.offset) // _MINUTE, 60)
        if hours > 23:  # noqa: PLR2004 - the last hour of a day
            raise UnreadableTimeError("Time.MarshalJSON: timezone hour outside of range [0,23]")
        return f"{text}{'-' if self.offset < 0 else '+'}{hours:02}:{minutes:02}"


ZERO: Final = Moment(1, 1, 1, 0, 0, 0)


def read(text: str) -> Moment:
    """Read a time.

    Raises:
        UnreadableTimeError: in Go's words; of the text at most `limits.SHOWN_CHARACTERS` characters are repeated.
    """
    return _TimeReader(text).moment()


def is_canonical(text: str) -> bool:
    """Whether a time is one that Go would write just so; not every such time is known."""
    return _CANONICAL.fullmatch(text) is not None


def created_ns(text: str | None) -> int | None:
    """Nanoseconds since 1970 of a creation time as found; None for what is absent or unreadable."""
    if text is None:
        return None
    try:
        return read(text).ns
    except UnreadableTimeError:
        return None


class _TimeReader:
    """Go's way through the layout, element by element, so that each failure names the element that Go names."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._rest = text

    def moment(self) -> Moment:
        year = self._number(_FOUR, "2006")
        self._skip("-")
        month = self._number(_TWO, "01", "month", 1, 12)
        self._skip("-")
        day = self._number(_TWO, "02")
        self._skip("T")
        hour = self._number(_ONE_OR_TWO, "15", "hour", 0, 23)
        self._skip(":")
        minute = self._number(_TWO, "04", "minute", 0, 59)
        self._skip(":")
        second = self._number(_TWO, "05", "second", 0, 59)
        nanosecond = self._fraction()
        offset = self._offset()
        if self._rest:
            raise self._error(f": extra text: {_quoted(self._rest)}")
        if not 1 <= day <= _days_of(month, year):
            raise self._error(": day out of range")
        return Moment(year, month, day, hour, minute, second, nanosecond, offset)

    def _skip(self, separator: str) -> None:
        if not self._rest.startswith(separator):
            raise self._mismatch(separator)
        self._rest = self._rest[1:]

    def _number(self, digits: re.Pattern[str], element: str, name: str = "", first: int = 0, last: int = 9999) -> int:
        match = digits.match(self._rest)
        if not match:
            raise self._mismatch(element)
        number = int(match[0])
        if not first <= number <= last:
            raise self._error(f": {name} out of range")
        self._rest = self._rest[match.end() :]
        return number

    def _fraction(self) -> int:
        match = _FRACTION.match(self._rest)
        if not match:
            return 0
        self._rest = self._rest[match.end() :]
        return int(match[1][:_NANOSECOND_DIGITS].ljust(_NANOSECOND_DIGITS, "0"))

    def _offset(self) -> int:
        if self._rest.startswith("Z"):
            self._rest = self._rest[1:]
            return 0
        match = _ZONE.match(self._rest)
        # Go looks at the numbers before it looks at the sign.
        unsigned = match or re.match(r"(.)(\d\d):(\d\d)", self._rest, re.ASCII | re.DOTALL)
        if unsigned and int(unsigned[2]) > 24:  # noqa: PLR2004 - Go's bound
            raise self._error(": time zone offset hour out of range")
        if unsigned and int(unsigned[3]) > 60:  # noqa: PLR2004 - Go's bound
            raise self._error(": time zone offset minute out of range")
        if not match:
            raise self._mismatch("Z07:00")
        self._rest = self._rest[match.end() :]
        seconds = int(match[2]) * _HOUR + int(match[3]) * _MINUTE
        return -seconds if match[1] == "-" else seconds

    def _mismatch(self, element: str) -> UnreadableTimeError:
        found = f"cannot parse {_quoted(self._rest)} as {_quoted(element)}"
        return self._error(f" as {_quoted(_LAYOUT)}: {found}")

    def _error(self, rest: str) -> UnreadableTimeError:
        return UnreadableTimeError(f"parsing time {_quoted(self._text)}{rest}")


def _quoted(text: str) -> str:
    """As package time quotes: bytes beyond ASCII and control characters in hexadecimal."""
    cut = text if len(text) <= limits.SHOWN_CHARACTERS else text[: limits.SHOWN_CHARACTERS] + "..."
    quoted = []
    for character in cut:
        if character < " " or not character.isascii():
            quoted += [f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogatepass")]
        else:
            quoted.append("\\" + character if character in '"\\' else character)
    return '"' + shown("".join(quoted), len(quoted) * len("\\xff") * 4) + '"'


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_of(month: int, year: int) -> int:
    return 29 if month == 2 and _leap(year) else _DAYS[month - 1]  # noqa: PLR2004 - February


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 in the proleptic Gregorian calendar, whose year 0 is a leap year."""
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400
    days += sum(_DAYS[: month - 1]) + (1 if month > 2 and _leap(year) else 0) + day  # noqa: PLR2004 - after February
    return days - 719_163
