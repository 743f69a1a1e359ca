"""What may go wrong with the Kubernetes API.

ClusterError                root: one sentence that names the call
├── NoClusterError          there is no way to a cluster: no service account, no kubeconfig
├── ObjectAbsentError       no such object, or no such kind of objects
├── AccessDeniedError       we may not (401, 403): the administrator's
├── ConflictError           somebody else wrote it (409)
├── ObjectInvalidError      the API server, or a webhook, refuses what we wrote
└── ClusterUnavailableError no answer, or one that may be different in a moment (connection, timeout, 429, 5xx)
    └── VersionGoneError    what happened since a version is not known any more (410): list anew
"""

from __future__ import annotations


class ClusterError(Exception):
    """The API server did not do what we asked.

    Attributes:
        message: one sentence that names the call, without control characters and without secrets.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NoClusterError(ClusterError):
    """There is no way to a cluster: no service account, no kubeconfig, or one that cannot be used."""


class ObjectAbsentError(ClusterError):
    """There is no such object, or no such kind of objects."""


class AccessDeniedError(ClusterError):
    """We may not: 401 or 403."""


class ConflictError(ClusterError):
    """Somebody else wrote it: 409."""


class ObjectInvalidError(ClusterError):
    """The API server, or a webhook, refuses what we wrote."""


class ClusterUnavailableError(ClusterError):
    """No answer, or one that may be different in a moment: connection, timeout, 429, 5xx."""


class VersionGoneError(ClusterUnavailableError):
    """What happened since a version is not known any more: 410."""
