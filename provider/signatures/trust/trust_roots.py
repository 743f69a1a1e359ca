"""The trust roots of the provider's settings, by name; read again when their files change.

A file that is damaged, gone or expired keeps the old one in force and says so, once for each state of the file.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provider import limits
from provider.clock import Clock
from provider.errors import ImageError, SettingsError
from provider.foreign_text import shown
from provider.questions.proof_question import TrustRootName
from provider.reasons import Reason
from provider.signatures.trust.trust_root import TrustRoot, TrustRootError, read, read_file

PUBLIC_GOOD: Final = ""
_LOG: Final = logging.getLogger(__name__)


@dataclass
class _Kept:
    """A trust root in force, and the state of the file that was looked at last."""

    root: TrustRoot
    state: tuple[int, ...]


class TrustRoots:
    """Finds trust roots; may be used by many threads.

    Args:
        files: by name.
        clock: tells when a file is looked at again, and whether a trust root has expired.
    """

    def __init__(self, files: Mapping[str, Path], clock: Clock) -> None:
        """Every file is read.

        Raises:
            SettingsError: a file cannot be used.
        """
        self._files = dict(files)
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._looked = clock.monotonic()
        problems = [problem for name, path in self._files.items() if (problem := self._read(name, path))]
        if problems:
            raise SettingsError(problems)

    def find(self, name: TrustRootName) -> TrustRoot:
        """The trust root of a name.

        Raises:
            ImageError: `TrustRootStale`: there is none, or it is not the one that the question means.
        """
        with self._lock:
            self._look_again()
            kept = self._kept.get(name.name)
            if kept is None and name.name == PUBLIC_GOOD:
                kept = self._kept[PUBLIC_GOOD] = _Kept(_public_good(), ())
        if kept is None:
            sentence = f"trustRootRef {shown(name.name)} not found: the provider's settings name no such trust root"
            raise ImageError(Reason.TRUST_ROOT_STALE, sentence)
        if name.digest and name.digest != kept.root.digest:
            sentence = (
                f"trust root {shown(name.name)} is {kept.root.digest} here, the policy was made for {name.digest}"
            )
            raise ImageError(Reason.TRUST_ROOT_STALE, sentence)
        return kept.root

    def _look_again(self) -> None:
        if self._clock.monotonic() - self._looked < limits.TRUST_ROOT_SECONDS:
            return
        self._looked = self._clock.monotonic()
        for name, path in self._files.items():
            problem = self._read(name, path)
            if problem:
                _LOG.warning("%s; the old one stays in force", problem)

    def _read(self, name: str, path: Path) -> str:
        """Read a file if it has changed; what is wrong with it, if anything new is."""
        state = _state(path)
        kept = self._kept.get(name)
        if kept is not None and kept.state == state:
            return ""
        try:
            root = read_file(path, dt.datetime.fromtimestamp(self._clock.now(), dt.UTC))
        except TrustRootError as error:
            if kept is not None:
                kept.state = state
            return f"trust_root: {name}={path}: {error}"
        self._kept[name] = _Kept(root, state)
        return ""


def _state(path: Path) -> tuple[int, ...]:
    """What changes when a file does; of a Secret's symbolic link, when it points elsewhere."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size


def _public_good() -> TrustRoot:
    # Imported here: only who uses the public good instance needs it.
    from provider.signatures.trust import public_good  # noqa: PLC0415

    return read(public_good.trusted_root())
