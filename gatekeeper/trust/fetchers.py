"""Where a TUF repository's files come from: an archive in memory, or a mirror over https.

The signatures of the repository say what is true; these say how much of it, for how long, and from nowhere else.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Final

import urllib3
from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.ngclient import FetcherInterface

from gatekeeper.trust import limits
from provider.limits import KIB
from provider.version import VERSION

ARCHIVE_URL: Final = "archive:/"
"""Where an archive's files are, as URLs say it."""
_NOT_THERE: Final = 404
_OK: Final = 200
_PIECE_BYTES: Final = 64 * KIB


class ArchiveFetcher(FetcherInterface):
    """Files of an archive, by URLs below `ARCHIVE_URL`."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = url.removeprefix(ARCHIVE_URL).removeprefix("/")
        if name not in self._files:
            raise DownloadHTTPError(f"{name} is not in the archive", _NOT_THERE)
        return iter([self._files[name]])


class MirrorFetcher(FetcherInterface):
    """Files of a mirror, for one look at it. Redirects are not followed: the object names the place.

    Args:
        ca_file: certificate authorities to trust instead of the system's; None for the system's.
    """

    def __init__(self, ca_file: str | None = None) -> None:
        self._ends = time.monotonic() + limits.LOOK_SECONDS
        self._left = limits.LOOK_BYTES
        self._pool = urllib3.PoolManager(cert_reqs="CERT_REQUIRED", ca_certs=ca_file)

    def _fetch(self, url: str) -> Iterator[bytes]:
        left = self._time_left()
        timeout = urllib3.Timeout(connect=min(limits.CONNECT_SECONDS, left), read=min(limits.SILENT_SECONDS, left))
        headers = {"User-Agent": f"bestbefore/{VERSION}", "Accept-Encoding": "identity"}
        try:
            answer = self._pool.request(
                "GET", url, headers=headers, timeout=timeout, retries=False, redirect=False, preload_content=False
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise DownloadError(f"cannot get {url}: {type(error).__name__}") from error
        if answer.status != _OK:
            answer.close()
            raise DownloadHTTPError(f"the server answered {answer.status} to {url}", answer.status)
        return self._pieces(url, answer)

    def _pieces(self, url: str, answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        with closing(answer):
            while True:
                try:
                    piece = answer.read1(_PIECE_BYTES, decode_content=False)
                except (urllib3.exceptions.HTTPError, OSError) as error:
                    raise DownloadError(f"cannot get {url}: {type(error).__name__}") from error
                if not piece:
                    return
                self._left -= len(piece)
                if self._left < 0:
                    raise DownloadError(f"the mirror sends more than {limits.LOOK_BYTES} bytes")
                self._time_left()
                yield piece

    def _time_left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise DownloadError(f"the mirror takes longer than {limits.LOOK_SECONDS:g} s")
        return left
