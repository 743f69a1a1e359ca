"""What is kept of a mirror between two runs: its metadata, and the last trust root that came of it.

A folder for each mirror and each root where trust begins. One process writes at a time. Metadata that are kept make a
mirror's rollback an error; the trust root that is kept is used while nothing newer can be had, to a declared end.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

from gatekeeper.trust import limits
from gatekeeper.trust.errors import TrustSourceError

_RECORD: Final = "last.json"
_LOCK: Final = "lock"
_METADATA: Final = "metadata"
_PRIVATE: Final = 0o700
# Seconds since 1970: later ones are no times.
_LATEST: Final = 100_000_000_000.0
_RECORD_BYTES: Final = 2 * limits.TARGET_BYTES


@dataclass(frozen=True)
class LastLook:
    """What the last look at a mirror came to.

    Attributes:
        looked: when that was, seconds since 1970.
        body: the last trust root that the mirror signed for; empty where there never was one.
        verified: when the mirror signed for it, seconds since 1970.
        expires: when its metadata end, seconds since 1970.
        root_version: of the root then.
        failure: why the last look came to nothing; empty where it did not.
    """

    looked: float
    body: str = ""
    verified: float = 0.0
    expires: float = 0.0
    root_version: int = 0
    failure: str = ""


class MirrorState:
    """The folder of a mirror.

    Args:
        folder: of all mirrors.
        url: the mirror's.
        root: where trust begins.
    """

    def __init__(self, folder: Path, url: str, root: bytes) -> None:
        self._folder = folder / mirror_name(url, root)

    @property
    def metadata(self) -> Path:
        """Where the Updater keeps what it has verified."""
        return self._folder / _METADATA

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """For as long as it lasts no other process looks at this mirror.

        Raises:
            TrustSourceError: the folder cannot be used, or another process is at it for too long.
        """
        try:
            self.metadata.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            # Not deleted at the end: another process may hold it open already.
            lock = (self._folder / _LOCK).open("a", encoding="utf-8")
        except OSError as error:
            raise TrustSourceError(f"{self._folder} cannot be used: {error.strerror}") from error
        with lock:
            _wait(lock)
            yield

    def last(self) -> LastLook | None:
        """What the last look came to; None where there was none, or nobody can read it."""
        try:
            with (self._folder / _RECORD).open("rb") as file:
                found = json.loads(file.read(_RECORD_BYTES))
            return _read(found)
        except (OSError, ValueError, TypeError, RecursionError):
            return None

    def keep(self, look: LastLook) -> None:
        """Remember a look; the next run looks again where that cannot be.

        Raises:
            TrustSourceError: the folder cannot be written to.
        """
        try:
            with tempfile.NamedTemporaryFile("w", dir=self._folder, delete=False, encoding="utf-8") as file:
                json.dump(asdict(look), file)
            os.replace(file.name, self._folder / _RECORD)  # noqa: PTH105 - both are names
        except OSError as error:
            raise TrustSourceError(f"{self._folder} cannot be written to: {error.strerror}") from error


def mirror_name(url: str, root: bytes) -> str:
    """The folder's name of a mirror with this root: another root is another beginning of trust."""
    return hashlib.sha256(f"{url}\n{hashlib.sha256(root).hexdigest()}".encode()).hexdigest()


def _wait(lock: IO[str]) -> None:
    ends = time.monotonic() + limits.TURN_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > ends:
                raise TrustSourceError("another process looks at this mirror", passing=True) from error
            time.sleep(limits.TURN_PAUSE_SECONDS)
        else:
            return


def _read(found: object) -> LastLook:
    if not isinstance(found, dict):
        raise TypeError("an object")
    numbers = [found.get(name) for name in ("looked", "verified", "expires", "root_version")]
    if not all(isinstance(each, (int, float)) and 0 <= each < _LATEST for each in numbers):
        raise TypeError("numbers")
    if not all(isinstance(found.get(name), str) for name in ("body", "failure")):
        raise TypeError("texts")
    return LastLook(**found)
