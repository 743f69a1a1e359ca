"""Transparency logs: a signature was published, its log says.

An entry names its log by id; only the key of that log in the trust root counts, at a time at which it may be believed.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from provider import limits
from provider.foreign_text import shown
from provider.golang.structs import Field, Integer, Struct, Text
from provider.signatures.encoding import from_base64, from_json, strict_object
from provider.signatures.evidence.entry_body import TIMED, SignatureMaterial, same_pem, verify_body
from provider.signatures.evidence.log_entry import InclusionProof, LogEntry
from provider.signatures.evidence.logged_envelope import LoggedEnvelope
from provider.signatures.rejection import RejectionError
from provider.signatures.trust.transparency_log import TransparencyLog

_PAYLOAD: Final = Struct(
    "bundle.RekorPayload",
    (
        Field("body", Text()),
        Field("integratedTime", Integer("int64")),
        Field("logIndex", Integer("int64")),
        Field("logID", Text()),
    ),
)
_BUNDLE: Final = Struct("bundle.RekorBundle", (Field("SignedEntryTimestamp", Text()), Field("Payload", _PAYLOAD)))
_KIND: Final = ("hashedrekord", "0.0.1")
_SHOWN: Final = 2000
_LARGEST: Final = 2**53


@dataclass(frozen=True)
class LoggedSignature:
    """What a log entry must be about.

    Attributes:
        signature: base64, as the signature's annotation has it.
        payload: what was signed.
        signer: PEM of the certificate, or else of the public key.
    """

    signature: str
    payload: bytes
    signer: bytes


def verify_promise(text: str, logged: LoggedSignature | LoggedEnvelope, logs: Iterable[TransparencyLog]) -> dt.datetime:
    """The time in a log's promise to include an entry (Rekor's signed entry timestamp), of a legacy signature.

    1. The entry is about this signature or envelope, this signer and this payload (cosign, `VerifyBundle`).
    2. Its log is one of the trust root's, believed at the entry's time.
    3. The promise is that log's signature over the entry (Rekor, `SignedEntryTimestamp`; RFC 8785).

    Raises:
        RejectionError: any of it does not hold.
    """
    bundle = _read(text)
    payload = bundle["Payload"]
    # 1.
    body = from_base64(payload["body"])
    if isinstance(logged, LoggedEnvelope):
        logged.verify(body)
    else:
        _verify_entry(_hashed_rekord(body), logged)
    # 2.
    moment = _moment(payload["integratedTime"])
    log = find(payload["logID"], logs, moment)
    if log is None:
        raise RejectionError("verifying bundle: rekor log public key not found for payload")
    if not log.validity.covers(moment):
        raise RejectionError("verifying bundle: rekor log public key was not valid at the entry's time")
    # 3.
    _verify_signed(payload, from_base64(bundle["SignedEntryTimestamp"]), log)
    return moment


def verify_entry(
    entry: LogEntry,
    signed: SignatureMaterial,
    logs: Sequence[TransparencyLog],
    *,
    needs_proof: bool,
    stamped: Sequence[dt.datetime] = (),
) -> dt.datetime | None:
    """The time of an entry in a bundle, None where its log gives none (Rekor, version 2).

    1. The entry is about this signature, this signer and what was signed: otherwise a good entry of somebody else's
       would do (sigstore client specification, "Verify the transparency log entry").
    2. Its log is one of the trust root's, believed at the entry's time. A time that no promise covers is nobody's word:
       then the log must have been believed at every time that a timestamp proves. Where no time is proved at all, only
       a log that is not retired is.
    3. It has a proof of inclusion in a tree whose checkpoint that log has signed, or, before version 0.2 of bundles, at
       least a promise (RFC 9162, section 2.1.3; transparency-dev, `log` and `note` formats).
    4. A promise, where there is one, is the log's (Rekor, signed entry timestamp). Only it makes the time count.

    Args:
        entry: of a bundle.
        signed: what it must be about.
        logs: of the trust root.
        needs_proof: whether a promise alone is not enough.
        stamped: times that timestamps prove.

    Raises:
        RejectionError: any of it does not hold.
    """
    # 1.
    verify_body(entry.kind, entry.body, signed)
    # 2.
    moment = _moment(entry.integrated_time) if entry.integrated_time else None
    log = _believed(entry, logs, moment, stamped)
    # 3.
    if entry.proof is not None:
        _verify_inclusion(entry, entry.proof, log)
    elif needs_proof or not entry.promise:
        raise RejectionError("the log entry has no inclusion proof")
    # 4.
    if not entry.promise:
        return None
    if moment is None or entry.kind not in TIMED:
        raise RejectionError("the log entry has a promise but no time that it could be of")
    payload = {
        "body": base64.b64encode(entry.body).decode(),
        "integratedTime": entry.integrated_time,
        "logIndex": entry.index,
        "logID": entry.log_id.hex(),
    }
    _verify_signed(payload, entry.promise, log)
    return moment


def _believed(
    entry: LogEntry, logs: Sequence[TransparencyLog], moment: dt.datetime | None, stamped: Sequence[dt.datetime]
) -> TransparencyLog:
    """The log of an entry, if it is to be believed; of several records of it, one that is."""
    named = [log for log in logs if log.key_id == entry.log_id]
    if not named:
        raise RejectionError("the log entry is of no log in the trust root")
    proved = [moment] if moment is not None and entry.promise else [*stamped]
    claimed = [] if moment is None else [moment]
    for log in named:
        current = bool(proved) or log.validity.end is None
        if current and all(log.validity.covers(one) for one in (*claimed, *proved)):
            return log
    raise RejectionError("the log was not valid at the entry's time")


def _verify_inclusion(entry: LogEntry, proof: InclusionProof, log: TransparencyLog) -> None:
    # Imported here: signatures without log entries should not pay for sigstore's client.
    from provider.signatures.evidence import keyring, sigstore_parts  # noqa: PLC0415

    try:
        sigstore_parts.verify_inclusion(entry, proof, keyring.LogKeys([log]))
    except sigstore_parts.VerificationError as error:
        raise RejectionError(f"the log entry is not in the tree that its log has signed: {error}") from error
    except (ValueError, TypeError) as error:
        sentence = "the log entry is not in the tree that its log has signed: its proof cannot be read"
        raise RejectionError(sentence) from error


def find(key_id: str, logs: Iterable[TransparencyLog], moment: dt.datetime | None = None) -> TransparencyLog | None:
    """The log of an id in hexadecimal; of several, which differ in their validity, one that is believed at a moment."""
    named = [log for log in logs if log.key_id.hex() == key_id]
    believed = (log for log in named if moment is None or log.validity.covers(moment))
    return next(believed, named[0] if named else None)


def _read(text: str) -> Mapping[str, Any]:
    try:
        bundle = from_json(text.encode("utf-8", "replace"), _BUNDLE)
    except RejectionError as error:
        raise RejectionError(f"unmarshaling bundle: {error}") from error
    numbers = (bundle["Payload"]["integratedTime"], bundle["Payload"]["logIndex"])
    if not all(0 <= number < _LARGEST for number in numbers):
        raise RejectionError("bundle payload: a number is out of range")
    return dict(bundle)


def _hashed_rekord(body: bytes) -> Mapping[str, Any]:
    """The specification in an entry's body, of the one kind that image signatures have."""
    try:
        entry = strict_object(body, limits.SIGNATURE_PARTS)
        kind = entry["kind"], entry["apiVersion"]
        specification = entry["spec"]
    except (RejectionError, KeyError) as error:
        raise RejectionError("failed to extract signature from bundle: the log entry cannot be read") from error
    if kind != _KIND or not isinstance(specification, dict):
        raise RejectionError("failed to extract signature from bundle: unsupported type")
    return specification


def _verify_entry(specification: Mapping[str, Any], logged: LoggedSignature) -> None:
    try:
        signature = specification["signature"]["content"]
        signer = base64.b64decode(specification["signature"]["publicKey"]["content"], validate=True)
        algorithm, digest = (specification["data"]["hash"][name] for name in ("algorithm", "value"))
    except (ValueError, TypeError, KeyError) as error:
        raise RejectionError("failed to extract signature from bundle: the log entry cannot be read") from error
    if not signature or signature != logged.signature:
        raise RejectionError("signature in bundle does not match signature being verified")
    if not same_pem(signer, logged.signer):
        expected, got = shown(logged.signer.decode(), _SHOWN), shown(signer.decode("utf-8", "replace"), _SHOWN)
        raise RejectionError(f"comparing public key PEMs, expected {expected}, got {got}")
    if algorithm != "sha256":
        raise RejectionError(f'unexpected algorithm: "{shown(str(algorithm))}"')
    found = hashlib.sha256(logged.payload).hexdigest()
    if digest != found:
        raise RejectionError(f'matching bundle to payload: bundle="{shown(str(digest), 80)}", payload="{found}"')


def _verify_signed(payload: Mapping[str, Any], promise: bytes, log: TransparencyLog) -> None:
    # Texts in ASCII and whole numbers below 2^53: canonical as they are (RFC 8785, section 3.2).
    canonical = json.dumps(dict(payload), sort_keys=True, separators=(",", ":"))
    try:
        log.key.verify(promise, canonical.encode())
    except RejectionError as error:
        raise RejectionError("unable to verify SET") from error


def _moment(seconds: int) -> dt.datetime:
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise RejectionError("bundle payload: its time is out of range") from error
