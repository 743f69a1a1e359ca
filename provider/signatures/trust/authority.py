"""Who certifies signers, or stamps signatures, and when they may be believed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509


@dataclass(frozen=True)
class Validity:
    """A span of time; None is open."""

    start: dt.datetime | None = None
    end: dt.datetime | None = None

    def covers(self, moment: dt.datetime) -> bool:
        """Whether a moment lies in it, its ends included."""
        return (self.start is None or self.start <= moment) and (self.end is None or moment <= self.end)


ALWAYS: Final = Validity()


@dataclass(frozen=True)
class Authority:
    """A certificate authority, or a timestamp authority.

    Attributes:
        certificates: from the one that signs to the root.
        validity: when it may be believed.
    """

    certificates: Sequence[x509.Certificate]
    validity: Validity = ALWAYS
