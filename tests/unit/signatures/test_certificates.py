"""Which certificates can be read at all."""

from __future__ import annotations

import pytest
from cryptography import x509

from provider.signatures.evidence import certificates
from provider.signatures.rejection import RejectedError
from tests.simulators.signing import DER

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
    with pytest.raises(RejectedError, match=r"its serial number is not positive$"):
        certificates.load_der(with_serial_number(certificate, serial))


def certificate_of_long_serial(case) -> x509.Certificate:
    """One whose serial number takes twenty bytes, as most do."""
    while True:
        certificate = case.world.signer(scts=0).certificate
        if certificate.serial_number.bit_length() > 152:
            return certificate


def test_certificate_that_only_openssl_cannot_read_is_refused(case):
    """The authority's name is a text of a type that does not fit it."""
    raw = case.ann.der.replace(b"\x0c\x03rig", b"\x37\x03rig", 1)
    certificate = certificates.load_der(raw)
    with pytest.raises(RejectedError, match=r"^invalid certificate found on signature: it cannot be read$"):
        certificates.verify_path(certificate, case.root.authorities, certificate.not_valid_before_utc)


def test_text_without_a_certificate_is_refused():
    with pytest.raises(RejectedError, match="no PEM block CERTIFICATE"):
        certificates.load("-----BEGIN PUBLIC KEY-----")
