"""A certificate with its private key: what the provider shows to Gatekeeper, or a client to the provider."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import ExtendedKeyUsageOID

from gatekeeper.certificates import pem
from gatekeeper.certificates.pem import PrivateKey


class Purpose(StrEnum):
    """What a certificate is for."""

    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True)
class LeafPair:
    """A certificate and its key.

    Attributes:
        certificate: it.
        key: its private key; never shown.
    """

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)

    @classmethod
    def of(cls, certificate: bytes, key: bytes) -> LeafPair | None:
        """From PEM; None where they are no certificate with its key."""
        found, secret = pem.certificates(certificate), pem.private_key(key)
        if not found or secret is None or found[0].public_key() != secret.public_key():
            return None
        return cls(found[0], secret)

    @property
    def ends(self) -> float:
        """Seconds since 1970."""
        return self.certificate.not_valid_after_utc.timestamp()

    @property
    def hosts(self) -> frozenset[str]:
        """The names and addresses that it is for."""
        try:
            names = self.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
            return frozenset()
        addresses = (str(each) for each in names.get_values_for_type(x509.IPAddress))
        return frozenset([*names.get_values_for_type(x509.DNSName), *addresses])


def hosts_of(host: str) -> tuple[str, ...]:
    """The names of a server that is reached as `NAME.NAMESPACE.svc`, or as another name or address."""
    return (host, f"{host}.cluster.local") if host.endswith(".svc") else (host,)


def subject_names(hosts: Iterable[str]) -> x509.SubjectAlternativeName:
    """Names and addresses, as a certificate has them."""
    return x509.SubjectAlternativeName([_general_name(host) for host in hosts])


def usage_of(purpose: Purpose) -> x509.ExtendedKeyUsage:
    """What a certificate may be used for."""
    used = {Purpose.SERVER: ExtendedKeyUsageOID.SERVER_AUTH, Purpose.CLIENT: ExtendedKeyUsageOID.CLIENT_AUTH}
    return x509.ExtendedKeyUsage([used[purpose]])


def issued_by(certificate: x509.Certificate, authorities: Sequence[x509.Certificate]) -> x509.Certificate | None:
    """Which of the authorities issued a certificate; None where none did."""
    return next((each for each in authorities if _vouches(each, certificate)), None)


def _vouches(authority: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
