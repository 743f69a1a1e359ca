"""The archive with everything below it: settings become objects; nothing is sent before the first question."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from provider import limits
from provider.cache.shared import seal
from provider.cache.shared.settings import StoreSettings
from provider.cache.shared.shared_memory import SharedMemory
from provider.clock import Clock
from provider.errors import FileError, SettingsError
from provider.mounted_file import MountedFile
from provider.observer import FileSetting, NullObserver, Observer
from provider.registry.archive.shared_archive import SharedArchive

if TYPE_CHECKING:
    from provider.cache.shared.redis_store import RedisStore

WITHOUT_LIBRARY: Final = "store: needs a library that is not installed: pip install 'bestbefore[store]'"

T = TypeVar("T")


@dataclass(frozen=True)
class ArchiveAssembly:
    """What replicas share, and what it is made of.

    Attributes:
        archive: what they have seen.
        looks: reads again the files that may be replaced, those that have changed.
    """

    archive: SharedArchive
    looks: Sequence[Callable[[], None]]


def connect(settings: StoreSettings, clock: Clock) -> RedisStore:
    """The store itself, for people who look into it.

    Raises:
        SettingsError: the library is missing, or a file cannot be used.
    """
    files = _Files(clock, NullObserver())
    store = _connected(settings, files)
    if store is None or files.problems:
        raise SettingsError(files.problems)
    return store


def assemble_archive(settings: StoreSettings, clock: Clock, observer: Observer, tag_seconds: float) -> ArchiveAssembly:
    """Build the archive.

    Args:
        settings: how the store is reached.
        clock: for every wait.
        observer: gets reports of look-ups, and of how the store does.
        tag_seconds: how long what tags point to is of use to anybody.

    Raises:
        SettingsError: the library is missing, or a file cannot be used.
    """
    files = _Files(clock, observer)
    key = files.mounted(FileSetting.STORE_KEY, settings.key_file, seal.read)
    store = _connected(settings, files)
    if store is None or files.problems:
        raise SettingsError(files.problems)
    archive = SharedArchive(SharedMemory(store, clock, observer), key.content, clock, observer, tag_seconds)
    return ArchiveAssembly(archive, files.looks)


class _Files:
    """Files of the settings, and what is wrong with them now, at the start."""

    def __init__(self, clock: Clock, observer: Observer) -> None:
        self._clock = clock
        self._observer = observer
        self.looks: list[Callable[[], None]] = []
        self.problems: list[str] = []

    def mounted(self, setting: FileSetting, path: Path, parse: Callable[[bytes], T]) -> MountedFile[T]:
        """A file that may be replaced."""

        def report(content: T | FileError) -> None:
            if isinstance(content, FileError):
                self._observer.file_rejected(setting, "", f"{setting.value}: {path}: {content}")
            else:
                self._observer.file_in_force(setting, "", ())

        file = MountedFile(path, limits.STORE_KEY_FILE_BYTES, parse, self._clock, limits.STORE_FILE_SECONDS, report)
        if file.error is not None:
            self.problems.append(f"{setting.value}: {path}: {file.error}")
        self.looks.append(file.look)
        return file

    def secret(self, setting: FileSetting, path: Path | None) -> Callable[[], str] | None:
        """What a file with a password holds now; None where none is named."""
        if path is None:
            return None
        file = self.mounted(setting, path, _password)
        return lambda: file.content() or ""


def _connected(settings: StoreSettings, files: _Files) -> RedisStore | None:
    """The client; None where its library is missing, which is then among the problems of the files."""
    password = files.secret(FileSetting.STORE_PASSWORD, settings.password_file)
    sentinel_password = files.secret(FileSetting.STORE_SENTINEL_PASSWORD, settings.sentinel_password_file)
    files.problems.extend(_tls_problems(settings))
    store = _store(settings, password, sentinel_password)
    if store is None:
        files.problems.append(WITHOUT_LIBRARY)
    return store


def _password(text: bytes) -> str:
    try:
        password = text.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise FileError("it is no text") from error
    if not password:
        raise FileError("it is empty")
    return password


def _tls_problems(settings: StoreSettings) -> Iterator[str]:
    """What keeps the files for TLS from being used."""
    context = ssl.create_default_context()
    try:
        if settings.ca_file is not None:
            context.load_verify_locations(settings.ca_file)
    except (OSError, ssl.SSLError) as error:
        yield f"store_ca: {settings.ca_file}: cannot be used: {error.strerror or type(error).__name__}"
    if (settings.cert_file is None) != (settings.cert_key_file is None):
        yield "store_cert, store_cert_key: both, or none of them"
    try:
        if settings.cert_file is not None and settings.cert_key_file is not None:
            context.load_cert_chain(settings.cert_file, settings.cert_key_file)
    except (OSError, ssl.SSLError) as error:
        yield f"store_cert: {settings.cert_file}: cannot be used: {error.strerror or type(error).__name__}"


def _store(
    settings: StoreSettings, password: Callable[[], str] | None, sentinel_password: Callable[[], str] | None
) -> RedisStore | None:
    """The client; None where its library is not installed."""
    try:
        # Imported here: who shares nothing shall not pay for it.
        from provider.cache.shared.redis_store import RedisStore  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"redis", "async_timeout"}:
            raise
        return None
    return RedisStore(settings, password, sentinel_password)
