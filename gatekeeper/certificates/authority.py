"""A certificate authority of the provider's own, which certifies nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gatekeeper.certificates import leaf, limits, pem
from gatekeeper.certificates.leaf import LeafPair, Purpose
from gatekeeper.certificates.pem import PrivateKey


@dataclass(frozen=True)
class OwnAuthority:
    """A certificate that vouches for others, and its key.

    Attributes:
        certificate: it.
        key: its private key; never shown.
    """

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)

    @classmethod
    def of(cls, certificates: Sequence[x509.Certificate], key: bytes) -> OwnAuthority | None:
        """The one of these authorities whose key this is; None where it is the key of none."""
        secret = pem.private_key(key)
        if secret is None:
            return None
        return next((cls(each, secret) for each in certificates if each.public_key() == secret.public_key()), None)

    @classmethod
    def new(cls, now: float, days: int = limits.AUTHORITY_DAYS) -> OwnAuthority:
        """A new one.

        Args:
            now: seconds since 1970.
            days: how long it is valid.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        # A name of its own: where old and new stand side by side, nobody takes one for the other.
        name = _name(f"bestbefore authority {identifier.digest.hex()[:12]}")
        begins = now - limits.BACKDATE_SECONDS
        certificate = (
            _builder(name, name, key, begins, now + days * limits.DAY_SECONDS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(identifier, critical=False)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key)

    @property
    def begins(self) -> float:
        """Seconds since 1970."""
        return self.certificate.not_valid_before_utc.timestamp()

    @property
    def ends(self) -> float:
        """Seconds since 1970."""
        return self.certificate.not_valid_after_utc.timestamp()

    def issue(self, purpose: Purpose, hosts: Sequence[str], now: float, days: int = limits.LEAF_DAYS) -> LeafPair:
        """A certificate with a key of its own. It begins when its authority does.

        So it is valid at once, whoever's clock is right: ours may be far ahead of that of Gatekeeper.

        Args:
            purpose: what it is for.
            hosts: names and addresses of a server; none of a client.
            now: seconds since 1970.
            days: how long it is valid.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            # Clients read the alternative names only; a common name could be too long for the host.
            _builder(
                _name(f"bestbefore {purpose.value}"),
                self.certificate.subject,
                key,
                self.begins,
                now + days * limits.DAY_SECONDS,
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(leaf.usage_of(purpose), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if hosts:
            builder = builder.add_extension(leaf.subject_names(hosts), critical=False)
        return LeafPair(builder.sign(self.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, begins: float, ends: float
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(begins, UTC).replace(microsecond=0))
        .not_valid_after(datetime.fromtimestamp(ends, UTC).replace(microsecond=0))
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
