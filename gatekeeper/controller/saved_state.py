"""What the controller keeps over a restart: each part in a file of its own, so that one bad file costs one part."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from gatekeeper.controller.state_file import StateError, StateFile
from gatekeeper.denials.ledger.snapshot import SnapshotError
from gatekeeper.denials.logs.health import SourceHealth, SourceName, SourceProblem

_KEY_BYTES: Final = 32


class SavedPart(Protocol):
    """Something that another process can go on with."""

    def snapshot(self) -> str:
        """What it goes on with."""

    def restore(self, text: str) -> None:
        """Go on with it.

        Raises:
            SnapshotError: it cannot be used, and nothing of it was.
        """


class SavedState:
    """Keeps parts in a directory.

    Args:
        directory: where; None where nothing is kept.
        parts: by the names of their files.
        health: takes note whether it can be done.
    """

    def __init__(self, directory: Path | None, parts: Mapping[str, SavedPart], health: SourceHealth) -> None:
        self._files = {name: StateFile(directory / f"{name}.json") for name in parts} if directory else {}
        self._parts = parts
        self._health = health
        self._lock = threading.Lock()

    def restore(self) -> None:
        """Go on where the process before was; what cannot be used is said, and begins anew."""
        for name, file in self._files.items():
            try:
                text = file.read()
                if text:
                    self._parts[name].restore(text)
            except StateError as error:
                self._health.failed(SourceName.STATE, SourceProblem.INVALID, str(error))
            except SnapshotError as error:
                self._health.failed(SourceName.STATE, SourceProblem.INVALID, f"{file.path}: {error}")

    def save(self) -> None:
        """Keep all of it; a full disk is said, and the next time it is tried again. Several threads may call it."""
        try:
            with self._lock:
                for name, file in self._files.items():
                    file.write(self._parts[name].snapshot())
        except StateError as error:
            self._health.failed(SourceName.STATE, SourceProblem.UNAVAILABLE, str(error))
        else:
            if self._files:
                self._health.succeeded(SourceName.STATE)


def user_key(directory: Path | None) -> bytes:
    """The key by which names of users are hashed, the same after a restart where a directory keeps it.

    Raises:
        StateError: the directory cannot be used.
    """
    if directory is None:
        return secrets.token_bytes(_KEY_BYTES)
    file = StateFile(directory / "user-key")
    kept = file.read()
    if len(kept) != 2 * _KEY_BYTES:
        kept = secrets.token_hex(_KEY_BYTES)
        file.write(kept)
    return kept.encode()
