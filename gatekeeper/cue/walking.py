"""Every part of a part of a text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass


def walked(part: object) -> Iterator[object]:
    """A part and all that it holds, however deep."""
    waiting = [part]
    while waiting:
        each = waiting.pop()
        if isinstance(each, tuple):
            waiting += each
        elif is_dataclass(each) and not isinstance(each, type):
            yield each
            waiting += [getattr(each, field.name) for field in fields(each)]
