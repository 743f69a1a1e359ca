"""What the provider tells whoever watches it: metrics and logs are hung on here.

Every report is a call that returns at once and never raises. `NullObserver` does nothing, so that an observer derived
from it states only what it cares for. Labels are bounded: hosts of registries are folded by the observer, never by
the reporter.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol


class Operation(StrEnum):
    """What a registry was asked for."""

    TOKEN = "token"  # noqa: S105 - the name of an operation
    RESOLVE = "resolve"
    MANIFEST = "manifest"
    BLOB = "blob"
    REFERRERS = "referrers"


class ThrottleCause(StrEnum):
    """Why a request was held back."""

    STATUS = "status"
    RETRY_AFTER = "retry_after"
    LOCAL_LIMIT = "local_limit"
    UNREACHABLE = "unreachable"


class Observer(Protocol):
    """Receives reports."""

    def registry_request(self, registry: str, operation: Operation, code: str, seconds: float) -> None:
        """One round trip.

        Args:
            registry: host[:port] that was asked, as in the reference (`index.docker.io`).
            operation: what for.
            code: HTTP status as text (`200`), or `timeout`, `connection`, `tls`, `refused`.
            seconds: from the first byte sent to the last byte read.
        """

    def cache_lookup(self, layer: str, what: str, result: str) -> None:
        """One look-up.

        Args:
            layer: `memory`, or `inflight` for work shared with another caller.
            what: `tag`, `manifest`, `config`, `token`.
            result: `hit` or `miss`.
        """

    def registry_throttled(self, registry: str, cause: ThrottleCause) -> None:
        """A registry held us back, or we held ourselves back."""

    def registry_retried(self, registry: str) -> None:
        """A request was sent again, to another address of the registry."""

    def registry_ca_rejected(self, problem: str) -> None:
        """The replaced file of authorities for registries cannot be used; the old one stays in force."""

    def round_trips(self, count: int) -> None:
        """One question is done; `count` sequential registry requests were on its longest path (0: from memory)."""


class NullObserver:
    """Watches nothing; the observer to derive from when only some reports matter."""

    def registry_request(self, registry: str, operation: Operation, code: str, seconds: float) -> None:
        """See `Observer`."""

    def cache_lookup(self, layer: str, what: str, result: str) -> None:
        """See `Observer`."""

    def registry_throttled(self, registry: str, cause: ThrottleCause) -> None:
        """See `Observer`."""

    def registry_retried(self, registry: str) -> None:
        """See `Observer`."""

    def registry_ca_rejected(self, problem: str) -> None:
        """See `Observer`."""

    def round_trips(self, count: int) -> None:
        """See `Observer`."""
