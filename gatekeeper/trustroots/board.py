"""What who hands trust roots over, and who makes Constraints, say to each other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping


class RootBoard:
    """Implements `gatekeeper.reconciliation.root_digests.RootDigests`; any thread may call it.

    Args:
        named: what Constraints ask for, where nobody will say it; None where somebody will.
    """

    def __init__(self, named: frozenset[tuple[str, str]] | None = None) -> None:
        self._lock = threading.Lock()
        self._digests: Mapping[str, str] | None = None
        self._waiting: Mapping[str, str] = {}
        self._named = named
        self._changed: Callable[[], None] = lambda: None

    def digests(self) -> Mapping[str, str] | None:
        """By name, those that Constraints are to ask for; None while nothing is known."""
        with self._lock:
            return self._digests

    def waiting(self, name: str) -> str:
        """What keeps a newer one of this name from being asked for; empty where nothing does."""
        with self._lock:
            return self._waiting.get(name, "")

    def named(self, found: frozenset[tuple[str, str]]) -> None:
        """Names and digests that the cluster's Constraints ask for."""
        with self._lock:
            self._named = found

    def asked(self) -> frozenset[tuple[str, str]] | None:
        """What was last said so; None where nobody has said anything yet."""
        with self._lock:
            return self._named

    def listen(self, changed: Callable[[], None]) -> None:
        """Have somebody called whenever digests, or what waits, change."""
        with self._lock:
            self._changed = changed

    def say(self, digests: Mapping[str, str], waiting: Mapping[str, str]) -> None:
        """What Constraints are to ask for from now on, and why that is not the newest."""
        with self._lock:
            same = self._digests == digests and self._waiting == waiting
            self._digests, self._waiting = dict(digests), dict(waiting)
            changed = self._changed
        if not same:
            changed()
