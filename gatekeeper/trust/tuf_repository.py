"""One look at a TUF repository, by the library's own Updater: what trust root it signs for now.

Trust begins at the object's root each time: newer roots that were kept count as far as they are signed by it. What is
kept in a folder is for another look: it must not see older metadata than that (TUF specification, section 5).
"""

from __future__ import annotations

import datetime as dt
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.api.metadata import Metadata, Signed, TargetFile, Targets
from tuf.api.serialization import DeserializationError
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from gatekeeper.trust import legacy_targets, limits
from gatekeeper.trust.errors import TrustSourceError
from gatekeeper.trust.specification import Repository, is_plain
from provider.foreign_text import shown

_ROLES: Final = ("root", "timestamp", "snapshot", "targets")
_FOLDER: Final = "targets"
_SENTENCE_CHARACTERS: Final = 300


@dataclass(frozen=True)
class SignedRoot:
    """What a repository signs for.

    Attributes:
        body: a document that the provider reads.
        target: the file that it was; empty where it was made of several.
        expires: when the first of the repository's metadata ends.
        root_version: of the newest root.
    """

    body: bytes
    target: str
    expires: dt.datetime
    root_version: int


@dataclass(frozen=True)
class RepositoryLook:
    """How to look.

    Attributes:
        repository: how to read it.
        url: where it is.
        fetcher: gets its files; good for one look.
        folder: where metadata are kept.
    """

    repository: Repository
    url: str
    fetcher: FetcherInterface
    folder: Path

    def signed_root(self) -> SignedRoot:
        """The trust root that the repository signs for now.

        Raises:
            TrustSourceError: there is none, or it cannot be had.
        """
        try:
            with tempfile.TemporaryDirectory(prefix="bestbefore-") as files:
                return self._looked(Path(files))
        except DownloadError as error:
            raise TrustSourceError(_sentence(error), passing=True) from error
        except (RepositoryError, DeserializationError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise TrustSourceError(_sentence(error)) from error
        except OSError as error:
            raise TrustSourceError(f"the folder of its metadata cannot be used: {error.strerror}") from error

    def _looked(self, files: Path) -> SignedRoot:
        base = self.url.rstrip("/")
        updater = Updater(
            str(self.folder),
            base,
            str(files),
            f"{base}/{_FOLDER}",
            self.fetcher,
            _config(),
            bootstrap=self.repository.root,
        )
        updater.refresh()
        found = updater.get_targetinfo(self.repository.target)
        if found is not None:
            body = _content(updater, found, files, f"{base}/{_FOLDER}")
        else:
            body = self._of_targets(updater, files)
        kept = [self._kept(name) for name in _ROLES]
        return SignedRoot(body, found.path if found else "", min(each.expires for each in kept), kept[0].version)

    def _of_targets(self, updater: Updater, files: Path) -> bytes:
        folder = f"{self.url.rstrip('/')}/{self.repository.targets}"

        def read(target: TargetFile) -> bytes:
            return _content(updater, target, files, folder)

        return legacy_targets.document(cast("Targets", self._kept("targets")), read, self.url)

    def _kept(self, name: str) -> Signed:
        """Metadata that the Updater has verified, and written a moment ago."""
        metadata: Metadata[Any] = Metadata.from_bytes((self.folder / f"{name}.json").read_bytes())
        return cast("Signed", metadata.signed)


def _content(updater: Updater, target: TargetFile, files: Path, folder: str) -> bytes:
    """A file that is signed for; its name is none of a file here: ours is."""
    if not is_plain(target.path):
        raise TrustSourceError(f"{shown(target.path)} is no plain name of a file")
    if target.length > limits.TARGET_BYTES:
        raise TrustSourceError(f"{shown(target.path)} has more than {limits.TARGET_BYTES} bytes")
    place = files / "target"
    updater.download_target(target, str(place), folder)
    return place.read_bytes()


def _config() -> UpdaterConfig:
    return UpdaterConfig(
        max_root_rotations=limits.ROTATIONS,
        max_delegations=limits.DELEGATIONS,
        root_max_length=limits.ROOT_BYTES,
        timestamp_max_length=limits.TIMESTAMP_BYTES,
        snapshot_max_length=limits.SNAPSHOT_BYTES,
        targets_max_length=limits.TARGETS_BYTES,
    )


def _sentence(error: Exception) -> str:
    """What the library says, on one line; of a repository's texts not too much."""
    said = " ".join(str(error).split())[:_SENTENCE_CHARACTERS]
    if isinstance(error, DownloadError):
        return said or type(error).__name__
    return f"{type(error).__name__}: {said}"
