"""Paths from a certificate to an authority (RFC 5280, section 6).

The search is `cryptography`'s. Its own rules for extensions are those of the web and refuse what Fulcio issues, so the
rules here are the RFC's: who certifies is an authority and may sign certificates; an extension that is critical and
that nobody knows ends the path. Name constraints are the library's: those on URIs are not known to it, and let no URI
pass. Authorities sign by RSA or ECDSA; it knows no others.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    VerificationError,
)

from provider.signatures.alive import Alive, always
from provider.signatures.rejection import RejectionError
from provider.signatures.trust.authority import CertificateAuthority

_UNREADABLE: Final = (
    *(ValueError, KeyError, TypeError),
    *(x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType),
)
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
        """Whether it is a path at another moment as well: only times have a say in that."""
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
        above = _above(certificate, authority, moment, between, _SIGNERS)
        if above is None:
            problem = problem or (_EXPIRED if _is_about_time(certificate, authority, moment) else "")
        elif not all(_allows(one, ExtendedKeyUsageOID.CODE_SIGNING) for one in above):
            problem = problem or _USAGE
        else:
            return Path(certificate, above, authority)
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
    above = _above(certificate, authority, moment, () if authority.between else tuple(others), _STAMPERS)
    if above is None or not all(_allows(one, ExtendedKeyUsageOID.TIME_STAMPING) for one in above):
        return None
    return Path(certificate, above, authority)


def _above(
    leaf: x509.Certificate,
    authority: CertificateAuthority,
    moment: dt.datetime,
    others: Sequence[x509.Certificate],
    leaves: ExtensionPolicy,
) -> Sequence[x509.Certificate] | None:
    policy = PolicyBuilder().store(authority.store).time(moment.astimezone(dt.UTC))
    verifier = policy.extension_policies(ca_policy=_AUTHORITIES, ee_policy=leaves).build_client_verifier()
    try:
        return verifier.verify(leaf, [*authority.between, *others]).chain[1:]
    except (VerificationError, *_UNREADABLE):
        return None


def _is_about_time(leaf: x509.Certificate, authority: CertificateAuthority, moment: dt.datetime) -> bool:
    """Whether the authority has the issuer's name, and something was not valid."""
    issued = any(one.subject == leaf.issuer for one in authority.certificates)
    return issued and not _valid((leaf, *authority.certificates), moment)


def _valid(certificates: Iterable[x509.Certificate], moment: dt.datetime) -> bool:
    return all(one.not_valid_before_utc <= moment <= one.not_valid_after_utc for one in certificates)


def _allows(certificate: x509.Certificate, usage: x509.ObjectIdentifier) -> bool:
    """An authority limited to other usages certifies none (RFC 5280, section 4.2.1.12, as Go reads it)."""
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage in usages or _ANY in usages


def _certifies(_: Policy, __: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("no certificate authority")


def _may_certify(_: Policy, __: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("not for signing certificates")


def _stamps(_: Policy, __: x509.Certificate, usages: x509.ExtendedKeyUsage) -> None:
    if ExtendedKeyUsageOID.TIME_STAMPING not in usages:
        raise ValueError("not for time stamping")


_AUTHORITIES: Final = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _certifies)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_certify)
)
_SIGNERS: Final = ExtensionPolicy.permit_all()
_STAMPERS: Final = ExtensionPolicy.permit_all().require_present(x509.ExtendedKeyUsage, Criticality.CRITICAL, _stamps)
