"""What a request is for: Gatekeeper sends keys and nothing else, so the path says it."""

from __future__ import annotations

from enum import StrEnum


class Endpoint(StrEnum):
    """The paths."""

    VALIDATE = "validate"
    """Admission: a person waits."""
    AUDIT = "audit"
    """Audit: nobody waits."""
    MUTATE = "mutate"
    """Tag to digest."""
    PRESENCE = "presence"
    """Is what runs still in its registry? Nobody waits; the controller asks, never Gatekeeper."""
