"""A file in which something is kept over a restart of the process."""

from __future__ import annotations

import os
from pathlib import Path

from gatekeeper.denials.limits import SNAPSHOT_BYTES


class StateError(Exception):
    """The file cannot be read or written; the message says why."""


class StateFile:
    """A text that is there whole or not at all, whenever the process is killed.

    Args:
        path: of the file, whose directory is there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> str:
        """The text; empty where nothing was kept yet.

        Raises:
            StateError: it cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                text = file.read(SNAPSHOT_BYTES + 1)
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise StateError(f"{self.path}: cannot read it: {error.strerror}") from error
        if len(text) > SNAPSHOT_BYTES:
            raise StateError(f"{self.path}: it is larger than {SNAPSHOT_BYTES} bytes")
        return text.decode("utf-8", "replace")

    def write(self, text: str) -> None:
        """Put a text in the place of the old one.

        Raises:
            StateError: it cannot be written, and the old one is there still.
        """
        new = self.path.with_name(f".{self.path.name}.new")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
            new.replace(self.path)
        except OSError as error:
            raise StateError(f"{self.path}: cannot write it: {error.strerror}") from error
