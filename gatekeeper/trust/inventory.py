"""Whom a trust root believes: a row for each authority and log, as people compare them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes

from provider.signatures.trust.authority import CertificateAuthority, Validity
from provider.signatures.trust.transparency_log import TransparencyLog
from provider.signatures.trust.trust_root import TrustRoot


@dataclass(frozen=True)
class ListedKey:
    """Somebody who is believed.

    Attributes:
        role: what for.
        name: subject of an authority's own certificate, or the address of a log.
        fingerprint: SHA-256, hexadecimal: of a log's public key, of the last certificate of an authority.
        start: from when on; None for always.
        end: until when, the first of its certificates' ends among it; None for ever.
    """

    role: str
    name: str
    fingerprint: str
    start: dt.datetime | None
    end: dt.datetime | None


def keys(root: TrustRoot) -> Iterator[ListedKey]:
    """Everybody whom a trust root believes."""
    for authority in root.authorities:
        yield _authority("certificate authority", authority)
    for authority in root.timestamp_authorities:
        yield _authority("timestamp authority", authority)
    for log in root.logs:
        yield _log("log", log)
    for log in root.ct_logs:
        yield _log("certificate log", log)


def _authority(role: str, found: CertificateAuthority) -> ListedKey:
    first, last = found.certificates[0], found.certificates[-1]
    ends = [each.not_valid_after_utc for each in found.certificates]
    ends += [found.validity.end] if found.validity.end else []
    name, fingerprint = first.subject.rfc4514_string(), last.fingerprint(hashes.SHA256()).hex()
    return ListedKey(role, name, fingerprint, found.validity.start, min(ends))


def _log(role: str, found: TransparencyLog) -> ListedKey:
    span: Validity = found.validity
    return ListedKey(role, found.url, found.key.fingerprint, span.start, span.end)
