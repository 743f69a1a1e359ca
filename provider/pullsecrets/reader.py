"""Reading single objects of the cluster: the boundary towards the Kubernetes API.

`ApiReader` asks the API server; tests have one in memory.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class ClusterResource(StrEnum):
    """What is read, by its name in the API."""

    SECRET = "secrets"  # noqa: S105 - no secret
    SERVICE_ACCOUNT = "serviceaccounts"


class ReadFault(StrEnum):
    """Why an object cannot be read."""

    MISSING = "missing"
    """There is none of this name."""
    FORBIDDEN = "forbidden"
    """Our service account may not."""
    UNKNOWN_TO_IT = "unauthorized"
    """The API server does not know our token."""
    UNAVAILABLE = "unavailable"
    """No answer, or none that is one."""
    TOO_LARGE = "too large"
    """It has more than `CLUSTER_OBJECT_BYTES`."""
    INVALID = "invalid"
    """It was read, and is nothing that can be used."""


class ReadError(Exception):
    """An object cannot be read.

    Attributes:
        cause: why.
    """

    def __init__(self, cause: ReadFault) -> None:
        super().__init__(cause.value)
        self.cause = cause


class ClusterReader(Protocol):
    """Reads objects of the cluster; for one event loop."""

    async def read(self, resource: ClusterResource, namespace: str, name: str) -> bytes:
        """One object, as JSON.

        Args:
            resource: what it is.
            namespace: where it is.
            name: its name, fit to stand in a path.

        Raises:
            ReadError: it cannot be read.
        """
        ...


class RightsReader(Protocol):
    """Asks the cluster what we may; for one event loop."""

    async def readable(self, namespace: str) -> frozenset[ClusterResource] | None:
        """What may be read in a namespace, all of it or some by name; None where the cluster cannot say.

        Raises:
            ReadError: there is no answer.
        """
        ...
