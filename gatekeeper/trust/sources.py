"""From what a TrustRoot object names to the document that the provider reads, and how old that may be."""

from __future__ import annotations

import datetime as dt
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from tuf.ngclient import FetcherInterface

from gatekeeper.trust import archive, limits
from gatekeeper.trust.errors import TrustSourceError
from gatekeeper.trust.fetchers import ARCHIVE_URL, ArchiveFetcher, MirrorFetcher
from gatekeeper.trust.specification import Inline, PackedMirror, Source, TufMirror
from gatekeeper.trust.state import LastLook, MirrorState
from gatekeeper.trust.tuf_repository import RepositoryLook
from provider.clock import Clock, SystemClock
from provider.limits import FILE_BYTES
from provider.signatures.trust import trust_root
from provider.signatures.trust.document import TrustRootError


@dataclass(frozen=True)
class FoundRoot:
    """A trust root that came of a source.

    Attributes:
        body: a document that the provider reads.
        verified: when its repository signed for it, seconds since 1970; 0 where there is no repository.
        expires: when the repository's metadata end, seconds since 1970; 0 where there is no repository.
        root_version: of the repository's newest root; 0 where there is no repository.
        failure: why it is the last one rather than a newer one; empty where it is the newest.
    """

    body: bytes
    verified: float = 0.0
    expires: float = 0.0
    root_version: int = 0
    failure: str = ""


@dataclass(frozen=True)
class TrustSources:
    """Looks at sources.

    Attributes:
        folder: where what is known of mirrors is kept.
        fetcher: for one look at a mirror.
        clock: says how old is what is kept.
        share: a number from 0 to 1, another one for each look, so that not all look at once.
    """

    folder: Path
    fetcher: Callable[[], FetcherInterface] = MirrorFetcher
    clock: Clock = field(default_factory=SystemClock)
    share: Callable[[], float] = random.random

    def find(self, source: Source, *, anew: bool = False) -> FoundRoot:
        """The trust root of a source.

        Args:
            source: what an object names.
            anew: whether a mirror is looked at however young is what is known of it.

        Raises:
            TrustSourceError: there is none, or none that is young enough.
        """
        if isinstance(source, Inline):
            return FoundRoot(source.body)
        if isinstance(source, PackedMirror):
            return self._packed(source)
        state = MirrorState(self.folder, source.url, source.repository.root)
        with state.turn():
            last = state.last()
            if anew or last is None or not self._is_fresh(last):
                last = self._looked(source, state, last)
                state.keep(last)
        return self._kept(last)

    def _packed(self, source: PackedMirror) -> FoundRoot:
        """Nothing of it is kept: who wrote the object gave the whole repository, and may give an older one."""
        files = ArchiveFetcher(archive.unpack(source.content))
        with tempfile.TemporaryDirectory(prefix="bestbefore-") as folder:
            found = RepositoryLook(source.repository, ARCHIVE_URL, files, Path(folder)).signed_root()
        _check(found.body, self.clock.now())
        return FoundRoot(found.body, self.clock.now(), found.expires.timestamp(), found.root_version)

    def _is_fresh(self, last: LastLook) -> bool:
        age = self.clock.now() - last.looked
        if last.failure:
            return 0 <= age < limits.AGAIN_SECONDS
        longest = limits.FRESH_SECONDS * (1 - limits.FRESH_JITTER * self.share())
        return 0 <= age < longest and self.clock.now() < last.expires

    def _looked(self, source: TufMirror, state: MirrorState, last: LastLook | None) -> LastLook:
        """A look at a mirror; one that fails leaves what was known."""
        now = self.clock.now()
        look = RepositoryLook(source.repository, source.url, self.fetcher(), state.metadata)
        try:
            found = look.signed_root()
            _check(found.body, now)
        except TrustSourceError as error:
            known = last or LastLook(now)
            return replace(known, looked=now, failure=f"{'away: ' if error.passing else ''}{error}")
        return LastLook(now, found.body.decode(), now, found.expires.timestamp(), found.root_version)

    def _kept(self, last: LastLook) -> FoundRoot:
        if not last.body:
            raise TrustSourceError(last.failure, passing=last.failure.startswith("away: "))
        if last.failure and not 0 <= self.clock.now() - last.verified < limits.KEPT_SECONDS:
            moment = dt.datetime.fromtimestamp(last.verified, dt.UTC).isoformat(timespec="seconds")
            days = limits.KEPT_SECONDS / 86_400
            sentence = f"TrustRootStale: the last one is of {moment}, more than {days:g} days ago; {last.failure}"
            raise TrustSourceError(sentence, passing=True, stale=True)
        return FoundRoot(last.body.encode(), last.verified, last.expires, last.root_version, last.failure)


def _check(body: bytes, now: float) -> None:
    """What a repository signs for must be of use: else the last one stays.

    Raises:
        TrustSourceError: it is none that the provider reads, or all of it has expired.
    """
    if len(body) > FILE_BYTES:
        raise TrustSourceError(f"what it signs for has more than {FILE_BYTES} bytes")
    try:
        body.decode()
        trust_root.read_usable(body, dt.datetime.fromtimestamp(now, dt.UTC))
    except (TrustRootError, UnicodeDecodeError) as error:
        raise TrustSourceError(f"what it signs for is no trust root that can be used: {error}") from error
