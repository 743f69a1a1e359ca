"""Whom registries must be certified by: the system's authorities, and those of an administrator's file.

libcurl keeps what it has read by the path that it read it from, so a bundle that has changed gets another path. The
bundle lies in memory: a Pod's file system is read-only.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

import certifi

from provider import limits
from provider.clock import Clock
from provider.errors import SettingsError

_SYSTEM: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


class CABundle:
    """A PEM file of certificate authorities, made anew when one of its sources changes.

    A file that cannot be used changes nothing: what was read before stays in force.

    Args:
        ca_file: of the administrator; None for the system's alone.
        clock: for how often the files are looked at.
        rejected: is told why a replaced file cannot be used.

    Raises:
        SettingsError: the file cannot be used.
    """

    def __init__(self, ca_file: Path | None, clock: Clock, rejected: Callable[[str], None]) -> None:
        self._ca_file = ca_file
        self._clock = clock
        self._rejected = rejected
        self._sources = [_system(), *([ca_file] if ca_file else [])]
        self._seen = self._state()
        self._looked_at = clock.monotonic()
        self._number = 0
        self._descriptor = self._before = -1
        self._pem = self._read()
        self._path = ""

    def path(self) -> str:
        """Where the bundle is now."""
        now = self._clock.monotonic()
        if now - self._looked_at >= limits.CA_FILE_SECONDS:
            self._looked_at = now
            self._look()
        if not self._path:
            self._write()
        return self._path

    def close(self) -> None:
        """Let go of it."""
        for descriptor in (self._descriptor, self._before):
            if descriptor >= 0:
                os.close(descriptor)
        self._descriptor = self._before = -1
        self._path = ""

    def _look(self) -> None:
        state = self._state()
        if state == self._seen:
            return
        self._seen = state
        try:
            pem = self._read()
        except SettingsError as error:
            self._rejected("; ".join(error.problems))
            return
        if pem != self._pem:
            self._pem, self._path = pem, ""

    def _write(self) -> None:
        """Each bundle has a path of its own: numbers of descriptors come again, so the text of the path differs."""
        if self._before >= 0:
            os.close(self._before)
        # The one before stays for a while: a connection may be about to read it.
        self._before = self._descriptor
        self._number += 1
        self._descriptor = os.memfd_create(f"registry-authorities-{self._number}", os.MFD_CLOEXEC)
        os.write(self._descriptor, self._pem)
        dots = f"{self._number:b}".replace("0", "./").replace("1", ".//")
        self._path = f"/proc/self/fd/{dots}{self._descriptor}"

    def _read(self) -> bytes:
        """All sources, one after the other."""
        try:
            parts = [source.read_bytes() for source in self._sources[:1]]
        except OSError as error:
            raise SettingsError([f"authorities of the system {self._sources[0]}: {error.strerror}"]) from error
        if self._ca_file is not None:
            parts.append(_checked(self._ca_file))
        return b"\n".join(parts)

    def _state(self) -> tuple[object, ...]:
        return tuple(_stat(source) for source in self._sources)


def _checked(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(limits.CA_FILE_BYTES + 1)
        if len(content) > limits.CA_FILE_BYTES:
            raise SettingsError([f"ca_file {path}: more than {limits.CA_FILE_BYTES} bytes"])
        # Comments may have any letters; of an empty text the system's own authorities would be taken instead.
        text = content.decode("latin-1").encode("ascii", "replace").decode()
        ssl.create_default_context(cadata=text.strip() or "nothing")
    except (OSError, ssl.SSLError, ValueError) as error:
        raise SettingsError([f"ca_file {path}: no readable PEM file of certificates"]) from error
    return content


def _system() -> Path:
    """The machine's own authorities, or else those that come with certifi."""
    paths = ssl.get_default_verify_paths()
    for candidate in (os.environ.get(paths.openssl_cafile_env, ""), paths.cafile or "", *_SYSTEM):
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    return Path(certifi.where())


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
