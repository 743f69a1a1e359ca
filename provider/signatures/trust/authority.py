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
        certificates: from the one that signs to the one that is trusted, as a rule a root. A timestamp authority's
            first one may be the certificate that stamps.
        validity: when it may be believed.
    """

    certificates: Sequence[x509.Certificate]
    validity: Validity = ALWAYS

    @property
    def leaf(self) -> x509.Certificate | None:
        """The certificate that stamps; None for an authority that names none, and for one that certifies signers."""
        first = self.certificates[0]
        return None if certifies(first) else first

    @cached_property
    def trusted(self) -> Sequence[x509.Certificate]:
        """Where paths may end: the last one, whoever issued it, and any that issued itself."""
        *others, last = self.certificates
        return (*(one for one in others if one.subject == one.issuer), last)

    @cached_property
    def between(self) -> Sequence[x509.Certificate]:
        """What paths may go through."""
        return tuple(one for one in self.certificates if one not in self.trusted and one is not self.leaf)

    @cached_property
    def converted(self) -> tuple[Sequence[crypto.X509], Sequence[crypto.X509]]:
        """Where paths may end, and what they may go through, as `OpenSSL` has them.

        Made once, because it takes as long as a signature.
        """
        trusted, between = (
            tuple(crypto.X509.from_cryptography(one) for one in each) for each in (self.trusted, self.between)
        )
        return trusted, between


def certifies(certificate: x509.Certificate) -> bool:
    """Whether a certificate is an authority's (RFC 5280, section 4.2.1.9)."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
