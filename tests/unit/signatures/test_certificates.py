"""Which certificates can be read at all."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from provider.signatures.evidence import certificates, paths
from provider.signatures.rejection import RejectionError
from provider.signatures.trust.authority import CertificateAuthority
from tests.simulators.signing import CA, DER, NOW, SIGNED_AT, Signer, new_key

# The library warns of certificates that it will not read in future; in production that is all that it does.
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")


def with_serial_number(certificate: x509.Certificate, serial: bytes) -> bytes:
    raw = certificate.serial_number.to_bytes(20, "big")
    assert certificate.public_bytes(DER).count(raw) == 1
    return certificate.public_bytes(DER).replace(raw, serial)


@pytest.mark.parametrize("serial", [b"\xff" + b"\x01" * 19, b"\x80" + b"\x00" * 19])
def test_serial_number_must_be_positive(case, serial):
    certificate = certificate_of_long_serial(case)
    assert certificates.load_der(with_serial_number(certificate, b"\x01" * 20)).serial_number > 0
    with pytest.raises(RejectionError, match=r"its serial number is not positive$"):
        certificates.load_der(with_serial_number(certificate, serial))


def certificate_of_long_serial(case) -> x509.Certificate:
    """One whose serial number takes twenty bytes, as most do."""
    while True:
        certificate = case.world.signer(scts=0).certificate
        if certificate.serial_number.bit_length() > 152:
            return certificate


def test_certificate_whose_issuer_cannot_be_read_is_refused(case):
    """The authority's name is a text of a type that does not fit it."""
    raw = case.ann.der.replace(b"\x0c\x03rig", b"\x37\x03rig", 1)
    with pytest.raises(RejectionError, match=r"^invalid certificate found on signature: it cannot be read$"):
        certificates.load_der(raw)


def test_text_without_a_certificate_is_refused():
    with pytest.raises(RejectionError, match="no PEM block CERTIFICATE"):
        certificates.load("-----BEGIN PUBLIC KEY-----")


def test_certificate_that_says_it_is_no_authority_may_sign(case):
    assert case.verify(case.legacy(case.world.signer(is_ca=False), logged=True), case.keyless_logged).subjects


def test_certificate_without_names_names_nobody(case):
    assert case.verify(case.legacy(case.world.signer(subjects=()), logged=True), case.keyless_logged).subjects == ()


def test_issuer_may_stand_in_the_older_extension_alone_and_be_long(case):
    older = {"1.3.6.1.4.1.57264.1.1": b"https://issuer.example.test"}
    signer = case.world.signer(issuer=None, extensions=older)
    assert case.verify(case.legacy(signer, logged=True), case.keyless_logged).issuer == "https://issuer.example.test"
    assert case.verify_bundle(case.bundle(signer)).issuer == "https://issuer.example.test"
    long = "https://issuer.example.test/" + "a" * 300
    assert case.verify_bundle(case.bundle(case.world.signer(issuer=None, newer_issuer=long))).issuer == long


def test_legacy_signatures_by_certificates_hash_with_sha_256_whatever_the_curve(case):
    signer = case.world.signer(key=new_key(ec.SECP384R1()))
    assert case.verify(case.legacy(signer, logged=True), case.keyless_logged).subjects
    longer = Signer(signer.key, signer.certificate, "SHA384")
    with pytest.raises(RejectionError, match="invalid signature"):
        case.verify(case.legacy(longer, logged=True), case.keyless_logged)


def test_certificate_for_an_rsa_key_proves_its_bundle(case):
    signer = case.world.signer(key=rsa.generate_private_key(65537, 2048))
    assert case.verify_bundle(case.bundle(signer)).subjects


def test_certificate_is_valid_from_its_first_second_to_its_last(case):
    certificate, above = case.ann.certificate, [case.world.ca.certificate, case.world.ca.root]
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    second = dt.timedelta(seconds=1)
    for moment in (start, end):
        certificates.verify_validity(certificate, above, moment)
    with pytest.raises(RejectionError, match=r"^certificate was issued after observed time: "):
        certificates.verify_validity(certificate, above, start - second)
    with pytest.raises(RejectionError, match=r"^certificate expired before observed time: "):
        certificates.verify_validity(certificate, above, end + second)


def test_certificates_above_must_be_valid_too(case):
    above = [case.ann.certificate]
    certificates.verify_validity(case.world.ca.certificate, above, SIGNED_AT)
    with pytest.raises(RejectionError, match=r"^issuing CA certificate expired before observed time: "):
        certificates.verify_validity(case.world.ca.certificate, above, NOW)


@pytest.mark.parametrize("usage", [None, ExtendedKeyUsageOID.CODE_SIGNING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
def test_authority_may_be_for_any_usage(case, usage):
    ca = CA.create("any", usage=usage)
    signer = case.world.signer(ca=ca)
    path = paths.to_signer(signer.certificate, [CertificateAuthority([ca.certificate, ca.root])], SIGNED_AT)
    assert list(path.above) == [ca.certificate, ca.root]


def test_serial_number_of_zero_is_not_positive(case):
    certificate = certificate_of_long_serial(case)
    raw = with_serial_number(certificate, b"\x00" * 20).replace(b"\x02\x14" + b"\x00" * 20, b"\x02\x01\x00")
    # Certificate and what is signed of it, each with a length of two bytes.
    lengths = [int.from_bytes(raw[at : at + 2], "big") - 19 for at in (2, 6)]
    raw = raw[:2] + lengths[0].to_bytes(2, "big") + raw[4:6] + lengths[1].to_bytes(2, "big") + raw[8:]
    with pytest.raises(RejectionError, match=r"its serial number is not positive$"):
        certificates.load_der(raw)
