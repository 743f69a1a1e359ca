"""What the cluster's mutation leaves of a review: images pinned to the digests that their tags name now.

In a cluster Pods are pinned when they are created, workloads are not. What is judged of a workload is therefore the Pod
that it will make. An image that cannot be resolved stays as it is, as there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final, Protocol

from gatekeeper.evaluation.review import Review
from provider.errors import ImageError
from provider.registry import reference
from provider.registry.content.digests import is_digest

_SIDE_BY_SIDE: Final = 16


class DigestSource(Protocol):
    """Knows what tags name."""

    def digest(self, image: str) -> str:
        """The digest of an image; empty where it cannot be had."""
        ...


def pinned(reviews: Sequence[Review], source: DigestSource) -> list[Review]:
    """The reviews as they are after mutation."""
    pods = [replace(each, as_pod=True) for each in reviews]
    pins = _pins({text for each in pods for text in each.texts}, source)
    return [replace(each, pins=pins) for each in pods]


def _pins(images: Iterable[str], source: DigestSource) -> Mapping[str, str]:
    tagged = sorted(image for image in images if _has_no_digest(image))
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        digests = zip(tagged, pool.map(source.digest, tagged), strict=True)
        return {image: f"{image}@{digest}" for image, digest in digests if is_digest(digest)}


def _has_no_digest(image: str) -> bool:
    try:
        return "@" not in reference.parse(image).name
    except ImageError:
        return False
