"""A mirror of a TUF repository in memory, for who looks at `URL`; and one that is away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.ngclient import FetcherInterface

URL = "https://mirror.example.test/tuf"


class MemoryMirror(FetcherInterface):
    """Files below a URL.

    Attributes:
        files: by name.
        asked: the names that were asked for.
        fault: what each request ends with, if not None.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []
        self.fault: Exception | None = None

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = url.removeprefix(f"{URL}/")
        self.asked.append(name)
        if self.fault is not None:
            raise self.fault
        if name not in self.files:
            raise DownloadHTTPError("not here", 404)
        return iter([self.files[name]])

    def away(self) -> None:
        self.fault = DownloadError("connection refused")


def nobody() -> MemoryMirror:
    """A mirror that is away."""
    mirror = MemoryMirror({})
    mirror.away()
    return mirror
