"""When a registry wants to be asked again (RFC 9110, section 10.2.3)."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Iterator
from typing import Final

from provider import limits
from provider.registry.transport.transport import Response

_DIGITS: Final = len("1000000")
# A list that came of several fields: dates have a comma of their own.
_MEMBERS: Final = re.compile(r",\s*(?![^,]*\d{2}:\d{2}:\d{2})|(?<=GMT),\s*", re.ASCII)


def seconds(response: Response, now: float) -> float | None:
    """Seconds from now, which may have passed; of several the longest. None where nothing that can be read is said.

    Docker Hub says it as a moment in `X-Retry-After`, too.

    Args:
        response: the answer.
        now: seconds since 1970.
    """
    most = limits.QUOTA_CHARACTERS
    said = [*_read(response.header("retry-after")[:most], now), *_read_moment(response.header("x-retry-after"), now)]
    return min(max(said), limits.RETRY_AFTER_SECONDS) if said else None


def _read(text: str, now: float) -> Iterator[float]:
    for member in _MEMBERS.split(text):
        word = member.strip()
        if word.isascii() and word.isdecimal():
            # More digits than anybody means are the most.
            yield float(word) if len(word) < _DIGITS else limits.RETRY_AFTER_SECONDS
            continue
        try:
            yield email.utils.parsedate_to_datetime(word).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            continue


def _read_moment(text: str, now: float) -> Iterator[float]:
    word = text.strip()
    if word.isascii() and word.isdecimal():
        yield float(word) - now if len(word) <= len("9999999999") else limits.RETRY_AFTER_SECONDS
