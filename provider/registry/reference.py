"""Image references: which registry, which repository, which tag or digest.

The grammar is that of go-containerregistry's `name.ParseReference` with `WeakValidation`, as policy-controller has it,
because globs are matched against what it makes of a reference. It is stricter in two points, where a stranger's text
would otherwise reach a URL: a registry must be a host name or an IP literal with an optional port, and no component of
a repository may be `.` or `..`. It is wider in one: a digest may be SHA-512.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from typing import Final

from provider.errors import ImageError
from provider.foreign_text import shown
from provider.reasons import Reason
from provider.registry.content.digests import EXPECTED, is_digest

DEFAULT_REGISTRY: Final = "index.docker.io"
DEFAULT_TAG: Final = "latest"
_ALIAS: Final = "docker.io"
_NAMESPACE: Final = "library"
_REPOSITORY: Final = re.compile(r"[a-z0-9_\-./]{2,255}", re.ASCII)
_TAG: Final = re.compile(r"[A-Za-z0-9_\-.]{1,128}", re.ASCII)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*://", re.ASCII | re.IGNORECASE)
_HOST: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.\-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])", re.ASCII)
_PORT: Final = re.compile(r"[0-9]{1,5}", re.ASCII)
_LAST_PORT: Final = 65535
# A name and password where none belong: after `//`, or before an @ that begins no digest.
_USER: Final = re.compile(r"(?:(?<=//)[^/@]*|[^/@:]*:[^/@]*)@(?!sha\d+:)")


@dataclass(frozen=True)
class Reference:
    """Where an image is.

    Attributes:
        registry: `host[:port]`; Docker Hub is `index.docker.io`.
        repository: path within the registry, `library/alpine`.
        tag: None when a digest is given without a tag.
        digest: `sha256:…` or `sha512:…`, None when the reference names a tag only.
        text: the reference as it was written.
    """

    registry: str
    repository: str
    tag: str | None
    digest: str | None
    text: str

    @property
    def identifier(self) -> str:
        """What comes last in the registry's URL: the digest where there is one, else the tag."""
        return self.digest or self.tag or DEFAULT_TAG

    @property
    def context(self) -> str:
        """`registry/repository`."""
        return f"{self.registry}/{self.repository}"

    @property
    def name(self) -> str:
        """The normalised form that globs are matched against; of a tag with a digest the tag is left out."""
        return self.context + (f"@{self.digest}" if self.digest else f":{self.tag}")

    @property
    def short(self) -> bool:
        """Whether it names no registry: Docker Hub is meant here, and a node may mean another one."""
        return not _names_registry(self.text)

    def at(self, digest: str) -> Reference:
        """The same repository, at a digest."""
        return replace(self, tag=None, digest=digest, text=f"{self.context}@{digest}")


def is_tag(text: str) -> bool:
    """Whether a text can be a tag."""
    return _TAG.fullmatch(text) is not None


def parse(text: str) -> Reference:
    """Read a reference.

    Raises:
        ImageError: `ReferenceInvalid`, saying which part is wrong.
    """
    if scheme := _SCHEME.match(text):
        raise _invalid(text, f"an image reference has no {scheme.group()} in front")
    base, at, digest = text.partition("@")
    if at and not is_digest(digest):
        raise _invalid(text, f"after the @ must stand {EXPECTED}")
    context, tag = _split_tag(text, base)
    registry, repository = _split_registry(text, context)
    if tag is None and not at:
        tag = DEFAULT_TAG
    return Reference(registry, repository, tag, digest if at else None, text)


def _split_tag(text: str, base: str) -> tuple[str, str | None]:
    context, colon, tag = base.rpartition(":")
    if not colon or "/" in tag:
        return base, None
    if not _TAG.fullmatch(tag):
        raise _invalid(text, "a tag has 1 to 128 letters, digits, `_`, `-` and `.`")
    return context, tag


def _split_registry(text: str, context: str) -> tuple[str, str]:
    first, _, rest = context.partition("/")
    registry, repository = (first, rest) if _names_registry(context) else (DEFAULT_REGISTRY, context)
    if not _REPOSITORY.fullmatch(repository):
        raise _invalid(text, "a repository has 2 to 255 lower-case letters, digits, `_`, `-`, `.` and `/`")
    if not {".", ".."}.isdisjoint(repository.split("/")):
        raise _invalid(text, "no part of a repository may be `.` or `..`")
    if not _is_authority(registry):
        raise _invalid(text, "the registry is no host name or IP address with an optional port")
    return _normalised(registry, repository)


def _names_registry(context: str) -> bool:
    """`localhost/app` is a Docker Hub user's, as policy-controller reads it: a registry has a dot or a colon."""
    first, slash, _ = context.partition("/")
    return bool(slash) and ("." in first or ":" in first)


def _normalised(registry: str, repository: str) -> tuple[str, str]:
    if registry == _ALIAS:
        registry = DEFAULT_REGISTRY
    if registry == DEFAULT_REGISTRY and "/" not in repository:
        repository = f"{_NAMESPACE}/{repository}"
    return registry, repository


def _is_authority(registry: str) -> bool:
    host, colon, port = registry, "", ""
    if not registry.endswith("]"):
        host, colon, port = registry.partition(":") if registry.count(":") == 1 else registry.rpartition(":")
        host = host or registry
    if colon and not (_PORT.fullmatch(port) and 0 < int(port) <= _LAST_PORT):
        return False
    return _HOST.fullmatch(host) is not None and (not host.startswith("[") or _is_ipv6(host[1:-1]))


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _invalid(text: str, why: str) -> ImageError:
    name = shown(_USER.sub("…@", text))
    if not name.strip(" …"):
        # A blank text would leave a gap that nobody sees.
        name = f'"{name}"'
    return ImageError(Reason.REFERENCE_INVALID, f"could not parse reference: {name}: {why}")
