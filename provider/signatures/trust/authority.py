"""Who certifies signers, or stamps signatures, and when they may be believed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from cryptography import x509
from OpenSSL import crypto


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
class CertificateAuthority:
    """A certificate authority, or a timestamp authority.

    Attributes:
        certificates: from the one that signs to the root.
        validity: when it may be believed.
    """

    certificates: Sequence[x509.Certificate]
    validity: Validity = ALWAYS

    @cached_property
    def converted(self) -> Sequence[crypto.X509]:
        """The certificates as `OpenSSL` has them; made once, because it takes as long as a signature."""
        return tuple(crypto.X509.from_cryptography(one) for one in self.certificates)
