"""The certificate that is served at a Provider's address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gatekeeper.doctor.reading import Reading


@dataclass(frozen=True)
class ServedCertificate:
    """What a TLS connection showed.

    Attributes:
        problem: why the Provider's authorities do not vouch for it; empty where they do.
        issuer: who issued it.
        expires: when it ends, seconds since 1970; 0 where that could not be read.
        asks_back: whether the server wants a certificate of its client; None where that was not seen.
    """

    problem: str
    issuer: str
    expires: float
    asks_back: bool | None


class TlsPort(Protocol):
    """Looks at what is served over TLS."""

    def look(self, host: str, port: int, authorities: bytes) -> Reading[ServedCertificate]:
        """The certificate that is served at an address; nothing is asked."""
