"""The trust roots of the provider's settings, by name; read again when their files change.

A file that is damaged, gone or expired keeps the old one in force and says so, once for each state of the file. Where
there is no old one, a question by that name has no answer; all other questions have their answers.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from provider import limits
from provider.clock import Clock
from provider.errors import FileError, ImageError
from provider.foreign_text import shown
from provider.mounted_file import MountedFile
from provider.observer import FileSetting, NullObserver, Observer
from provider.questions.proof_question import TrustRootName
from provider.reasons import Reason
from provider.signatures.trust.root_folder import RootFolder
from provider.signatures.trust.trust_root import TrustRoot, read, read_usable

PUBLIC_GOOD: Final = ""
_NOWHERE: Final = "neither the provider's settings nor the cluster's TrustRoots have one that can be used"


class TrustRoots:
    """Finds trust roots; may be used by many threads. Every file is read at once.

    Args:
        files: by name.
        clock: says when a file is looked at again, and whether a trust root has expired.
        observer: gets reports of files, and members of them, that cannot be used.
        folder: has those of the cluster's objects; None where there are none.
    """

    def __init__(
        self,
        files: Mapping[str, Path],
        clock: Clock,
        observer: Observer | None = None,
        folder: RootFolder | None = None,
    ) -> None:
        self._paths = dict(files)
        self._folder = folder
        self._clock = clock
        self._observer = observer or NullObserver()
        self._lock = threading.Lock()
        self._files = {name: self._file(name, path) for name, path in self._paths.items()}
        self._public_good: TrustRoot | None = None

    @property
    def problems(self) -> Sequence[str]:
        """Of the files that cannot be used as they are now."""
        return [self._sentence(name, file.error) for name, file in self._files.items() if file.error is not None]

    def find(self, name: TrustRootName) -> TrustRoot:
        """The trust root of a name.

        Raises:
            ImageError: `TrustRootStale`: there is none, or it is not the one that the question means.
        """
        handed_over = self._folder.find(name.name, name.digest) if self._folder is not None and name.digest else None
        root = handed_over or self._named(name.name)
        if name.digest and name.digest != root.digest:
            sentence = f"trust root {shown(name.name)} is {root.digest} here, the policy was made for {name.digest}"
            raise ImageError(Reason.TRUST_ROOT_STALE, sentence)
        return root

    def look(self) -> None:
        """Read the files again that have changed."""
        for file in self._files.values():
            file.look()

    def _named(self, name: str) -> TrustRoot:
        file = self._files.get(name)
        if file is None:
            if name == PUBLIC_GOOD:
                return self._built_in()
            handed_over = self._folder.find(name) if self._folder is not None else None
            if handed_over is not None:
                return handed_over
            problem = self._folder.problem(name) if self._folder is not None else ""
            sentence = f"trustRootRef {shown(name)} not found: {problem or _NOWHERE}"
            raise ImageError(Reason.TRUST_ROOT_STALE, sentence)
        root = file.content()
        if root is None:
            raise ImageError(Reason.TRUST_ROOT_STALE, f"trust root {shown(name)} cannot be used: {file.error}")
        return root

    def _built_in(self) -> TrustRoot:
        with self._lock:
            self._public_good = self._public_good or _public_good()
            return self._public_good

    def _file(self, name: str, path: Path) -> MountedFile[TrustRoot]:
        def parse(body: bytes) -> TrustRoot:
            return read_usable(body, dt.datetime.fromtimestamp(self._clock.now(), dt.UTC))

        def report(found: TrustRoot | FileError) -> None:
            if isinstance(found, FileError):
                self._observer.file_rejected(FileSetting.TRUST_ROOT, name, self._sentence(name, found))
            else:
                problems = [self._sentence(name, problem) for problem in found.problems]
                self._observer.file_in_force(FileSetting.TRUST_ROOT, name, problems)

        return MountedFile(path, limits.FILE_BYTES, parse, self._clock, limits.TRUST_ROOT_SECONDS, report)

    def _sentence(self, name: str, problem: object) -> str:
        named = f"{name}=" if name else ""
        return f"trust_root: {named}{self._paths[name]}: {problem}"


def _public_good() -> TrustRoot:
    # Imported here: only who uses the public good instance needs it.
    from provider.signatures.trust import public_good  # noqa: PLC0415

    return read(public_good.trusted_root())
