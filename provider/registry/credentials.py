"""Registry credentials from a Docker `config.json`.

Read are `auths` with `auth`, `username` and `password`, or `identitytoken`. Credential helpers are programs; none is
run: where one would be needed we go without credentials, and an `Unauthorized` says so.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from provider import limits
from provider.clock import Clock
from provider.errors import SettingsError
from provider.registry.reference import DEFAULT_REGISTRY

_HUB_NAMES: Final = frozenset({DEFAULT_REGISTRY, "docker.io", "registry-1.docker.io"})
_API_PATHS: Final = frozenset({"", "v1", "v2"})


@dataclass(frozen=True)
class Credential:
    """Who we are to a registry; secrets stay out of `repr`.

    Attributes:
        username: empty for nobody.
        password: of the user.
        identity_token: refresh token of the registry's token service, instead of a password.
        helper: nobody, although Docker would have run a credential helper here.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    helper: bool = False

    @property
    def anonymous(self) -> bool:
        """Whether there is nothing to prove."""
        return not (self.username or self.identity_token)

    @property
    def identity(self) -> str:
        """Stands for the credential in cache keys: equal for equal ones, and tells nothing about the secret."""
        if self.anonymous:
            return "anonymous"
        secret = f"{self.username}\0{self.password}\0{self.identity_token}"
        return hashlib.sha256(secret.encode()).hexdigest()

    @property
    def basic(self) -> str:
        """Value of an Authorization header (RFC 7617)."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


ANONYMOUS: Final = Credential()


class Credentials(Protocol):
    """Knows who we are to each registry."""

    def of(self, registry: str, repository: str) -> Credential:
        """The credential for a repository; `ANONYMOUS` where there is none."""
        ...


class NoCredentials:
    """We are nobody everywhere."""

    def of(self, registry: str, repository: str) -> Credential:  # noqa: ARG002 - the same everywhere
        """See `Credentials`."""
        return ANONYMOUS


@dataclass(frozen=True)
class DockerConfig:
    """The credentials of one `config.json`.

    Attributes:
        entries: by registry host; each a path prefix (often empty) with its credential, longest prefix first.
        helpers: hosts for which a credential helper is named.
        store: whether a helper is named for all hosts.
    """

    entries: Mapping[str, tuple[tuple[str, Credential], ...]]
    helpers: frozenset[str] = frozenset()
    store: bool = False

    def of(self, registry: str, repository: str) -> Credential:
        """See `Credentials`."""
        host = _host(registry)
        for prefix, credential in self.entries.get(host, ()):
            if not prefix or repository == prefix or repository.startswith(prefix + "/"):
                return credential
        return Credential(helper=True) if self.store or host in self.helpers else ANONYMOUS


def parse(text: str, name: str) -> DockerConfig:
    """Read a `config.json`.

    Args:
        text: its content.
        name: how messages call it.

    Raises:
        SettingsError: every problem at once, without any secret.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError([f"{name}: no JSON"]) from error
    auths = document.get("auths", {}) if isinstance(document, dict) else None
    if not isinstance(auths, dict):
        raise SettingsError([f"{name}: no object, or `auths` is none"])
    problems: list[str] = []
    found: dict[str, list[tuple[str, Credential]]] = {}
    for key, entry in auths.items():
        host, prefix = _place(key)
        try:
            credential = _credential(entry)
        except ValueError as error:
            problems.append(f"{name}: auths[{key!r}]: {error}")
            continue
        if credential is not None:
            found.setdefault(host, []).append((prefix, credential))
    if problems:
        raise SettingsError(problems)
    return DockerConfig(
        {host: tuple(sorted(list_, key=lambda one: -len(one[0]))) for host, list_ in found.items()},
        frozenset(_helpers(document)),
        bool(document.get("credsStore")),
    )


def load(path: Path) -> DockerConfig:
    """Read a `config.json` file.

    Raises:
        SettingsError: it cannot be read, or see `parse`.
    """
    try:
        with path.open("rb") as file:
            content = file.read(limits.DOCKER_CONFIG_BYTES + 1)
        if len(content) > limits.DOCKER_CONFIG_BYTES:
            raise SettingsError([f"docker_config {path}: more than {limits.DOCKER_CONFIG_BYTES} bytes"])
        return parse(content.decode(), f"docker_config {path}")
    except OSError as error:
        raise SettingsError([f"docker_config {path}: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise SettingsError([f"docker_config {path}: no UTF-8"]) from error


class ReloadedCredentials:
    """A `config.json` that is looked at again from time to time, for registries rotate what they give.

    A replacement that cannot be read changes nothing: the credentials read before stay.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._config = load(path)
        self._read_at = clock.monotonic()

    def of(self, registry: str, repository: str) -> Credential:
        """See `Credentials`."""
        with self._lock:
            if self._clock.monotonic() - self._read_at >= limits.DOCKER_CONFIG_SECONDS:
                self._read_at = self._clock.monotonic()
                self._reload()
        return self._config.of(registry, repository)

    def _reload(self) -> None:
        try:
            self._config = load(self._path)
        except SettingsError:
            return


def _place(key: str) -> tuple[str, str]:
    """Host and path prefix of a key of `auths`: `https://index.docker.io/v1/`, `reg.io:5000`, `reg.io/team`."""
    host, _, path = key.removeprefix("https://").removeprefix("http://").partition("/")
    path = path.strip("/")
    return _host(host), "" if path in _API_PATHS else path


def _host(host: str) -> str:
    host = host.lower()
    return DEFAULT_REGISTRY if host in _HUB_NAMES else host


def _helpers(document: Mapping[str, Any]) -> Iterator[str]:
    helpers = document.get("credHelpers")
    if isinstance(helpers, dict):
        yield from (_place(key)[0] for key in helpers)


def _credential(entry: object) -> Credential | None:
    if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
        raise ValueError("no object of strings")
    if entry.get("registrytoken"):
        raise ValueError("`registrytoken` is not supported: use `auth` or `identitytoken`")
    username, password = entry.get("username", ""), entry.get("password", "")
    if entry.get("auth"):
        username, password = _decoded(entry["auth"])
    credential = Credential(username, password, entry.get("identitytoken", ""))
    return None if credential.anonymous else credential


def _decoded(auth: str) -> tuple[str, str]:
    try:
        username, colon, password = base64.b64decode(auth, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError("`auth` is no base64 of text") from error
    if not colon:
        raise ValueError("`auth` is no base64 of USER:PASSWORD")
    # Some tools pad the password with NUL bytes.
    return username, password.rstrip("\0")
