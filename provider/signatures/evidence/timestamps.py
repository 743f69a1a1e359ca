"""RFC 3161 timestamps: a signature was there at a time, an authority says.

Anybody can put any number of timestamps beside a signature, and verifying one costs a millisecond. So what a timestamp
says of itself is compared first, which costs a fiftieth of that, and only one that claims to be of an authority of the
trust root, over this signature, at a time at which the authority was believed, is verified.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.x509 import Name
from rfc3161_client import VerificationError, decode_timestamp_response
from rfc3161_client.tsp import PKIStatus, TimeStampResponse
from rfc3161_client.verify import VerifierBuilder

from provider import limits
from provider.signatures.alive import Alive, always
from provider.signatures.evidence.certificates import der
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

    def names(self, authority: CertificateAuthority) -> bool:
        """Whether it claims to be of an authority, at a time at which that was believed."""
        stamping = authority.certificates[0]
        return (
            self.serial_number == stamping.serial_number
            and self.issuer == stamping.issuer
            and (not self.embedded or der(stamping) in self.embedded)
            and _valid(authority, self.moment)
        )


def verify(
    response: bytes, message: bytes, authorities: Sequence[CertificateAuthority], alive: Alive = always
) -> dt.datetime:
    """The time of a timestamp over a message.

    Args:
        response: a TimeStampResp, DER (RFC 3161, section 2.4.2).
        message: the bytes of the signature that was stamped.
        authorities: any may have stamped it; the first certificate of each stamps, the last is its root.
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
        raise RejectionError("the timestamp is no response of a timestamp authority") from error
    for authority in authorities:
        stamping, *others = authority.certificates
        if claim is None or not others or not claim.names(authority):
            continue
        alive()
        verifier = VerifierBuilder(tsa_certificate=stamping, intermediates=others[:-1], roots=others[-1:]).build()
        try:
            if verifier.verify_message(decoded, message):
                return claim.moment
        except (VerificationError, ValueError):
            continue
    raise RejectionError("the timestamp is of no authority in the trust root, or of another signature")


def _claim(decoded: TimeStampResponse, message: bytes) -> _Claim | None:
    """What a timestamp says of itself; None where nobody's key could make it one over the message.

    Several signers are against RFC 3161, section 2.4.2, and each would be paid for.
    """
    if decoded.status != PKIStatus.GRANTED:
        return None
    info = decoded.tst_info
    imprint = info.message_imprint
    name = _HASHES.get(imprint.hash_algorithm.dotted_string)
    if name is None or imprint.message != hashlib.new(name, message).digest():
        return None
    signed = decoded.signed_data
    signers, embedded = signed.signer_infos, signed.certificates
    if len(signers) != 1 or len(embedded) > limits.CERTIFICATES:
        return None
    (signer,) = signers
    return _Claim(info.gen_time, signer.issuer, signer.serial_number, frozenset(embedded))


def _valid(authority: CertificateAuthority, moment: dt.datetime) -> bool:
    spans = [(one.not_valid_before_utc, one.not_valid_after_utc) for one in authority.certificates]
    return authority.validity.covers(moment) and all(start <= moment <= end for start, end in spans)
