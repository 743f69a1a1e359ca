"""Times as the Kubernetes API writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def micro_time(seconds: float) -> str:
    """A `MicroTime`, as Leases and Events have it: `2026-11-30T08:30:02.123456Z`.

    Args:
        seconds: since 1970.
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def whole_time(seconds: float) -> str:
    """A `Time`, as all else has it: `2026-11-30T08:30:02Z`, what is beyond the second cut off.

    Args:
        seconds: since 1970.
    """
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
