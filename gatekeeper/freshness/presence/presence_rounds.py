"""Looks for images one after the other, all day long: at most one question a second a registry."""

from __future__ import annotations

import threading

from gatekeeper.freshness.presence import limits
from gatekeeper.freshness.presence.presence import Presence
from gatekeeper.freshness.presence.presence_book import PresenceBook


class PresenceRounds:
    """Asks what is due.

    Args:
        book: says what, and takes the answers.
        presence: looks.
    """

    def __init__(self, book: PresenceBook, presence: Presence) -> None:
        self._book = book
        self._presence = presence

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set, in a thread of its own."""
        while not stop.is_set():
            stop.wait(self.step())

    def step(self) -> float:
        """Ask once; how long to wait until the next time, seconds."""
        keys = self._book.due()
        if not keys:
            return limits.IDLE_SECONDS
        self._book.take(self._presence.ask(keys))
        return limits.PACE_SECONDS
