"""The trust root of sigstore's public good instance."""

from __future__ import annotations

from importlib import resources
from typing import Final
from urllib.parse import quote

URL: Final = "https://tuf-repo-cdn.sigstore.dev"
"""Of its TUF repository."""


def trusted_root() -> bytes:
    """The `trusted_root.json` of sigstore's public good instance, as the installed release of the client ships it."""
    return _shipped("trusted_root.json")


def first_root() -> bytes:
    """The `root.json` of its TUF repository, as that release ships it: where trust begins."""
    return _shipped("root.json")


def _shipped(name: str) -> bytes:
    return resources.files("sigstore").joinpath("_store", quote(URL, safe=""), name).read_bytes()
