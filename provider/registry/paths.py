"""The paths of the registry API, as docker-registry-client has them (OCI distribution specification, "Endpoints").

Of that package nothing else is used: its own calls never run. `test_paths.py` fails when the templates move.
"""

from __future__ import annotations

import re
import warnings
from typing import Final

with warnings.catch_warnings():
    # On import the package switches off all warnings of the process.
    from docker_registry_client._BaseClient import BaseClientV2

_MANIFEST: Final[str] = BaseClientV2.MANIFEST
_BLOB: Final[str] = BaseClientV2.BLOB
_DOCUMENT: Final = re.compile(r"/v2/([a-z0-9_\-./]{2,255})/(?:(?:manifests|blobs|referrers)/[^/]+|tags/list)", re.ASCII)
# It is older than this one.
_REFERRERS: Final = "/v2/{name}/referrers/{digest}"
_TAGS: Final = "/v2/{name}/tags/list"


def manifest(repository: str, identifier: str) -> str:
    """Of a manifest or index, by tag or digest."""
    return _MANIFEST.format(name=repository, reference=identifier)


def repository(target: str) -> str:
    """The repository that a path of this interface, with or without a query, is about; empty for any other path."""
    found = _DOCUMENT.fullmatch(target.partition("?")[0])
    return found[1] if found else ""


def blob(repository: str, digest: str) -> str:
    """Of a blob."""
    return _BLOB.format(name=repository, digest=digest)


def referrers(repository: str, digest: str) -> str:
    """Of the list of what refers to a manifest; each of its pages has it."""
    return _REFERRERS.format(name=repository, digest=digest)


def tags(repository: str) -> str:
    """Of the list of tags; each of its pages has it."""
    return _TAGS.format(name=repository)
