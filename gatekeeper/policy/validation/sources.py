"""Where signatures may be, as the webhook checks it: a registry, or a repository in one.

The rules are go-containerregistry's with strict validation.
"""

from __future__ import annotations

import re
from typing import Final

from provider.golang import net_url

_CHARACTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789_-./"
_REPOSITORY: Final = re.compile(r"[a-z0-9_\-./]*")
_LENGTHS: Final = range(2, 256)
_HUB: Final = frozenset({"docker.io", "index.docker.io"})
_SCHEME: Final = re.compile(r"[a-z]+://")


def problem(oci: str) -> str:
    """Why a source is refused, in the webhook's words; empty when it is not."""
    if not oci:
        return "strict validation requires the registry to be explicitly defined"
    host, slash, repository = oci.partition("/")
    if not (slash and ("." in host or ":" in host)):
        return _registry_fault(oci)
    return _repository_fault(repository) or _registry_fault(host) or _namespace_fault(host, repository)


def has_scheme(oci: str) -> bool:
    """Whether it is a URL: the webhook lets it through, and no signature is ever found there."""
    return bool(_SCHEME.match(oci))


def _registry_fault(host: str) -> str:
    try:
        parsed = net_url.parse(f"//{host}") if "#" not in host else None
    except net_url.UrlError:
        parsed = None
    if parsed is None or parsed.host != host or "%" in host:
        return f"registries must be valid RFC 3986 URI authorities: {host}"
    return ""


def _repository_fault(repository: str) -> str:
    if len(repository) not in _LENGTHS:
        return f"repository must be between 2 and 255 characters in length: {repository}"
    if not _REPOSITORY.fullmatch(repository):
        return f"repository can only contain the characters `{_CHARACTERS}`: {repository}"
    return ""


def _namespace_fault(host: str, repository: str) -> str:
    if host in _HUB and "/" not in repository:
        return "strict validation requires the full repository path (missing 'library')"
    return ""
