"""The end of CustomResourceDefinitions: they go with all their objects, which takes a while.

What is applied before the end goes too: the API server takes the change of a definition that is on its way out.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from tests.e2e.rig.kubernetes import KubernetesClient
from tests.e2e.rig.processes import wait_until

_PATH: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_MERGE: Final = "application/merge-patch+json"
_SECONDS: Final = 45.0
# Rarer than the API server's own changes on the way, which a change in between would make fail.
_TOUCH_SECONDS: Final = 1.0


def take_away(client: KubernetesClient, *names: str) -> None:
    """Delete definitions, and wait until they are gone.

    Raises:
        RigError: one stays.
    """
    for each in names:
        client.request("DELETE", f"{_PATH}/{each}")
    wait(client, *names)


def wait(client: KubernetesClient, *names: str) -> None:
    """Wait until definitions that somebody deleted are gone.

    Raises:
        RigError: one stays.
    """
    touched = time.monotonic()

    def are_gone() -> bool:
        nonlocal touched
        left = [each for each in names if client.request("GET", f"{_PATH}/{each}").ok]
        if left and time.monotonic() - touched > _TOUCH_SECONDS:
            touched = time.monotonic()
            _touch(client, left)
        return not left

    wait_until(are_gone, f"end of {', '.join(names)}", _SECONDS)


def _touch(client: KubernetesClient, names: Sequence[str]) -> None:
    """Where a storage was not ready, the API server tries again later each time; a change makes it look now."""
    for each in names:
        change = {"metadata": {"annotations": {"looked-at": str(time.monotonic_ns())}}}
        client.request("PATCH", f"{_PATH}/{each}", change, content_type=_MERGE)
