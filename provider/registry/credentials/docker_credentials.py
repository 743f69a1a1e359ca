"""The credentials of a Docker `config.json` that changes while we run."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from provider import limits
from provider.clock import Clock
from provider.errors import FileError
from provider.mounted_file import MountedFile
from provider.observer import FileSetting, NullObserver, Observer
from provider.registry.credentials import docker_config
from provider.registry.credentials.credential import ANONYMOUS, Credential
from provider.registry.credentials.docker_config import DockerConfig


class ReloadedCredentials:
    """A `config.json` that is looked at again from time to time, because registries change what they give.

    A replacement that cannot be read changes nothing: the credentials read before stay. Without any we are nobody.

    Args:
        path: of the file.
        clock: for how often it is looked at.
        observer: gets reports of what cannot be used.
    """

    def __init__(self, path: Path, clock: Clock, observer: Observer | None = None) -> None:
        self._path = path
        self._observer = observer or NullObserver()
        self._file = MountedFile(
            path,
            limits.DOCKER_CONFIG_BYTES,
            partial(docker_config.of_bytes, name=str(path)),
            clock,
            limits.DOCKER_CONFIG_SECONDS,
            self._report,
        )

    def of(self, registry: str, repository: str) -> Credential:
        """See `Credentials`."""
        config = self._file.content()
        return config.of(registry, repository) if config is not None else ANONYMOUS

    async def prepare(self, registry: str, repository: str) -> None:
        """See `Credentials`."""

    def helper(self, registry: str) -> tuple[str, str]:
        """See `DockerConfig`."""
        config = self._file.content()
        return config.helper(registry) if config is not None else ("", "")

    def look(self) -> None:
        """Read the file again if it has changed."""
        self._file.look()

    @property
    def problem(self) -> str:
        """Why the file as a whole cannot be used; empty where it can."""
        return f"docker_config {self._path}: {self._file.error}" if self._file.error else ""

    def _report(self, found: DockerConfig | FileError) -> None:
        if isinstance(found, FileError):
            self._observer.file_rejected(FileSetting.DOCKER_CONFIG, "", f"docker_config {self._path}: {found}")
        else:
            problems = [f"docker_config {self._path}: {problem}" for problem in found.problems]
            self._observer.file_in_force(FileSetting.DOCKER_CONFIG, "", problems)
