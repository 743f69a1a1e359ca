"""Why there is no trust root."""

from __future__ import annotations


class TrustSourceError(Exception):
    """A source of a trust root that gives none; the message is one sentence.

    Attributes:
        passing: whether it may be another thing in a minute: a mirror is away.
        stale: whether there was one, which is too old by now.
    """

    def __init__(self, message: str, *, passing: bool = False, stale: bool = False) -> None:
        super().__init__(message)
        self.passing = passing
        self.stale = stale
