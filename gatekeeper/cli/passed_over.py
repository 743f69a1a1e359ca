"""What cannot be used is passed over; a warning on standard error names it, once for each."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from gatekeeper.cli import output
from provider import limits
from provider.observer import FileSetting, NullObserver, RemoteList


class Warnings(NullObserver):
    """Prints a warning for each entry that is passed over; may be used by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: set[str] = set()

    def file_in_force(self, setting: FileSetting, name: str, problems: Sequence[str]) -> None:  # noqa: ARG002 - the problems name it
        """See `Observer`."""
        self._warn(problems)

    def setting_in_force(self, setting: str, problems: Sequence[str]) -> None:  # noqa: ARG002 - as above
        """See `Observer`."""
        self._warn(problems)

    def cloud_asked(self, cloud: str, problem: str) -> None:  # noqa: ARG002 - as above
        """See `Observer`."""
        self._warn([problem] if problem else [])

    def entries_passed_over(self, listed: RemoteList, problems: Sequence[str]) -> None:  # noqa: ARG002 - as above
        """See `Observer`."""
        self._warn(problems)

    def _warn(self, problems: Sequence[str]) -> None:
        with self._lock:
            new = [problem for problem in problems if problem not in self._told]
            self._told.update(new)
        for problem in new[: limits.PASSED_OVER_SHOWN]:
            output.warning(f"passed over: {problem}")
        if len(new) > limits.PASSED_OVER_SHOWN:
            output.warning(f"passed over: {len(new) - limits.PASSED_OVER_SHOWN} more")
