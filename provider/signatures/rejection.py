"""Why one signature is not accepted."""

from __future__ import annotations


class RejectedError(Exception):
    """A signature that proves nothing; the message is the one that cosign has for it, where it has one."""
