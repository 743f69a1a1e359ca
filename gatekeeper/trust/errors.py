"""Why there is no trust root."""

from __future__ import annotations


class TrustSourceError(Exception):
    """A source of a trust root that gives none; the message is one sentence.

    Attributes:
        passing: whether it may be another thing in a minute: a mirror is away.
    """

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing
