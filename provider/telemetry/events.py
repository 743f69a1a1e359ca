"""Everything that the provider logs: `noun.verb`, one closed list."""

from __future__ import annotations

from enum import StrEnum


class Event(StrEnum):
    """Everything that the provider logs. Fields of a listed event change only with a major version."""

    AUTHORITIES_REJECTED = "authorities.rejected"
    CERTIFICATE_LOADED = "certificate.loaded"
    CERTIFICATE_REJECTED = "certificate.rejected"
    CERTIFICATE_RELOADED = "certificate.reloaded"
    CLOUD_ANSWERED = "cloud.answered"
    CLOUD_FAILED = "cloud.failed"
    PULL_SECRET_SKIPPED = "pull_secret.skipped"  # noqa: S105 - the name of an event
    CONFIG_LOADED = "config.loaded"
    ENTRY_REJECTED = "entry.rejected"
    ENTRY_SKIPPED = "entry.skipped"
    FILE_LOADED = "file.loaded"
    FILE_REJECTED = "file.rejected"
    HANDSHAKE_FAILED = "handshake.failed"
    KEY_ANSWERED = "key.answered"
    KEY_FAILED = "key.failed"
    LINE_WRITTEN = "line.written"
    LOOP_ENDED = "loop.ended"
    LOOP_FAILED = "loop.failed"
    REGISTRY_THROTTLED = "registry.throttled"
    REQUEST_ANSWERED = "request.answered"
    REQUEST_FAILED = "request.failed"
    REQUEST_REFUSED = "request.refused"
    SERVER_DRAINING = "server.draining"
    SERVER_STARTED = "server.started"
    SERVER_STOPPED = "server.stopped"
    STEP_TAKEN = "step.taken"
    STORE_FAILED = "store.failed"
    STORE_RECOVERED = "store.recovered"
    WRITE_REFUSED = "write.refused"
