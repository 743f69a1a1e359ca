"""The trust root of sigstore's public good instance."""

from __future__ import annotations

from importlib import resources
from typing import Final
from urllib.parse import quote

_PUBLIC_GOOD: Final = "https://tuf-repo-cdn.sigstore.dev"


def trusted_root() -> bytes:
    """The `trusted_root.json` of sigstore's public good instance, as the installed release of the client ships it."""
    store = resources.files("sigstore").joinpath("_store", quote(_PUBLIC_GOOD, safe=""))
    return store.joinpath("trusted_root.json").read_bytes()
