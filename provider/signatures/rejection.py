"""Why one signature is not accepted, and at which step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class RejectionError(Exception):
    """A signature that proves nothing; the message is the one that cosign has for it, where it has one.

    Attributes:
        step: of the order in `simple_signing` or `bundle`; 0 where it belongs to none.
        lasting: whether only what was signed, the digest and what is demanded (`Demands.revision`) had a say, so that
            it will be rejected again whenever it is looked at; False where the time of day had one, or the registry.
        hint: what a person should know beside the message; empty for nothing.
    """

    def __init__(self, message: str, *, lasting: bool = True, hint: str = "") -> None:
        super().__init__(message)
        self.lasting = lasting
        self.hint = hint
        self.step = 0


@contextmanager
def step(number: int) -> Iterator[None]:
    """A step of the order of verification: what is rejected in it is rejected at it."""
    try:
        yield
    except RejectionError as error:
        error.step = number
        raise
