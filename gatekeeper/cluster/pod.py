"""What a Pod says of itself: whether it is ready or over, and where it listens."""

from __future__ import annotations

from typing import Final

from gatekeeper.cluster.api import Object
from gatekeeper.documents import fields

_OVER: Final = frozenset({"Succeeded", "Failed"})


def is_ready(pod: Object) -> bool:
    """Whether it is ready and not on its way out."""
    conditions = fields.rows(pod, "status", "conditions")
    ready = any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)
    return ready and not fields.text(pod, "metadata", "deletionTimestamp")


def is_over(pod: Object) -> bool:
    """Whether it runs no more, although it is still there."""
    return fields.text(pod, "status", "phase") in _OVER


def port_address(pod: Object, port: str, default: int) -> tuple[str, int]:
    """Where it listens; an empty host where it has no address yet.

    Args:
        pod: the object.
        port: the name of one of its containers' ports.
        default: the number where no port has that name.
    """
    numbers = (
        fields.number(each, "containerPort")
        for container in fields.rows(pod, "spec", "containers")
        for each in fields.rows(container, "ports")
        if fields.text(each, "name") == port
    )
    return fields.text(pod, "status", "podIP"), next(numbers, default)
