"""Registry credentials of a Docker `config.json`.

Read are `auths` with `auth`, `username` and `password`, `identitytoken` or `registrytoken`; a host may have a `*` in
it, as for the kubelet, and the older `.dockercfg` has its registries where `auths` would stand. Credential helpers are
programs: which one is to be asked is said here, and `helpers` runs it.

An entry that cannot be used says nobody, and is named; the entries beside it are used.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from provider import limits
from provider.errors import FileError, SettingsError
from provider.foreign_text import shown
from provider.registry.credentials import docker_auth
from provider.registry.credentials.credential import ANONYMOUS, Credential
from provider.registry.reference import DEFAULT_REGISTRY

# What follows `docker-credential-` in the name of a program: it leads to no other directory.
HELPER_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", re.ASCII)
_HUB_NAMES: Final = frozenset({DEFAULT_REGISTRY, "docker.io", "registry-1.docker.io"})
# What Docker itself calls Docker Hub in its file.
_HUB_KEY: Final = f"https://{DEFAULT_REGISTRY}/v1/"
_NOT_RUN: Final = "its credential helper is a program and not run here: name the registry in `auths`"
_API_PATHS: Final = frozenset({"v1", "v2"})


@dataclass(frozen=True)
class DockerConfig:
    """The credentials of one `config.json`.

    Attributes:
        entries: by registry host; each a path prefix (often empty) with its credential, longest prefix first.
        globs: the hosts in `entries` that have a `*`; those with the fewest first.
        helpers: the credential helper of each host that has one.
        store: the helper for all hosts; empty without one.
        hosts: that `auths` names, with or without a credential.
        problems: what of the file cannot be used, without any secret.
    """

    entries: Mapping[str, tuple[tuple[str, Credential], ...]]
    globs: Sequence[str] = ()
    helpers: Mapping[str, str] = field(default_factory=dict)
    store: str = ""
    hosts: frozenset[str] = frozenset()
    problems: Sequence[str] = ()

    def of(self, registry: str, repository: str) -> Credential:
        """See `Credentials`."""
        for _, credential in self.fitting(registry, repository):
            return credential
        return Credential(absence=_NOT_RUN) if self.store or _host(registry) in self.helpers else ANONYMOUS

    def fitting(self, registry: str, repository: str) -> Iterator[tuple[tuple[int, int], Credential]]:
        """Every credential that says something of a repository, the best first; each with its rank, a lower one better.

        A host by its name comes before one with a `*`, and a longer path before a shorter one.
        """
        host = _host(registry)
        for stars, name in enumerate((host, *(glob for glob in self.globs if _fits(glob, host)))):
            for prefix, credential in self.entries.get(name, ()):
                if not prefix or repository == prefix or repository.startswith(prefix + "/"):
                    yield (stars, -len(prefix)), credential

    def helper(self, registry: str) -> tuple[str, str]:
        """The helper of a registry, and what it calls the registry; of the one for all hosts, those in `auths` only."""
        host = _host(registry)
        name = self.helpers.get(host, "") or (self.store if host in self.hosts else "")
        return name, _HUB_KEY if host == DEFAULT_REGISTRY and host not in self.helpers else host


@dataclass(frozen=True)
class _Entry:
    """A usable entry of `auths`, and how good its key is: of several for one place the best is taken."""

    host: str
    prefix: str
    rank: int
    credential: Credential


def parse(text: str, name: str) -> DockerConfig:
    """Read a `config.json`.

    Args:
        text: its content.
        name: how messages call it.

    Raises:
        SettingsError: it is no such file; no secret is shown.
    """
    try:
        return _config(text, name)
    except FileError as error:
        raise SettingsError([f"{name}: {error}"]) from error


def of_secret(content: bytes, name: str, *, older: bool = False) -> DockerConfig:
    """Read what a pull secret holds.

    Args:
        content: of its key `.dockerconfigjson`, or `.dockercfg`.
        name: what people call it.
        older: whether it is the latter, with its registries at the top.

    Raises:
        FileError: it is no such file; no secret is shown.
    """
    text = content.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    return _of_document({"auths": _json(text)} if older else _json(text), name)


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
        return of_bytes(content, str(path))
    except OSError as error:
        raise SettingsError([f"docker_config {path}: {error.strerror}"]) from error
    except FileError as error:
        raise SettingsError([f"docker_config {path}: {error}"]) from error


def of_bytes(content: bytes, name: str) -> DockerConfig:
    """Read a file; a mark of byte order at its start is none of its content.

    Raises:
        FileError: it is no such file.
    """
    # A byte that is no UTF-8 spoils the text that it stands in, not the file.
    return _config(content.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape"), name)


def _config(text: str, name: str) -> DockerConfig:
    return _of_document(_json(text), name)


def _json(text: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileError("no JSON") from error


def _of_document(document: Any, name: str) -> DockerConfig:  # noqa: ANN401 - any JSON
    # null is as good as none, as in Go.
    document = {} if document is None else document
    fields = docker_auth.fields_of(document) if isinstance(document, dict) else {}
    if not isinstance(document, dict) or not isinstance(fields.get("auths"), dict | None):
        raise FileError("no object, or `auths` is none")
    auths = fields.get("auths") or ({} if "auths" in fields else _older(document))
    problems: list[str] = []
    entries = list(_entries(auths, name, problems))
    by_host = _by_host(entries)
    globs = _globs(by_host, problems)
    helpers = dict(_helpers(fields, problems))
    store = _store(fields, problems)
    hosts = frozenset(_place(key)[0] for key in auths)
    return DockerConfig(by_host, globs, helpers, store, hosts, tuple(problems))


def _older(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The registries of a `.dockercfg`, which stand at the top."""
    return {
        key: value
        for key, value in document.items()
        if isinstance(value, dict) and docker_auth.names_somebody(value) and ("." in key or ":" in key)
    }


def _globs(hosts: Iterable[str], problems: list[str]) -> Sequence[str]:
    """The hosts with a `*`; those with the fewest first."""
    found = sorted((host for host in hosts if "*" in host), key=lambda host: (host.count("*"), -len(host), host))
    if len(found) > limits.CREDENTIAL_GLOBS:
        problems.append(f"more than {limits.CREDENTIAL_GLOBS} hosts have a `*`; those beyond are passed over")
    return tuple(found[: limits.CREDENTIAL_GLOBS])


def _fits(glob: str, host: str) -> bool:
    """Whether a host looks so: a `*`, of which a label has one at most, is any part of one label, as in the kubelet."""
    # Counted first: a key may be as long as its file.
    return glob.count(".") == host.count(".") and all(map(_label_fits, glob.split("."), host.split(".")))


def _label_fits(pattern: str, label: str) -> bool:
    before, star, after = pattern.partition("*")
    if not star:
        return pattern == label
    middle = label[len(before) : len(label) - len(after)]
    # What the port is stands in the pattern as it is.
    return label == f"{before}{middle}{after}" and ":" not in middle


def _entries(auths: Mapping[str, Any], name: str, problems: list[str]) -> Iterator[_Entry]:
    for key, value in auths.items():
        host, prefix = _place(key)
        credential, faults = docker_auth.read(value)
        if any(label.count("*") > 1 for label in host.split(".")):
            faults.append("its host has more than one `*` between two dots")
            credential = None
        elif "*" in host.partition(":")[2]:
            faults.append("its port is a `*`")
            credential = None
        problems.extend(f"auths[{_shown_key(key)}]: {fault}" for fault in faults)
        if credential is not None:
            credential = replace(credential, name=f"auths[{_shown_key(key)}] of {name}")
            yield _Entry(host, prefix, _rank(key, host, prefix), credential)


def _by_host(entries: Sequence[_Entry]) -> Mapping[str, tuple[tuple[str, Credential], ...]]:
    """The credentials of each host, longest prefix first; of several spellings of one place the best."""
    best: dict[tuple[str, str], _Entry] = {}
    for entry in entries:
        place = (entry.host, entry.prefix)
        best[place] = min(best.get(place, entry), entry, key=lambda one: one.rank)
    found: dict[str, list[tuple[str, Credential]]] = {}
    for (host, prefix), entry in sorted(best.items(), key=lambda item: -len(item[0][1])):
        found.setdefault(host, []).append((prefix, entry.credential))
    return {host: tuple(list_) for host, list_ in found.items()}


def _rank(key: str, host: str, prefix: str) -> int:
    """How good a spelling of a place is: Docker takes the exact key before those that older versions wrote."""
    exact = f"{host}/{prefix}" if prefix else host
    if key == _HUB_KEY:
        return 0
    if key == exact:
        return 1
    return 2 if key.lower() == exact else 3


def _place(key: str) -> tuple[str, str]:
    """Host and path prefix of a key of `auths`: `https://index.docker.io/v1/`, `reg.io:5000`, `reg.io/team`.

    As in the kubelet the first part of the path is no prefix where it is the API's: `https://reg.io/v2/team`.
    """
    host, _, path = key.removeprefix("https://").removeprefix("http://").partition("/")
    first, _, rest = path.strip("/").partition("/")
    return _host(host), rest if first in _API_PATHS else path.strip("/")


def _host(host: str) -> str:
    host = host.lower()
    return DEFAULT_REGISTRY if host in _HUB_NAMES else host


def _shown_key(key: str) -> str:
    """A key as messages name it: without the user and password that a URL may have."""
    return repr(shown(key.rpartition("@")[2]))


def _helpers(document: Mapping[str, Any], problems: list[str]) -> Iterator[tuple[str, str]]:
    helpers = document.get("credhelpers")
    if isinstance(helpers, dict):
        for key, helper in helpers.items():
            if helper is None or helper == "":
                continue
            if fault := _fault_of_helper(helper):
                problems.append(f"credHelpers[{_shown_key(key)}]: {fault}")
            else:
                yield _place(key)[0], helper
    elif helpers is not None:
        problems.append("`credHelpers` is no object")


def _store(document: Mapping[str, Any], problems: list[str]) -> str:
    store = document.get("credsstore") or ""
    if store and (fault := _fault_of_helper(store)):
        problems.append(f"`credsStore`: {fault}")
        return ""
    return str(store)


def _fault_of_helper(name: object) -> str:
    if not isinstance(name, str):
        return "it is no string"
    return "" if HELPER_NAME.fullmatch(name) else "it is no name of a program"
