"""Why one signature is not accepted, and at which step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class RejectedError(Exception):
    """A signature that proves nothing; the message is the one that cosign has for it, where it has one.

    Attributes:
        step: of the order in `simple_signing` or `bundle`; 0 where it belongs to none.
    """

    step: int = 0


@contextmanager
def step(number: int) -> Iterator[None]:
    """A step of the order of verification: what is rejected in it is rejected at it."""
    try:
        yield
    except RejectedError as error:
        error.step = number
        raise
