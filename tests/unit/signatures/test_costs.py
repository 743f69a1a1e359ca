"""What evidence may cost: what is cheap is compared first, what is dear is bounded, and time is looked at."""

from __future__ import annotations

import base64
import copy
import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import pytest

from provider import limits
from provider.signatures.demands import Demands
from provider.signatures.encoding import strict_object
from provider.signatures.evidence import paths, timestamps
from provider.signatures.evidence.logged_certificates import verify_logged
from provider.signatures.formats import bundle, simple_signing
from provider.signatures.formats.bundle import NoSignatureError
from provider.signatures.rejection import RejectionError
from provider.signatures.trust.authority import CertificateAuthority, Validity
from tests.simulators.signing import CA, NOW, SIGNED_AT, TSA, b64, canonical
from tests.unit.signatures.turns import OutOfTimeError, out_of_time_at, turns_of
from tests.unit.signatures.world import DIGEST

UNTIMELY = "is of a time at which its authority was not valid"
SHA1 = "1.3.14.3.2.26"


def later(seconds: int) -> dt.datetime:
    return SIGNED_AT + dt.timedelta(seconds=seconds)


def with_stamps(document, stamp: Callable[[bytes], list[bytes]]):
    """The bundle with timestamps that are made of its signature."""
    document = copy.deepcopy(document)
    signature = base64.b64decode(document["dsseEnvelope"]["signatures"][0]["sig"])
    stamps = [{"signedTimestamp": b64(one)} for one in stamp(signature)]
    document["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    return document


@pytest.fixture
def verified(monkeypatch):
    """Timestamps that were verified, not only compared."""
    built = []

    def build(**parts):
        built.append(parts)
        return real(**parts)

    real = timestamps.VerifierBuilder
    monkeypatch.setattr(timestamps, "VerifierBuilder", build)
    return built


STRANGER = TSA()
NAMESAKE = TSA("stamps")


def twin(case) -> TSA:
    """A stranger whose certificate has the serial number of the authority's."""
    stranger = TSA("others")

    def build(builder):
        builder = builder.not_valid_before(NOW - dt.timedelta(days=1)).not_valid_after(NOW)
        builder._serial_number = case.world.tsa.certificate.serial_number
        return builder

    stranger.certificate = stranger.ca.leaf(build, stranger.key)
    return stranger


@pytest.mark.parametrize(
    ("stamp", "problem"),
    [
        (lambda _, signature: STRANGER.stamp(signature), "is of no authority in the trust root"),
        (lambda _, signature: NAMESAKE.stamp(signature), "is of no authority in the trust root"),
        (lambda case, signature: twin(case).stamp(signature), "is of no authority in the trust root"),
        (lambda case, _: case.world.tsa.stamp(b"another signature"), "is of another signature"),
        (lambda case, one: case.world.tsa.stamp(one, hash_oid=SHA1), "is over a hash that is not supported"),
        (lambda case, one: case.world.tsa.stamp(one, NOW - dt.timedelta(days=950)), UNTIMELY),
        (lambda case, one: case.world.tsa.stamp(one, NOW - dt.timedelta(days=850)), UNTIMELY),
        (lambda case, one: case.world.tsa.stamp(one, signers=2), "has 2 signers; it must have one"),
        (lambda case, one: case.world.tsa.stamp(one, status=1), "was not granted"),
        (
            lambda case, one: case.world.tsa.stamp(one, embedded=[NAMESAKE.certificate]),
            "is of no authority in the trust root",
        ),
        (
            lambda case, signature: case.world.tsa.stamp(
                signature, embedded=[case.world.tsa.certificate, *(case.world.signer().certificate for _ in range(10))]
            ),
            "brings more than 10 certificates",
        ),
    ],
)
def test_timestamp_that_claims_too_little_is_refused_before_it_is_verified(case, verified, stamp, problem):
    document = with_stamps(case.bundle(), lambda signature: [stamp(case, signature)])
    with pytest.raises(RejectionError, match=f": the timestamp {problem}$"):
        case.verify_bundle(document, case.keyless_stamped)
    assert verified == []


@pytest.mark.parametrize(
    "embedded",
    [
        lambda tsa: [tsa.certificate],
        lambda tsa: [tsa.certificate, tsa.ca.certificate, tsa.ca.root],
        lambda tsa: [tsa.certificate, *(TSA().certificate for _ in range(9))],
    ],
)
def test_timestamp_may_bring_certificates_if_its_authoritys_is_among_them(case, verified, embedded):
    tsa = case.world.tsa
    document = with_stamps(case.bundle(), lambda signature: [tsa.stamp(signature, embedded=embedded(tsa))])
    assert case.verify_bundle(document, case.keyless_stamped).times
    assert len(verified) == 1


def test_timestamp_that_is_longer_than_any_is_not_even_read(case):
    stamp = case.world.tsa.stamp(b"m", signers=100)
    assert len(stamp) > limits.TIMESTAMP_BYTES
    with pytest.raises(RejectionError, match=r"^the timestamp is longer than 16384 bytes$"):
        timestamps.verify(stamp, b"m", case.root.timestamp_authorities)


def test_timestamp_of_an_authority_that_is_no_longer_believed_is_not_verified(case, verified):
    (authority,) = case.root.timestamp_authorities
    for validity in (Validity(start=later(1)), Validity(end=later(-1))):
        with pytest.raises(RejectionError, match=UNTIMELY):
            timestamps.verify(case.world.tsa.stamp(b"m"), b"m", [replace(authority, validity=validity)])
    assert verified == []


def test_authority_of_one_certificate_has_no_root_and_stamps_nothing(case):
    alone = CertificateAuthority(case.root.timestamp_authorities[0].certificates[:1])
    with pytest.raises(RejectionError, match="of no authority in the trust root"):
        timestamps.verify(case.world.tsa.stamp(b"m"), b"m", [alone])
    with pytest.raises(RejectionError, match=r"^no TSA root certificate\(s\) provided to verify timestamp$"):
        timestamps.verify(case.world.tsa.stamp(b"m"), b"m", [])


def test_forged_timestamp_is_verified_once(case, verified):
    """It claims all that can be compared; only its signature is not the authority's."""
    forger = TSA("stamps")
    forger.certificate = case.world.tsa.certificate
    with pytest.raises(RejectionError, match="the timestamp is not signed by its authority"):
        case.verify_bundle(with_stamps(case.bundle(), lambda one: [forger.stamp(one)]), case.keyless_stamped)
    assert len(verified) == 1


def test_timestamps_beyond_the_bound_are_refused_without_a_look_at_them(case, verified):
    def stamps(count):
        return with_stamps(
            case.bundle(), lambda one: [case.world.tsa.stamp(one, later(number)) for number in range(count)]
        )

    assert len(case.verify_bundle(stamps(limits.TIMESTAMPS), case.keyless_stamped).times) == limits.TIMESTAMPS == 4
    verified.clear()
    with pytest.raises(RejectionError, match="rfc3161Timestamps has 5 members, more than 4"):
        case.verify_bundle(stamps(5), case.keyless_stamped)
    assert verified == []


def test_path_is_looked_for_once_where_it_holds_at_every_time(case, monkeypatch):
    looked = []
    real = paths.crypto.X509StoreContext
    monkeypatch.setattr(paths.crypto, "X509StoreContext", lambda *parts: looked.append(parts) or real(*parts))
    document = with_stamps(case.bundle(), lambda one: [case.world.tsa.stamp(one, later(n)) for n in range(4)])
    assert len(case.verify_bundle(document).times) == 5
    assert len(looked) == 1


def test_path_counts_only_while_its_authority_is_believed(case):
    """An authority is replaced by another record of it between two timestamps."""
    (authority,) = case.root.authorities
    early = replace(authority, validity=Validity(end=later(1)))
    late = replace(authority, validity=Validity(start=later(2)))
    document = with_stamps(case.bundle(), lambda one: [case.world.tsa.stamp(one, later(n)) for n in (0, 3)])

    def verify(*authorities: CertificateAuthority):
        root = replace(case.root, authorities=authorities)
        return case.verify_bundle(document, Demands(trust_root=root, timestamps=case.root))

    assert len(verify(early, late).times) == 2
    for one in (early, late):
        with pytest.raises(RejectionError, match="x509: certificate has expired or is not yet valid"):
            verify(one)


def test_path_holds_where_it_would_be_found(case):
    path = paths.to_signer(case.ann.certificate, case.root.authorities, SIGNED_AT)
    start, end = case.ann.certificate.not_valid_before_utc, case.ann.certificate.not_valid_after_utc
    for moment in (start, end - dt.timedelta(seconds=1)):
        assert path.holds(moment)
        assert paths.to_signer(case.ann.certificate, case.root.authorities, moment) == path
    assert not path.holds(end)
    other = CA.create()
    authorities = [*case.root.authorities, CertificateAuthority([other.certificate, other.root])]
    for moment in (start - dt.timedelta(seconds=1), end + dt.timedelta(seconds=1)):
        assert not path.holds(moment)
        with pytest.raises(RejectionError, match="x509: certificate has expired or is not yet valid"):
            paths.to_signer(case.ann.certificate, authorities, moment)
    with pytest.raises(RejectionError, match="x509: certificate signed by unknown authority"):
        paths.to_signer(case.ann.certificate, authorities[1:], SIGNED_AT)


@pytest.mark.parametrize("count", [2, 50])
def test_certificate_has_one_sct_and_more_are_not_verified(case, count):
    certificate = case.world.signer(scts=count).certificate
    path = [case.world.ca.certificate, case.world.ca.root]
    with pytest.raises(RejectionError, match=f"the certificate has {count}, it must have one"):
        verify_logged(certificate, path, case.root.ct_logs)
    with pytest.raises(RejectionError, match=r"^none of the CTFE keys have been found$"):
        verify_logged(certificate, path, ())


def test_checkpoint_of_many_signatures_is_refused(case):
    document = case.bundle()
    checkpoint = document["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"]
    witness = "\u2014 witness.example.test " + b64(b"\0" * 68) + "\n"
    genuine = checkpoint["envelope"]
    checkpoint["envelope"] = genuine + witness * 40
    assert case.verify_bundle(document).times
    checkpoint["envelope"] = genuine + witness * 100
    with pytest.raises(RejectionError, match="a checkpoint is longer than 8192 characters"):
        case.verify_bundle(document)


def test_heavy_bundle_and_heavy_log_entry_are_refused(case):
    heavy = [{}] * limits.SIGNATURE_PARTS
    with pytest.raises(RejectionError, match="the bundle cannot be read: it has more than 16384 values"):
        case.verify_bundle(case.bundle() | {"mediaType": heavy})
    document = case.bundle()
    entry = document["verificationMaterial"]["tlogEntries"][0]
    entry["canonicalizedBody"] = b64(canonical(heavy))
    with pytest.raises(RejectionError, match="it has more than 16384 values"):
        case.verify_bundle(document)


def test_object_of_more_names_than_anybodys_is_refused(case):
    names = dict.fromkeys(map(str, range(limits.JSON_NAMES - 1)), 0)
    assert len(strict_object(canonical(names | {"x": 0}))) == limits.JSON_NAMES == 1024
    with pytest.raises(RejectionError, match=r"^an object in it has more than 1024 names$"):
        strict_object(canonical([names | {"x": 0, "y": 0}]))


def test_statement_that_says_more_than_any_signature_is_an_attestation(case):
    statement = case.world.statement(DIGEST, predicate=[{}] * limits.SIGNATURE_PARTS)
    with pytest.raises(NoSignatureError):
        case.verify_bundle(case.bundle(statement=statement))


# Deadlines.


def test_time_is_looked_at_before_everything_dear_in_a_bundle(case):
    stamped = with_stamps(case.bundle(), lambda one: [case.world.tsa.stamp(one, later(n)) for n in range(4)])
    raw = canonical(stamped)
    # Four timestamps, log entry, path, SCT, signature.
    assert turns_of(lambda alive: bundle.verify(raw, DIGEST, case.keyless_logged, alive)) == 8


def test_time_is_looked_at_before_everything_dear_in_a_legacy_signature(case):
    signature = case.legacy(case.ann, logged=True, stamped=True)
    both = Demands(trust_root=case.root, logs=case.root, timestamps=case.root)
    # Timestamp, log entry, path, SCT, signature.
    assert turns_of(lambda alive: simple_signing.verify(signature, DIGEST, both, NOW, alive)) == 5


def test_time_is_looked_at_before_each_authority(case):
    many = replace(
        case.root,
        authorities=[*case.root.authorities] * 7,
        timestamp_authorities=[*case.root.timestamp_authorities] * 5,
    )
    signer = case.world.signer(ca=CA.create())
    with pytest.raises(OutOfTimeError):
        paths.to_signer(signer.certificate, many.authorities, SIGNED_AT, out_of_time_at(7))
    forger = TSA("stamps")
    forger.certificate = case.world.tsa.certificate
    with pytest.raises(OutOfTimeError):
        timestamps.verify(forger.stamp(b"m"), b"m", many.timestamp_authorities, out_of_time_at(5))
