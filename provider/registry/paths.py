"""The paths of the registry API, as docker-registry-client has them (OCI distribution specification, "Endpoints").

Of that package nothing else is used: its own calls never run. `test_paths.py` fails when the templates move.
"""

from __future__ import annotations

import warnings
from typing import Final

with warnings.catch_warnings():
    # On import the package switches off all warnings of the process.
    from docker_registry_client._BaseClient import BaseClientV2

_MANIFEST: Final[str] = BaseClientV2.MANIFEST
_BLOB: Final[str] = BaseClientV2.BLOB
# It is older than this one.
_REFERRERS: Final = "/v2/{name}/referrers/{digest}"


def manifest(repository: str, identifier: str) -> str:
    """Of a manifest or index, by tag or digest."""
    return _MANIFEST.format(name=repository, reference=identifier)


def blob(repository: str, digest: str) -> str:
    """Of a blob."""
    return _BLOB.format(name=repository, digest=digest)


def referrers(repository: str, digest: str) -> str:
    """Of the list of what refers to a manifest; each of its pages has it."""
    return _REFERRERS.format(name=repository, digest=digest)
