"""Paths from a certificate to an authority (RFC 5280, section 6).

The search is OpenSSL's. `cryptography`'s own one is for the web: also with extension policies of ours it refuses what
Go, and so Fulcio's users, take: authorities with Ed25519 keys, names under constraints on URIs, times before 2050 in
their longer form (`test_paths.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL import crypto

from provider.signatures.alive import Alive, always
from provider.signatures.rejection import RejectionError
from provider.signatures.trust.authority import CertificateAuthority

_TIMES: Final = frozenset({9, 10})
"""OpenSSL's numbers for certificates that are not yet, or no longer, valid."""
# In place of upstream's, which is for its own command line and has no effect here.
_ADVICE: Final = (
    "The policy's trust root is another one than the signer's: name the signer's in `trustRootRef`, and its file in "
    "the provider's setting `trust_root`"
)
_UNKNOWN: Final = f"certificate signed by unknown authority. {_ADVICE}"
_EXPIRED: Final = "certificate has expired or is not yet valid"
_USAGE: Final = "certificate specifies an incompatible key usage"
_ANY: Final = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE


@dataclass(frozen=True)
class Path:
    """The way from a certificate to an authority.

    Attributes:
        leaf: the certificate.
        above: those above it, the one that is trusted last.
        authority: whose that is.
    """

    leaf: x509.Certificate
    above: Sequence[x509.Certificate]
    authority: CertificateAuthority

    def holds(self, moment: dt.datetime) -> bool:
        """Whether it is a path at another moment as well: only times have a say in that.

        A certificate's last second is left to OpenSSL, whose releases differ in it.
        """
        return self.authority.validity.covers(moment) and _valid((self.leaf, *self.above), moment)


def to_signer(
    certificate: x509.Certificate,
    authorities: Sequence[CertificateAuthority],
    moment: dt.datetime,
    alive: Alive = always,
    others: Iterable[x509.Certificate] = (),
) -> Path:
    """The path from a signer's certificate to one of the authorities.

    Args:
        certificate: the leaf.
        authorities: any may have issued it; their certificates are never mixed.
        moment: when all must be valid.
        alive: asked before each authority.
        others: that came with the signature. They are nobody's word, and no path ends in one. As upstream has it they
            count only where no authority names certificates between its own and the one that is trusted.

    Raises:
        RejectionError: there is no path.
    """
    between = () if any(authority.between for authority in authorities) else tuple(others)
    problem = ""
    for authority in authorities:
        if not authority.validity.covers(moment):
            problem = problem or _EXPIRED
            continue
        alive()
        try:
            above = _above(certificate, authority, moment, between)
        except crypto.X509StoreContextError as error:
            problem = problem or (_EXPIRED if error.errors and error.errors[0] in _TIMES else "")
            continue
        if all(_allows(one, ExtendedKeyUsageOID.CODE_SIGNING) for one in above):
            return Path(certificate, above, authority)
        problem = problem or _USAGE
    raise RejectionError(f"cert verification failed: x509: {problem or _UNKNOWN}")


def to_stamper(
    certificate: x509.Certificate,
    authority: CertificateAuthority,
    moment: dt.datetime,
    others: Iterable[x509.Certificate] = (),
) -> Path | None:
    """The path from a certificate that stamps to a timestamp authority that does not name it; None without one.

    Args:
        certificate: for time stamping, and critically so (RFC 3161, section 2.3).
        authority: whose root it must lead to.
        moment: when all must be valid.
        others: as for signers.
    """
    others = () if authority.between else tuple(others)
    try:
        above = _above(certificate, authority, moment, others)
    except crypto.X509StoreContextError:
        return None
    if not _stamps(certificate) or not all(_allows(one, ExtendedKeyUsageOID.TIME_STAMPING) for one in above):
        return None
    return Path(certificate, above, authority)


def _above(
    leaf: x509.Certificate,
    authority: CertificateAuthority,
    moment: dt.datetime,
    others: Sequence[x509.Certificate],
) -> Sequence[x509.Certificate]:
    """The certificates above one, the trusted one last.

    Raises:
        X509StoreContextError: there are none.
        RejectionError: OpenSSL cannot read one, which looks at some parts of it earlier.
    """
    trusted, between = authority.converted
    store = crypto.X509Store()
    store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
    for one in trusted:
        store.add_cert(one)
    store.set_time(moment.astimezone(dt.UTC).replace(tzinfo=None))
    context = crypto.X509StoreContext(store, _converted(leaf), [*between, *map(_converted, others)])
    found = [one.to_cryptography() for one in context.get_verified_chain()][1:]
    if not found:
        # It is the trusted one itself, and no authority.
        raise crypto.X509StoreContextError("no authority", [], context.get_verified_chain()[0])
    return found


def _converted(certificate: x509.Certificate) -> crypto.X509:
    try:
        return crypto.X509.from_cryptography(certificate)
    except crypto.Error as error:
        raise RejectionError("invalid certificate found on signature: it cannot be read") from error


def _valid(certificates: Iterable[x509.Certificate], moment: dt.datetime) -> bool:
    return all(one.not_valid_before_utc <= moment < one.not_valid_after_utc for one in certificates)


def _allows(certificate: x509.Certificate, usage: x509.ObjectIdentifier) -> bool:
    """An authority limited to other usages certifies none (RFC 5280, section 4.2.1.12, as Go reads it)."""
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage in usages or _ANY in usages


def _stamps(certificate: x509.Certificate) -> bool:
    """Whether it says critically that it is for time stamping (RFC 3161, section 2.3)."""
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    return usages.critical and ExtendedKeyUsageOID.TIME_STAMPING in usages.value
