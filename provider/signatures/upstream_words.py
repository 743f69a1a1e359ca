"""Policy-controller's words for a registry that does not answer, or does not know the image: people search for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.reference import Reference

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1"})


@contextmanager
def upstream_words(image: Reference, url: str) -> Iterator[None]:
    """Errors about an image in these words, and others as they are.

    Args:
        image: its reference.
        url: by which its manifest is asked for.
    """
    try:
        yield
    except ImageError as error:
        if error.reason is Reason.NOT_FOUND:
            sentence = f"image tag not found: GET {url}: MANIFEST_UNKNOWN: manifest unknown"
            raise ImageError(error.reason, sentence) from error
        if error.unconnected:
            raise ImageError(error.reason, _refused(image, url), unconnected=True) from error
        raise


def _refused(image: Reference, url: str) -> str:
    """Go's words for a refused connection; where plain HTTP is allowed, cosign tries HTTPS first."""
    host, _, port = image.registry.partition(":")
    address = f" 127.0.0.1:{port}" if host in _LOOPBACK and port else ""
    schemes = ("https", "http") if url.startswith("http://") else ("https",)
    tries = (
        f'Get "{scheme}://{image.registry}/v2/": dial tcp{address}: connect: connection refused' for scheme in schemes
    )
    return "; ".join(tries)
