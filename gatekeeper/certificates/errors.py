"""What stands in the way of certificates beside the API server's refusals."""

from __future__ import annotations

from gatekeeper.cluster.errors import ClusterError


class ForeignObjectError(ClusterError):
    """An object of a name that we need belongs to somebody else; it is left as it is."""


class NoAuthorityError(ClusterError):
    """A Secret that somebody else writes does not hold what Gatekeeper could trust."""
