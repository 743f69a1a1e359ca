"""How long admissions take."""

from __future__ import annotations

from collections.abc import Iterable

from tests.e2e.rig import objects
from tests.e2e.rig.kubernetes import KubernetesClient


def milliseconds(client: KubernetesClient, space: str, images: Iterable[str]) -> list[float]:
    """Times of dry runs, a Pod for each image; all must be admitted."""
    answers = [client.create(objects.pod(space, image), dry_run=True) for image in images]
    assert {answer.status for answer in answers} == {201}
    return [answer.seconds * 1000 for answer in answers]
