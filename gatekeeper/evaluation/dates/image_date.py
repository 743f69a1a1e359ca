"""One date of an image, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from provider.golang import rfc3339

_SECOND: Final = 1_000_000_000
# As the templates have it (`lib.bestbefore.dates`): before the first release of Docker no image was built, and clocks
# differ by a few minutes.
_FIRST_CREDIBLE: Final = rfc3339.read("2013-01-01T00:00:00Z").ns
_SKEW: Final = 300 * _SECOND


class DateWorth(StrEnum):
    """What a date proves."""

    NO_LATER = "no-later-than"
    NO_EARLIER = "no-earlier-than"
    PUBLISHER = "publisher"
    UNPROVED = "unproved"
    NO_DATE = "no-date"

    @property
    def sentence(self) -> str:
        """The same in words."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    DateWorth.NO_LATER: "existed no later than this",
    DateWorth.NO_EARLIER: "built no earlier than this, if you trust this builder as attested by",
    DateWorth.PUBLISHER: "its publisher's word",
    DateWorth.UNPROVED: "unproved: anybody who may push may have written it",
    DateWorth.NO_DATE: "no date",
}


@dataclass(frozen=True)
class ImageDate:
    """A date.

    Attributes:
        source: `config`, `annotation`, `provenance`, `log` or `timestamp`.
        field: its name there; empty where there is only one.
        at: as found.
        worth: what it proves.
        platform: of which; empty where it is about the image.
        builder: that the provenance names; empty for other sources.
        by: who attested it, where that is proved.
        lies: why it cannot be true; a sentence each.
    """

    source: str
    field: str
    at: str
    worth: DateWorth
    platform: str = ""
    builder: str = ""
    by: str = ""
    lies: tuple[str, ...] = ()

    @property
    def ns(self) -> int | None:
        """Nanoseconds since 1970; None where nobody can read it."""
        return rfc3339.created_ns(self.at)

    def to_json(self) -> dict[str, Any]:
        """As commands print it; what is empty is left out."""
        given = {"field": self.field, "platform": self.platform, "builder": self.builder, "by": self.by}
        found: dict[str, Any] = {"source": self.source, "at": self.at, "proves": self.worth.value}
        found |= {name: value for name, value in given.items() if value}
        return found | ({"lies": list(self.lies)} if self.lies else {})


def worth_of(text: str, worth: DateWorth) -> DateWorth:
    """What a date proves at most, where it is one: nothing that cannot be read or that nobody set is."""
    ns = rfc3339.created_ns(text)
    return DateWorth.NO_DATE if ns is None or ns < _FIRST_CREDIBLE else worth


def lies_about(text: str, now: float, existed: str = "", started: str = "") -> tuple[str, ...]:
    """Why a build cannot have been at this time.

    Args:
        text: the time, as found.
        now: seconds since 1970.
        existed: the earliest proved time of what was built; empty where nobody proves one.
        started: when the build is said to have begun; empty where nobody says.
    """
    at, earliest, start = (rfc3339.created_ns(each) for each in (text, existed, started))
    if at is None or at < _FIRST_CREDIBLE:
        return ()
    found = []
    if at > now * _SECOND + _SKEW:
        found.append("it lies in the future")
    if earliest is not None and at > earliest + _SKEW:
        found.append(f"the image existed before it: {existed} is proved")
    if start is not None and at < start:
        found.append(f"it is before the build began ({started})")
    return tuple(found)
