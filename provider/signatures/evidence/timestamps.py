"""RFC 3161 timestamps: a signature was there at a time, an authority says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from rfc3161_client import VerificationError, decode_timestamp_response
from rfc3161_client.verify import VerifierBuilder

from provider.signatures.rejection import RejectedError
from provider.signatures.trust.authority import Authority


def verify(response: bytes, message: bytes, authorities: Sequence[Authority]) -> dt.datetime:
    """The time of a timestamp over a message.

    Args:
        response: a TimeStampResp, DER (RFC 3161, section 2.4.2).
        message: the bytes of the signature that was stamped.
        authorities: any may have stamped it; the first certificate of each stamps, the last is its root.

    Raises:
        RejectedError: none of them has.
    """
    if not authorities:
        raise RejectedError("no TSA root certificate(s) provided to verify timestamp")
    try:
        decoded = decode_timestamp_response(response)
        moment = decoded.tst_info.gen_time
    except ValueError as error:
        raise RejectedError("the timestamp is no response of a timestamp authority") from error
    for authority in authorities:
        stamping, *others = authority.certificates
        if not others or not _valid(authority, moment):
            continue
        verifier = VerifierBuilder(tsa_certificate=stamping, intermediates=others[:-1], roots=others[-1:]).build()
        try:
            if verifier.verify_message(decoded, message):
                return moment
        except (VerificationError, ValueError):
            continue
    raise RejectedError("the timestamp is of no authority in the trust root, or of another signature")


def _valid(authority: Authority, moment: dt.datetime) -> bool:
    spans = [(one.not_valid_before_utc, one.not_valid_after_utc) for one in authority.certificates]
    return authority.validity.covers(moment) and all(start <= moment <= end for start, end in spans)
