"""RFC 3161 timestamps: a signature was there at a time, an authority says.

Anybody can put any number of timestamps beside a signature, and verifying one costs a millisecond. So what a timestamp
says of itself is compared first, which costs a fiftieth of that, and only one that claims to be of an authority of the
trust root, over this signature, at a time at which the authority was believed, is verified.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from cryptography.x509 import Certificate, Name
from rfc3161_client import VerificationError, decode_timestamp_response
from rfc3161_client.tsp import PKIStatus, TimeStampResponse
from rfc3161_client.verify import VerifierBuilder

from provider import limits
from provider.signatures.alive import Alive, always
from provider.signatures.evidence.certificates import der, load_der
from provider.signatures.evidence.paths import Path, to_stamper
from provider.signatures.rejection import RejectionError
from provider.signatures.trust.authority import CertificateAuthority

_HASHES: Final[Mapping[str, str]] = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
# The last two are what names with texts of unknown types end in.
_UNREADABLE: Final = (ValueError, KeyError, TypeError)


@dataclass(frozen=True)
class _Claim:
    """What a timestamp says of itself.

    Attributes:
        moment: when it was made.
        issuer: of the certificate of the authority that made it.
        serial_number: of that certificate.
        embedded: certificates that came along, DER.
    """

    moment: dt.datetime
    issuer: Name
    serial_number: int
    embedded: frozenset[bytes]

    def is_by(self, certificate: Certificate) -> bool:
        """Whether it claims to be by this certificate."""
        named = self.serial_number == certificate.serial_number and self.issuer == certificate.issuer
        return named and (not self.embedded or der(certificate) in self.embedded)

    def certificates(self) -> Sequence[Certificate]:
        """Those that came along, as far as they can be read."""
        found = []
        for raw in sorted(self.embedded):
            with suppress(RejectionError):
                found.append(load_der(raw))
        return found


def verify(
    response: bytes, message: bytes, authorities: Sequence[CertificateAuthority], alive: Alive = always
) -> dt.datetime:
    """The time of a timestamp over a message.

    Args:
        response: a TimeStampResp, DER (RFC 3161, section 2.4.2).
        message: the bytes of the signature that was stamped.
        authorities: any may have stamped it.
        alive: asked before anything dear.

    Raises:
        RejectionError: none of them has.
    """
    if not authorities:
        raise RejectionError("no TSA root certificate(s) provided to verify timestamp")
    if len(response) > limits.TIMESTAMP_BYTES:
        raise RejectionError(f"the timestamp is longer than {limits.TIMESTAMP_BYTES} bytes")
    try:
        decoded = decode_timestamp_response(response)
        claim = _claim(decoded, message)
    except _UNREADABLE as error:
        raise RejectionError("the timestamp is no response of a timestamp authority, or is not DER") from error
    problem = "the timestamp is of no authority in the trust root"
    for authority in authorities:
        try:
            _verify(decoded, message, claim, authority, alive)
        except _StrangerError:
            continue
        except RejectionError as error:
            problem = str(error)
            continue
        return claim.moment
    raise RejectionError(problem)


class _StrangerError(Exception):
    """It does not claim to be of this authority."""


def _verify(
    decoded: TimeStampResponse, message: bytes, claim: _Claim, authority: CertificateAuthority, alive: Alive
) -> None:
    """It is by this authority, at a time at which that was believed."""
    leaf, *others = authority.certificates
    if authority.leaf is None:
        path = _path(claim, authority, alive)
    elif others and claim.is_by(leaf):
        path = Path(leaf, others, authority)
    else:
        raise _StrangerError
    if not path.holds(claim.moment):
        raise RejectionError("the timestamp is of a time at which its authority was not valid")
    alive()
    *between, root = path.above
    try:
        VerifierBuilder(tsa_certificate=path.leaf, intermediates=between, roots=[root]).build().verify_message(
            decoded, message
        )
    except (VerificationError, ValueError) as error:
        raise RejectionError("the timestamp is not signed by its authority") from error


def _path(claim: _Claim, authority: CertificateAuthority, alive: Alive) -> Path:
    """To an authority that leaves it to timestamps to bring the certificate that stamps.

    The one that the timestamp names as its signer, and no other that came along.
    """
    if not authority.validity.covers(claim.moment):
        # Nobody knows whether it is of this one; it does not matter.
        raise _StrangerError
    found = claim.certificates()
    for leaf in filter(claim.is_by, found):
        alive()
        path = to_stamper(leaf, authority, claim.moment, found)
        if path is not None:
            return path
    raise _StrangerError


def _claim(decoded: TimeStampResponse, message: bytes) -> _Claim:
    """What a timestamp says of itself.

    Raises:
        RejectionError: nobody's key could make it one over the message. Several signers are against RFC 3161, section
            2.4.2, and each would be paid for.
    """
    if decoded.status != PKIStatus.GRANTED:
        raise RejectionError("the timestamp was not granted")
    info = decoded.tst_info
    imprint = info.message_imprint
    name = _HASHES.get(imprint.hash_algorithm.dotted_string)
    if name is None:
        raise RejectionError("the timestamp is over a hash that is not supported")
    if imprint.message != hashlib.new(name, message).digest():
        raise RejectionError("the timestamp is of another signature")
    signed = decoded.signed_data
    signers, embedded = signed.signer_infos, signed.certificates
    if len(signers) != 1:
        raise RejectionError(f"the timestamp has {len(signers)} signers; it must have one")
    if len(embedded) > limits.CERTIFICATES:
        raise RejectionError(f"the timestamp brings more than {limits.CERTIFICATES} certificates")
    (signer,) = signers
    return _Claim(info.gen_time, signer.issuer, signer.serial_number, frozenset(embedded))
