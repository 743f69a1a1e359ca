"""Whom registries must be certified by: the system's authorities, and those of an administrator's file.

libcurl keeps what it has read by the path that it read it from, so a bundle that has changed gets another path. The
bundle lies in memory: a Pod's file system is read-only.
"""

from __future__ import annotations

import itertools
import os
import ssl
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import certifi

from provider import limits, pem_certificates
from provider.clock import Clock
from provider.errors import SettingsError

# Two bundles never have the same: libcurl would take one for the other.
_NUMBERS: Final = itertools.count(1)
_SYSTEM: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


class CABundle:
    """A PEM file of certificate authorities, made anew when one of its sources changes.

    A file that cannot be used changes nothing: what was read before stays in force. A certificate that cannot be read
    is passed over; those beside it are believed. `look` may be called by any thread, the rest by one.

    Args:
        ca_file: of the administrator; None for the system's alone.
        clock: for how often the files are looked at.
        rejected: is called with why a replaced file cannot be used.
        in_force: is called with the certificates that are passed over, when a file comes into force.
        further: files of one host's authorities; one that cannot be used is passed over, and stands in `problems`.

    Raises:
        SettingsError: the file cannot be used.
    """

    def __init__(
        self,
        ca_file: Path | None,
        clock: Clock,
        rejected: Callable[[str], None],
        in_force: Callable[[Sequence[str]], None] = lambda _: None,
        *,
        further: Sequence[Path] = (),
    ) -> None:
        self._descriptor = self._before = -1
        self._ca_file = ca_file
        self._further = further
        self._clock = clock
        self._rejected = rejected
        self._in_force = in_force
        self._lock = threading.Lock()
        self._sources = [system_authorities(), *([ca_file] if ca_file else []), *further]
        self._seen = self._state()
        self._unusable = ""
        self._looked_at = clock.monotonic()
        self._usable: dict[Path, bytes] = {}
        self.problems: Sequence[str] = ()
        self._pem = self._read()
        self._path = ""

    def path(self) -> str:
        """Where the bundle is now."""
        now = self._clock.monotonic()
        if now - self._looked_at >= limits.CA_FILE_SECONDS:
            self._looked_at = now
            self.look()
        with self._lock:
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

    def __del__(self) -> None:
        # A host's goes with the last request that needs it.
        self.close()

    def look(self) -> None:
        """Read the files again if one of them has changed."""
        with self._lock:
            before, self._seen = self._seen, self._state()
            # What is wrong with a file may not be in it: no descriptor was left, nobody might read it.
            if before == self._seen and not self._unusable:
                return
        try:
            pem = self._read()
        except SettingsError as error:
            known, self._unusable = self._unusable, "; ".join(error.problems)
            if before != self._seen or known != self._unusable:
                self._rejected(self._unusable)
            return
        self._unusable = ""
        with self._lock:
            if pem != self._pem:
                self._pem, self._path = pem, ""

    def _write(self) -> None:
        """Each bundle has a path of its own: numbers of descriptors come again, so the text of the path differs."""
        if self._before >= 0:
            os.close(self._before)
        # The one before stays for a while: a connection may be about to read it.
        self._before = self._descriptor
        number = next(_NUMBERS)
        self._descriptor = os.memfd_create(f"registry-authorities-{number}", os.MFD_CLOEXEC)
        os.write(self._descriptor, self._pem)
        dots = f"{number:b}".replace("0", "./").replace("1", ".//")
        self._path = f"/proc/self/fd/{dots}{self._descriptor}"

    def _read(self) -> bytes:
        """All sources, one after the other."""
        try:
            parts = [source.read_bytes() for source in self._sources[:1]]
        except OSError as error:
            raise SettingsError([f"authorities of the system {self._sources[0]}: {error.strerror}"]) from error
        if self._ca_file is not None:
            content, problems = _checked(self._ca_file, "registry_ca")
            parts.append(content)
            self._in_force(problems)
        return b"\n".join([*parts, *self._read_further()])

    def _read_further(self) -> list[bytes]:
        """The files of a host; of one that cannot be read what was read before, if anything was."""
        found: list[str] = []
        for path in self._further:
            try:
                self._usable[path], problems = _checked(path, "ca")
                found += problems
            except SettingsError as error:
                found += error.problems
        self.problems = tuple(found)
        return list(self._usable.values())

    def _state(self) -> tuple[object, ...]:
        return tuple(stat_of(source) for source in self._sources)


def _checked(path: Path, name: str) -> tuple[bytes, list[str]]:
    """The content of a file without what cannot be read of it, and what that is.

    Raises:
        SettingsError: nothing in it can be used.
    """
    try:
        with path.open("rb") as file:
            content = file.read(limits.CA_FILE_BYTES + 1)
    except OSError as error:
        raise SettingsError([f"{name} {path}: cannot read it: {error.strerror}"]) from error
    if len(content) > limits.CA_FILE_BYTES:
        raise SettingsError([f"{name} {path}: more than {limits.CA_FILE_BYTES} bytes"])
    found = pem_certificates.read(content)
    if not found.usable:
        raise SettingsError([f"{name} {path}: it has no PEM certificate that can be read"])
    if not found.problems:
        return content, []
    return b"\n".join(found.usable), [f"{name} {path}: {problem}" for problem in found.problems]


def system_authorities() -> Path:
    """The machine's own authorities, or else those that come with certifi."""
    paths = ssl.get_default_verify_paths()
    for candidate in (os.environ.get(paths.openssl_cafile_env, ""), paths.cafile or "", *_SYSTEM):
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    return Path(certifi.where())


def stat_of(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file does; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
