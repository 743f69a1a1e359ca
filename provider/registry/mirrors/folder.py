"""The folder of `hosts.toml` files, laid out as containerd's `certs.d`, and as Docker's where there is no such file.

    docker.io/hosts.toml            mirrors of Docker Hub
    reg.example_5000_/hosts.toml    of reg.example:5000; `reg.example:5000` is read, too
    reg.example/ca.crt              authorities of a registry; `client.cert` and `client.key` are shown to it
    _default/hosts.toml             of every registry without a folder of its own

All of it is read at the start and again when something of it changes, so no question waits for a file. A `hosts.toml`
that cannot be used changes nothing: what was read before stays in force; where there is nothing, the registry is
reached as without the file, as containerd does it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from provider import limits
from provider.clock import Clock
from provider.errors import FileError
from provider.foreign_text import shown
from provider.observer import FileSetting, Observer
from provider.registry.mirrors import hosts_toml
from provider.registry.mirrors.host import UPSTREAM, RegistryHost, alias
from provider.registry.mirrors.host_tls import HostTLS
from provider.registry.mirrors.hosts_toml import HostEntry, HostsFile
from provider.registry.origin import Origin
from provider.registry.transport.ca_bundle import stat_of
from provider.registry.transport.connection import KeyPair

_FILE: Final = "hosts.toml"
_DEFAULT: Final = "_default"
_CERTIFICATES: Final = (".crt", ".cert", ".key")


@dataclass(frozen=True)
class _Snapshot:
    """What is in force."""

    hosts: Mapping[str, Sequence[RegistryHost]] = field(default_factory=dict)
    origins: frozenset[Origin] = frozenset()


@dataclass
class _Entry:
    """A registry's folder: how its files looked, and what came of them."""

    state: object = None
    file: HostsFile | None = None
    error: str = ""


class HostFolder:
    """See `HostTable`. `look` may be called by any thread, the rest by one.

    Args:
        path: the folder.
        ca_file: authorities for all registries; those of a host are beside them.
        clock: the machine's.
        observer: gets reports of what cannot be used.
    """

    def __init__(self, path: Path, ca_file: Path | None, clock: Clock, observer: Observer) -> None:
        self._path = path
        self._tls = HostTLS(ca_file, clock)
        self._observer = observer
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._state: object = None
        self._error = ""
        self._snapshot = _Snapshot()
        self.look()

    def of(self, registry: str) -> Sequence[RegistryHost]:
        """See `HostTable`."""
        hosts = self._snapshot.hosts
        return next((hosts[name] for name in _names(registry) if name in hosts), UPSTREAM)

    def names(self, where: Origin) -> bool:
        """See `HostTable`."""
        return where in self._snapshot.origins

    @property
    def problems(self) -> Sequence[str]:
        """The files that cannot be used at all."""
        unusable = [self._placed(entry.error, name) for name, entry in self._entries.items() if entry.error]
        return [f"hosts_dir {self._path}: {self._error}", *unusable] if self._error else unusable

    def look(self) -> None:
        """Read again what has changed."""
        with self._lock:
            try:
                names = self._listed()
            except FileError as error:
                if str(error) != self._error:
                    self._error = str(error)
                    self._observer.file_rejected(FileSetting.HOSTS_DIR, "", f"hosts_dir {self._path}: {error}")
                return
            self._error = ""
            state = tuple((name, _state(self._path / name)) for name in names), self._tls.state()
            if state == self._state:
                return
            self._state = state
            self._read(names)

    def _listed(self) -> list[str]:
        try:
            # A mounted ConfigMap has names of its own beside what it mounts; they begin with two dots.
            names = sorted(entry.name for entry in os.scandir(self._path) if entry.is_dir() and entry.name[:1] != ".")
        except OSError as error:
            raise FileError(f"cannot read it: {error.strerror}") from error
        if len(names) > limits.HOST_FOLDERS:
            raise FileError(f"it has {len(names)} folders, more than {limits.HOST_FOLDERS}")
        return names

    def _read(self, names: Sequence[str]) -> None:
        """Read the folders that changed, and put all of them in force."""
        self._entries = {name: self._entries.get(name, _Entry()) for name in names}
        for name, entry in self._entries.items():
            state = _state(self._path / name)
            if state != entry.state:
                entry.state = state
                self._read_one(name, entry)
        self._tls.begin()
        problems: list[str] = []
        hosts = {name: tuple(self._hosts(name, entry, problems)) for name, entry in self._entries.items()}
        self._tls.end()
        origins = frozenset(host.origin for list_ in hosts.values() for host in list_ if host.origin is not None)
        self._snapshot = _Snapshot(hosts, origins)
        self._observer.file_in_force(FileSetting.HOSTS_DIR, "", problems)

    def _read_one(self, name: str, entry: _Entry) -> None:
        folder = self._path / name
        try:
            entry.file, entry.error = _file(folder), ""
        except FileError as error:
            entry.error = str(error)
            self._observer.file_rejected(FileSetting.HOSTS_DIR, shown(name), self._placed(str(error), name))

    def _hosts(self, name: str, entry: _Entry, problems: list[str]) -> Iterator[RegistryHost]:
        file = entry.file or HostsFile((HostEntry(),))
        problems += [self._placed(problem, name) for problem in file.problems]
        for one in file.entries:
            # Without a name in the file only a folder of that name says which host is meant.
            found, host = _for_anybody(one) if one.where is None and name == _DEFAULT else ([], one)
            connection = self._tls.connection(host, found, verify=not host.skip_verify)
            problems += [self._placed(problem, name) for problem in found]
            able = host.capabilities
            yield RegistryHost(host.where, host.root, "pull" in able, "resolve" in able, host.headers, connection)

    def _placed(self, problem: str, name: str) -> str:
        return f"hosts_dir {self._path / name}: {problem}"


def _for_anybody(entry: HostEntry) -> tuple[list[str], HostEntry]:
    """What a `_default` says of every registry, without what is for hosts by name, and a sentence for each such field.

    Whoever may name an image may name the registry that gets it: with a header its secret, with a certificate who we
    are, and that we have its key.
    """
    given = {"skip_verify": entry.skip_verify, "header": bool(entry.headers), "client": bool(entry.client)}
    sentence = "is for hosts by name: it is passed over in a `_default` without `server`"
    problems = [f"`{field}` {sentence}" for field, there in given.items() if there]
    return problems, replace(entry, skip_verify=False, headers={}, client=())


def _names(registry: str) -> Sequence[str]:
    """How the folder of a registry may be called, in containerd's order."""
    name = alias(registry)
    host, colon, port = name.rpartition(":")
    return (f"{host}_{port}_", name, _DEFAULT) if colon and host else (name, _DEFAULT)


def _file(folder: Path) -> HostsFile:
    """What a folder says: its `hosts.toml`, or its certificates.

    Raises:
        FileError: its `hosts.toml` cannot be used.
    """
    try:
        with (folder / _FILE).open("rb") as file:
            content = file.read(limits.HOSTS_FILE_BYTES + 1)
    except FileNotFoundError:
        content = b""
    except OSError as error:
        raise FileError(f"{_FILE}: cannot read it: {error.strerror}") from error
    if len(content) > limits.HOSTS_FILE_BYTES:
        raise FileError(f"{_FILE}: it has more than {limits.HOSTS_FILE_BYTES} bytes")
    if not content:
        return HostsFile((_of_certificates(folder),))
    try:
        return hosts_toml.parse(content, folder)
    except FileError as error:
        raise FileError(f"{_FILE}: {error}") from error


def _of_certificates(folder: Path) -> HostEntry:
    """Docker's layout: authorities in `*.crt`, ours in `*.cert` with a `*.key` beside it."""
    files = {file.name: file for file in _certificates(folder)}
    authorities = tuple(file for name, file in files.items() if name.endswith(".crt"))
    ours = [file for name, file in files.items() if name.endswith(".cert")]
    pairs = tuple(KeyPair(file, files.get(f"{file.stem}.key", file)) for file in ours)
    return HostEntry(ca=authorities, client=pairs)


def _certificates(folder: Path) -> Sequence[Path]:
    try:
        files = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(_CERTIFICATES))
    except OSError:
        return ()
    return [folder / name for name in files[: limits.HOST_FOLDER_FILES]]


def _state(folder: Path) -> object:
    """What changes when one of its files does."""
    return tuple((path.name, stat_of(path)) for path in (folder / _FILE, *_certificates(folder)))
