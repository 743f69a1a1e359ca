"""Values of settings: what a text, or what YAML made of it, must be like."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeAlias

from provider.errors import BestbeforeError
from provider.foreign_text import shown
from provider.registry import reference
from provider.registry.clouds.places import CloudName
from provider.settings.schema import Schema

_LAST_PORT: Final = 65535
# A Kubernetes object may be called so (RFC 1123, section 2.1).
OBJECT_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9.\-]{0,251}[a-z0-9])?", re.ASCII)


# A namespace may be called so (RFC 1123, section 2.1).
_NAMESPACE: Final = re.compile(r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?", re.ASCII)
Namespace: TypeAlias = str


class LogLevel(StrEnum):
    """What is logged: this and what is more serious."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How it is logged."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"


@dataclass(frozen=True)
class Address:
    """Where to listen.

    Attributes:
        host: a name or IP address; empty for all addresses.
        port: 0 for one that is free.
    """

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True)
class NamedFile:
    """A file with the name that policies give it."""

    name: str
    path: Path

    def __str__(self) -> str:
        return f"{self.name}={self.path}"


@dataclass(frozen=True)
class HostPair:
    """A host that belongs to a registry, both as `host` or `host:port`."""

    registry: str
    host: str

    def __str__(self) -> str:
        return f"{self.registry}={self.host}"


def read(schema: Schema, name: str, annotation: str, value: object) -> object:
    """The value of a setting.

    Args:
        schema: whose setting.
        name: of the setting.
        annotation: its type, as the field is annotated with it.
        value: as a source has it: a text, or what YAML makes of one.

    Raises:
        ValueError: it is none; the sentence says what it must be.
        TypeError: the same.
    """
    convert = schema.converters.get(annotation) or _CONVERTERS[annotation]
    converted = convert(value)
    if name in schema.ranges:
        _check(schema.ranges[name], converted)
    return converted


def _check(bounds: tuple[float, float], value: Any) -> None:  # noqa: ANN401 - a number
    low, high = bounds
    if not low <= value <= high:
        raise ValueError(f"must be between {low:g} and {high:g}, got {value:g}")


def _address(value: object) -> Address:
    host, colon, port = text_of(value).rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if (
        not colon
        or not (port.isascii() and port.isdigit())
        or int(port) > _LAST_PORT
        or (":" in host and not bracketed)
    ):
        raise ValueError(f"must be HOST:PORT or :PORT, got {shown(str(value))!r}")
    return Address(host[1:-1] if bracketed else host, int(port))


def servers(value: object) -> tuple[Address, ...]:
    """Addresses of servers.

    Raises:
        ValueError: one is none; the sentence says what it must be.
        TypeError: the same.
    """
    entries = value.split(",") if isinstance(value, str) else value
    if not isinstance(entries, list | tuple):
        raise TypeError(f"must be a list of HOST:PORT, got {shown(str(value))!r}")
    found = tuple(_address(text_of(entry).strip()) for entry in entries if entry != "")
    if any(not address.host or not address.port for address in found):
        raise ValueError("must be a list of HOST:PORT, with a host and a port each")
    return found


def _path(value: object) -> Path:
    text = text_of(value)
    if not text or "\0" in text:
        raise ValueError("must be the path of a file")
    return Path(text)


def text_of(value: object) -> str:
    """A text.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Path):
        return str(value)
    raise ValueError(f"must be a text, got {shown(str(value))!r}")


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise ValueError(f"must be true or false, got {shown(str(value))!r}")


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value, re.ASCII):
        return int(value)
    raise ValueError(f"must be a whole number, got {shown(str(value))!r}")


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,9})?", value, re.ASCII):
        return float(value)
    raise ValueError(f"must be a number, got {shown(str(value))!r}")


def _hosts(value: object) -> tuple[str, ...]:
    entries = value.split(",") if isinstance(value, str) else value
    if not isinstance(entries, list | tuple):
        raise TypeError(f"must be a list of registries, got {shown(str(value))!r}")
    return tuple(_host(text_of(entry).strip()) for entry in entries if entry != "")


def _namespaces(value: object) -> tuple[Namespace, ...]:
    entries = value.split(",") if isinstance(value, str) else value
    if not isinstance(entries, list | tuple):
        raise TypeError(f"must be a list of namespaces, got {shown(str(value))!r}")
    found = tuple(text_of(entry).strip() for entry in entries if entry != "")
    for name in found:
        if not _NAMESPACE.fullmatch(name):
            raise ValueError(f"{shown(name)!r} is no name of a namespace; each is named by itself")
    return found


def _host_pairs(value: object) -> tuple[HostPair, ...]:
    entries = value.split(",") if isinstance(value, str) else value
    if not isinstance(entries, list | tuple):
        raise TypeError(f"must be a list of REGISTRY=HOST, got {shown(str(value))!r}")
    return tuple(_host_pair(text_of(entry).strip()) for entry in entries if entry != "")


def _host_pair(text: str) -> HostPair:
    registry, equals, host = text.partition("=")
    if not equals:
        raise ValueError(f"must be REGISTRY=HOST, got {shown(text)!r}")
    return HostPair(_host(registry), _host(host))


def _clouds(value: object) -> tuple[CloudName, ...]:
    entries = value.split(",") if isinstance(value, str) else value
    if not isinstance(entries, list | tuple):
        raise TypeError(f"must be a list of clouds, got {shown(str(value))!r}")
    convert = one_of(CloudName)
    return tuple(dict.fromkeys(CloudName(convert(text_of(entry).strip())) for entry in entries if entry != ""))


def _named_files(value: object) -> tuple[NamedFile, ...]:
    entries = value.split(",") if isinstance(value, str) else value
    if not isinstance(entries, list | tuple):
        raise TypeError(f"must be a list of NAME=FILE, got {shown(str(value))!r}")
    files = tuple(_named_file(text_of(entry).strip()) for entry in entries if entry != "")
    names = [file.name for file in files]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise ValueError(f"{repeated} stands twice")
    return files


def _named_file(text: str) -> NamedFile:
    name, equals, path = text.partition("=")
    if not equals or not OBJECT_NAME.fullmatch(name):
        raise ValueError(f"must be NAME=FILE, the name in lower-case letters, digits, `-` and `.`, got {shown(text)!r}")
    return NamedFile(name, _path(path))


def _host(text: str) -> str:
    """A registry as references name it; Docker Hub may be called `docker.io`."""
    try:
        registry = reference.parse(f"{text}/repository").registry
    except BestbeforeError as error:
        raise ValueError(f"{shown(text)!r} is no registry: write host or host:port") from error
    if text not in {registry, "docker.io"}:
        raise ValueError(f"{shown(text)!r} is no registry: write host or host:port, with a dot or a port in it")
    return registry


def one_of(choices: type[StrEnum]) -> Callable[[object], StrEnum]:
    """The converter of a closed list of words."""

    def convert(value: object) -> StrEnum:
        try:
            return choices(text_of(value).lower())
        except ValueError as error:
            raise ValueError(f"must be one of {', '.join(choices)}, got {shown(str(value))!r}") from error

    return convert


# By the type that a field is annotated with.
_CONVERTERS: Final[Mapping[str, Callable[[object], object]]] = {
    "Address": _address,
    "Path": _path,
    "Path | None": _path,
    "bool": _boolean,
    "str": text_of,
    "int": _integer,
    "float": _number,
    "tuple[str, ...]": _hosts,
    "tuple[NamedFile, ...]": _named_files,
    "tuple[HostPair, ...]": _host_pairs,
    "tuple[CloudName, ...]": _clouds,
    "tuple[Namespace, ...]": _namespaces,
    "LogLevel": one_of(LogLevel),
    "LogFormat": one_of(LogFormat),
}
