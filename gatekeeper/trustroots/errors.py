"""What may go wrong beside the API."""

from __future__ import annotations

from gatekeeper.cluster.errors import ClusterError


class ForeignConfigMapError(ClusterError):
    """A ConfigMap of the name that is needed is somebody else's."""


class NoRoomError(ClusterError):
    """There are more mirrors than states that are kept, or a state is larger than may be."""
