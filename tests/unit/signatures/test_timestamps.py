"""Timestamps: whose they are, at which time their authority counts, and what strangers may add."""

from __future__ import annotations

import base64
import copy
import datetime as dt
from dataclasses import replace

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from provider.questions.answer import TimeSource
from provider.signatures.demands import Demands
from provider.signatures.evidence import paths, timestamps
from provider.signatures.rejection import RejectionError
from provider.signatures.trust import trust_root
from provider.signatures.trust.authority import CertificateAuthority, Validity
from tests.simulators.signing import SIGNED_AT, TSA, b64, trusted_authority

STRANGER = "the timestamp is of no authority in the trust root"
MESSAGE = b"m"


def with_stamps(document, *stamp):
    """The bundle with timestamps that are made of its signature."""
    document = copy.deepcopy(document)
    signature = base64.b64decode(document["dsseEnvelope"]["signatures"][0]["sig"])
    stamps = [{"signedTimestamp": b64(one(signature))} for one in stamp]
    document["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    return document


def verify(stamp, *authorities):
    return timestamps.verify(stamp, MESSAGE, authorities)


# Strangers.


@pytest.mark.parametrize(
    "extra",
    [
        lambda _, signature: TSA().stamp(signature),
        lambda case, _: case.world.tsa.stamp(b"another signature"),
        lambda _, __: b"no timestamp",
    ],
    ids=["of an unknown authority", "of another signature", "none at all"],
)
def test_timestamp_that_proves_nothing_neither_helps_nor_breaks(case, extra):
    def foreign(signature):
        return extra(case, signature)

    by_log = case.verify_bundle(with_stamps(case.bundle(), foreign))
    assert [time.source for time in by_log.times] == [TimeSource.LOG]
    by_both = case.verify_bundle(with_stamps(case.bundle(entry="v2"), foreign, case.world.tsa.stamp))
    assert [time.source for time in by_both.times] == [TimeSource.TIMESTAMP]
    with pytest.raises(RejectionError, match=r"has no time of signing .*: unable to verify RFC3161 timestamp bundle"):
        case.verify_bundle(with_stamps(case.bundle(entry="v2"), foreign))
    with pytest.raises(RejectionError, match=r"^unable to verify RFC3161 timestamp bundle"):
        case.verify_bundle(with_stamps(case.bundle(), foreign), case.keyless_stamped)


def test_timestamp_of_a_known_authority_counts_also_where_it_does_not_suit(case):
    late = SIGNED_AT + dt.timedelta(hours=1)
    with pytest.raises(RejectionError, match=r"^certificate expired before observed time"):
        case.verify_bundle(with_stamps(case.bundle(), lambda one: case.world.tsa.stamp(one, late)))


# An authority whose trust root names no certificate that stamps.


@pytest.fixture
def tsa(case):
    return case.world.tsa


@pytest.fixture
def without_leaf(tsa):
    return CertificateAuthority([tsa.ca.certificate, tsa.ca.root])


def test_authority_may_leave_its_leaf_to_the_timestamp(tsa, without_leaf):
    assert verify(tsa.stamp(MESSAGE, embedded=[tsa.certificate]), without_leaf) == SIGNED_AT
    with pytest.raises(RejectionError, match=STRANGER):
        verify(tsa.stamp(MESSAGE), without_leaf)


def test_timestamp_may_bring_who_is_between_where_the_trust_root_names_the_root_alone(tsa):
    root = CertificateAuthority([tsa.ca.root])
    assert verify(tsa.stamp(MESSAGE, embedded=[tsa.certificate, tsa.ca.certificate]), root) == SIGNED_AT
    with pytest.raises(RejectionError, match=STRANGER):
        verify(tsa.stamp(MESSAGE, embedded=[tsa.certificate]), root)


def test_bag_of_certificates_lends_nobodys_name(tsa, without_leaf):
    """The signer is the one that the timestamp names, whatever else lies beside it."""
    stranger = TSA("others")
    bag = [stranger.certificate, stranger.ca.certificate, tsa.certificate, tsa.ca.certificate]
    with pytest.raises(RejectionError, match=STRANGER):
        verify(stranger.stamp(MESSAGE, embedded=bag), without_leaf)
    whole = CertificateAuthority([tsa.certificate, tsa.ca.certificate, tsa.ca.root])
    with pytest.raises(RejectionError, match=STRANGER):
        verify(stranger.stamp(MESSAGE, embedded=bag), whole)
    # It names the authority's certificate, and is signed by another key.
    stranger.certificate = tsa.certificate
    for authority in (without_leaf, whole):
        with pytest.raises(RejectionError, match="the timestamp is not signed by its authority"):
            verify(stranger.stamp(MESSAGE, embedded=bag), authority)


@pytest.mark.parametrize("usages", [[ExtendedKeyUsageOID.CODE_SIGNING], None])
def test_leaf_that_came_along_must_be_for_time_stamping(case, usages):
    """What an authority certified for signing stamps nothing."""
    signer = case.world.signer(usages=usages, scts=0)
    liar = TSA("liar")
    liar.certificate, liar.key = signer.certificate, signer.key
    authority = CertificateAuthority([case.world.ca.certificate, case.world.ca.root])
    assert paths.to_stamper(signer.certificate, authority, SIGNED_AT) is None
    with pytest.raises(RejectionError, match=STRANGER):
        verify(liar.stamp(MESSAGE, embedded=[liar.certificate]), authority)


def test_leaf_that_came_along_must_be_valid_at_its_time(tsa, without_leaf):
    late = tsa.certificate.not_valid_after_utc + dt.timedelta(seconds=1)
    with pytest.raises(RejectionError, match=STRANGER):
        verify(tsa.stamp(MESSAGE, late, embedded=[tsa.certificate]), without_leaf)


def test_chain_of_a_timestamp_authority_ends_in_a_root(tsa):
    """What verifies timestamps knows no other end."""
    with pytest.raises(RejectionError, match="the timestamp is not signed by its authority"):
        verify(tsa.stamp(MESSAGE), CertificateAuthority([tsa.certificate, tsa.ca.certificate]))


# When an authority counts.


@pytest.mark.parametrize("leaf", [True, False])
def test_retired_authority_does_not_borrow_the_validity_of_another(tsa, leaf):
    other = TSA("younger")
    retired, current = (
        CertificateAuthority(
            [*([one.certificate] if leaf else []), one.ca.certificate, one.ca.root], Validity(start, end)
        )
        for one, start, end in (
            (tsa, SIGNED_AT - dt.timedelta(days=9), SIGNED_AT - dt.timedelta(seconds=1)),
            (other, SIGNED_AT - dt.timedelta(days=9), None),
        )
    )
    embedded = [] if leaf else [tsa.certificate]
    stamp = tsa.stamp(MESSAGE, embedded=embedded)
    with pytest.raises(RejectionError):
        verify(stamp, retired, current)
    in_time = SIGNED_AT - dt.timedelta(seconds=1)
    assert verify(tsa.stamp(MESSAGE, in_time, embedded=embedded), retired, current) == in_time
    # The same authority may stand there twice, for two spans.
    assert verify(stamp, retired, replace(retired, validity=current.validity)) == SIGNED_AT


def test_authority_of_a_trust_root_without_its_leaf_proves_a_bundle(case, tsa):
    document = case.world.trust_root | {"timestampAuthorities": [trusted_authority([tsa.ca.certificate, tsa.ca.root])]}
    root = trust_root.of_document(document)
    stamped = with_stamps(case.bundle(entry="v2"), lambda one: tsa.stamp(one, embedded=[tsa.certificate]))
    proof = case.verify_bundle(stamped, Demands(trust_root=root, logs=root))
    assert [time.source for time in proof.times] == [TimeSource.TIMESTAMP]
