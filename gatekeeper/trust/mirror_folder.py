"""A mirror in a folder of the disk, such as one that came on a medium, and the archive that a TrustRoot holds of it.

Packed is what a look at the repository reads, and nothing else: a mirror has many files that nobody begins with, and
what an object of the cluster holds is bounded.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.ngclient import FetcherInterface

from gatekeeper.trust import limits
from gatekeeper.trust.specification import Repository, is_plain
from gatekeeper.trust.tuf_repository import RepositoryLook
from provider.foreign_text import shown

_URL: Final = "folder:/"
_NOT_THERE: Final = 404


class FolderFetcher(FetcherInterface):
    """Files of a folder, by URLs below a URL of its own; for one look.

    Args:
        folder: of the repository.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.read: dict[str, bytes] = {}
        """What was read, by its name."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = url.removeprefix(_URL).removeprefix("/")
        place = self._folder / name
        if not is_plain(name):
            raise DownloadError(f"{shown(name)} is no plain name of a file")
        try:
            if not place.resolve().is_relative_to(self._folder.resolve()):
                raise DownloadError(f"{place} leads out of {self._folder}")
            if not place.exists():
                raise DownloadHTTPError(f"{place} is not there", _NOT_THERE)
            if not place.is_file():
                raise DownloadError(f"{place} is no regular file")
            with place.open("rb") as file:
                content = file.read(limits.MIRROR_FILE_BYTES + 1)
        except (OSError, RuntimeError) as error:
            raise DownloadError(f"{place} cannot be read: {type(error).__name__}") from error
        if len(content) > limits.MIRROR_FILE_BYTES:
            raise DownloadError(f"{place} has more than {limits.MIRROR_FILE_BYTES} bytes")
        self.read[name] = content
        return iter([content])


def packed(folder: Path, repository: Repository) -> bytes:
    """The archive of a repository in a folder, by tar and gzip, as `mirrorFS` of a TrustRoot takes it.

    Args:
        folder: with `timestamp.json` in it.
        repository: how to read it.

    Returns:
        The same bytes for the same files.

    Raises:
        TrustSourceError: the repository cannot be read, or signs for no trust root.
    """
    files = FolderFetcher(folder)
    with tempfile.TemporaryDirectory(prefix="bestbefore-") as metadata:
        RepositoryLook(repository, _URL, files, Path(metadata)).signed_root()
    return _archive(files.read)


def _archive(files: Mapping[str, bytes]) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), mtime=0)
