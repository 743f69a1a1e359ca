"""Trust roots in a folder, which may change while we run, as a mounted ConfigMap does.

Its index says which files count (`root_index`). A file is named by the digest of what it holds, so one that was read is
never read again, and one that holds something else is not used. A file that cannot be used disables itself alone. What
the index does not name any more is not believed any more; an index that is gone or damaged changes nothing.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from provider import limits
from provider.clock import Clock
from provider.errors import FileError
from provider.observer import FileSetting, NullObserver, Observer
from provider.signatures.trust import root_index
from provider.signatures.trust.root_index import INDEX, RootIndex

if TYPE_CHECKING:
    from provider.signatures.trust.trust_root import TrustRoot

_Key = tuple[str, str]
_OURS: Final = FileSetting.TRUST_ROOT_DIR


class RootFolder:
    """Knows the trust roots of a folder; `look` may be called by any thread, the rest by many.

    Args:
        path: the folder; it need not be there yet.
        clock: says whether a trust root has expired.
        observer: gets reports of files, and members of trust roots, that cannot be used.
    """

    def __init__(self, path: Path, clock: Clock, observer: Observer | None = None) -> None:
        self._path = path
        self._clock = clock
        self._observer = observer or NullObserver()
        self._lock = threading.Lock()
        self._index = RootIndex()
        self._roots: Mapping[_Key, TrustRoot] = {}
        self._errors: dict[str, str] = {}
        self.look()

    def find(self, name: str, digest: str = "") -> TrustRoot | None:
        """The trust root of a name and digest, or, without one, that which is meant by the name; None for none."""
        return self._roots.get((name, digest or next(iter(self._index.digests.get(name, ())), "")))

    def digests(self) -> Mapping[str, Sequence[str]]:
        """Of each name the trust roots that are loaded, in the index's order."""
        roots, index = self._roots, self._index
        found = {
            name: tuple(each for each in digests if (name, each) in roots) for name, digests in index.digests.items()
        }
        return {name: digests for name, digests in found.items() if digests}

    @property
    def problems(self) -> Sequence[str]:
        """Of the files that cannot be used as they are now."""
        return list(self._errors.values())

    def problem(self, name: str) -> str:
        """Why there is none of a name; empty where nothing is known of it."""
        return next((said for file, said in self._errors.items() if file.startswith(f"{name}.")), "")

    def look(self) -> None:
        """Read what is new."""
        with self._lock:
            try:
                body = _read(self._path / INDEX, limits.TRUST_INDEX_BYTES)
                index = root_index.read(body) if body is not None else None
            except FileError as error:
                self._reject(INDEX, str(error), "")
                return
            self._errors.pop(INDEX, None)
            if index is not None:
                self._take(index)

    def _take(self, index: RootIndex) -> None:
        found: dict[_Key, TrustRoot] = {}
        files = set()
        for name, digests in index.digests.items():
            for digest in digests:
                files.add(root_index.file_name(name, digest))
                root = self._roots.get((name, digest)) or self._load(name, digest)
                if root is not None:
                    found[name, digest] = root
        self._errors = {file: said for file, said in self._errors.items() if file in files}
        # In this order: who asks between the two finds what was there, or what is.
        self._roots = {**self._roots, **found}
        self._index = index
        self._roots = found

    def _load(self, name: str, digest: str) -> TrustRoot | None:
        file = root_index.file_name(name, digest)
        try:
            root = self._verified(file, digest)
        except FileError as error:
            self._reject(file, str(error), name)
            return None
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this file that cannot be used
            self._reject(file, f"it cannot be used ({type(error).__name__})", name)
            return None
        self._errors.pop(file, None)
        self._observer.file_in_force(_OURS, name, [self._sentence(file, problem) for problem in root.problems])
        return root

    def _verified(self, file: str, digest: str) -> TrustRoot:
        """The trust root in a file.

        Raises:
            FileError: there is none that can be used, or it is another one.
        """
        # Imported here: where there is no trust root, its libraries are not paid for.
        from provider.signatures.trust.trust_root import read_usable  # noqa: PLC0415

        body = _read(self._path / file, limits.FILE_BYTES)
        if body is None:
            raise FileError("the index names it, and it is not there")
        root = read_usable(body, dt.datetime.fromtimestamp(self._clock.now(), dt.UTC))
        if root.digest != digest:
            raise FileError(f"it holds {root.digest}")
        return root

    def _reject(self, file: str, problem: str, name: str) -> None:
        """Said once while it lasts."""
        sentence = self._sentence(file, problem)
        if self._errors.get(file) != sentence:
            self._errors[file] = sentence
            self._observer.file_rejected(_OURS, name, sentence)

    def _sentence(self, file: str, problem: str) -> str:
        return f"{_OURS}: {self._path / file}: {problem}"


def _read(path: Path, most: int) -> bytes | None:
    """The bytes of a file; None where there is none.

    Raises:
        FileError: it cannot be read, or has more bytes.
    """
    try:
        if not path.exists():
            return None
        if not path.is_file():
            raise FileError("it is no regular file")
        with path.open("rb") as file:
            body = file.read(most + 1)
    except OSError as error:
        raise FileError(f"cannot read it: {error.strerror}", unread=True) from error
    if len(body) > most:
        raise FileError(f"it has more than {most} bytes")
    return body
