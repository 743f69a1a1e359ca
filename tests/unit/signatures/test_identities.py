"""Whom a certificate names: every name, of the types that can be matched, as it is."""

from __future__ import annotations

import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import utils
from cryptography.x509.oid import NameOID

from provider.signatures.rejection import RejectionError
from tests.simulators.signing import utf8_string
from tests.unit.signatures.world import DIGEST

ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def subjects(case, *names):
    signer = case.world.signer(subjects=names)
    return case.verify(case.legacy(signer, logged=True), case.keyless_logged).subjects


def test_several_names_are_all_told_by_type(case):
    user = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7"), utf8_string("ann!example.test"))
    address = x509.IPAddress(ipaddress.ip_address("192.0.2.1"))
    given = (user, "https://example.test/ann", address, "ann@example.test", x509.DNSName("host.example.test"))
    assert subjects(case, *given) == (
        "host.example.test",
        "ann@example.test",
        "192.0.2.1",
        "https://example.test/ann",
        "ann!example.test",
    )


def test_name_of_a_type_that_nobody_matches_is_not_told(case):
    directory = x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ann@example.test")]))
    other = x509.OtherName(x509.ObjectIdentifier("1.2.3"), utf8_string("ann@example.test"))
    assert subjects(case, directory, other) == ()


def test_lookalike_is_told_as_it_is(case):
    cyrillic = "https://issuer.ex\u0430mple.test"
    signer = case.world.signer(issuer=cyrillic)
    proof = case.verify(case.legacy(signer, logged=True), case.keyless_logged)
    assert proof.issuer == cyrillic
    assert proof.issuer != "https://issuer.example.test"


def test_malleated_signature_has_another_id_but_no_other_signer(case):
    """With (r, s) also (r, n - s) is a signature, and Go signs with either: an id is no count of signers."""
    payload = case.world.payload(DIGEST)
    signature = case.world.key.sign(payload)
    r, s = utils.decode_dss_signature(signature)
    other = utils.encode_dss_signature(r, ORDER_OF_P256 - s)
    one, two = (case.verify(case.legacy(signature=raw)) for raw in (signature, other))
    assert one.id != two.id
    assert (one.digest, one.subjects) == (two.digest, two.subjects)


@pytest.mark.parametrize(
    "value", [b"\x0c", b"\x0c\x05abc", b"\x0c\x03abcd", b"\x13\x03abc", b"\x0c\x01\xff", b"\x0c\x81\x80a"]
)
def test_issuer_that_is_no_text_is_refused(case, value):
    signer = case.world.signer(issuer=None, extensions={"1.3.6.1.4.1.57264.1.8": value})
    with pytest.raises(RejectionError, match="is no"):
        case.verify_bundle(case.bundle(signer))
