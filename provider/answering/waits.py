"""How long callers may wait for an image: the wait belongs to the image.

Gatekeeper asks for one policy kind after the other, and its webhook must answer before it times out, so what counts
is the sum of all waits of one admission. Nothing in a request says to which admission it belongs; the image does,
nearly always.

- The first question about an image opens its window. All questions that come within it share one wait.
- The wait is spent while somebody waits, and only then: two who wait at the same time spend it once, and an image
  that was answered at once has its whole wait left.
- When nothing is left, the answer is immediate until the window ends. Then the next question opens a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from provider import limits


@dataclass(slots=True)
class _Window:
    """One image's: `since` says from when somebody has been waiting, and counts only while `waiting` is above 0."""

    opened: float
    spent: float = 0.0
    waiting: int = 0
    since: float = 0.0


class Waits:
    """The waits of one endpoint; for one event loop.

    Args:
        seconds: how long callers may wait for one image in all, within one window.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # Never less than the wait itself, or a window would end while its first caller still waits.
        self._window_seconds = max(limits.WAIT_WINDOW_SECONDS, seconds)
        self._windows: dict[str, _Window] = {}

    def begin(self, image: str, now: float) -> float:
        """Somebody starts to wait for an image.

        Args:
            image: the reference as the question spells it.
            now: monotonic seconds.

        Returns:
            Until when they may wait, monotonic seconds; `now` when nothing is left.
        """
        window = self._window(image, now)
        if window.waiting == 0:
            window.since = now
        window.waiting += 1
        return now + max(0.0, self._seconds - window.spent - (now - window.since))

    def end(self, image: str, now: float) -> None:
        """They wait no longer, whatever the outcome; `now` may be the earlier moment at which the answer came."""
        window = self._windows[image]
        window.waiting -= 1
        if window.waiting == 0:
            window.spent += max(0.0, now - window.since)

    def _window(self, image: str, now: float) -> _Window:
        window = self._windows.get(image)
        if window is None or now - window.opened >= self._window_seconds:
            self._forget(now)
            waiting = 0 if window is None else window.waiting
            # Last in the order, so that the oldest windows stand first.
            self._windows.pop(image, None)
            window = self._windows[image] = _Window(opened=now, waiting=waiting, since=now)
        return window

    def _forget(self, now: float) -> None:
        """Drop what has ended, from the oldest on; beyond the bound, what has not ended too."""
        for image, window in list(islice(self._windows.items(), limits.WAITS_SWEPT)):
            ended = now - window.opened >= self._window_seconds
            if window.waiting == 0 and (ended or len(self._windows) >= limits.WAITS):
                del self._windows[image]
