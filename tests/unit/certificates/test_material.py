"""Certificates and keys of texts that anybody may have written."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gatekeeper.certificates import leaf, limits, pem
from gatekeeper.certificates.authority import OwnAuthority
from gatekeeper.certificates.leaf import LeafPair, Purpose
from gatekeeper.certificates.material import Material, decoded

NOW = 1.8e9
AUTHORITY = OwnAuthority.new(NOW)
PAIR = AUTHORITY.issue(Purpose.SERVER, ("shop.svc", "192.0.2.1"), NOW)
WHOLE = Material((AUTHORITY.certificate,), AUTHORITY, PAIR)


def secret(**changed: bytes) -> dict[str, object]:
    """A Secret with a few keys changed; `_` in a name is a dot."""
    data = {
        **WHOLE.data(),
        **{name.replace("_", "."): base64.b64encode(text).decode() for name, text in changed.items()},
    }
    return {"data": data}


def test_what_is_written_is_read():
    found = Material.of(secret())
    assert found.authorities == WHOLE.authorities
    assert found.authority is not None
    assert found.leaf is not None
    assert found.leaf.hosts == {"shop.svc", "192.0.2.1"}
    assert found.data() == WHOLE.data()


@pytest.mark.parametrize(
    "text", [b"", b"nonsense", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_what_cannot_be_used_is_as_if_it_were_not_there(text):
    assert Material.of(secret(tls_crt=text)).leaf is None
    assert Material.of(secret(tls_key=text)).leaf is None
    assert Material.of(secret(ca_crt=text)).authorities == ()
    assert Material.of(secret(ca_key=text)).authority is None
    assert Material.of({}).data() == {"ca.crt": ""}


def test_key_of_another_certificate_is_no_key_of_this_one():
    other = OwnAuthority.new(NOW)
    assert Material.of(secret(ca_key=pem.text_of_key(other.key))).authority is None
    assert LeafPair.of(pem.text_of([PAIR.certificate]), pem.text_of_key(other.key)) is None


def test_key_of_another_kind_is_none_of_ours():
    key = rsa.generate_private_key(65537, 2048)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert pem.private_key(text) is None


def test_damaged_certificate_spoils_no_other():
    good = pem.text_of([AUTHORITY.certificate])
    bad = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    assert pem.certificates(bad + good + good) == (AUTHORITY.certificate,)


def test_text_that_is_too_long_holds_nothing():
    good = pem.text_of([AUTHORITY.certificate])
    assert pem.certificates(good + b" " * limits.TEXT_BYTES) == ()


def test_authority_of_the_same_name_and_another_key_did_not_issue_it():
    assert leaf.issued_by(PAIR.certificate, [OwnAuthority.new(NOW).certificate]) is None
    assert leaf.issued_by(PAIR.certificate, [OwnAuthority.new(NOW).certificate, AUTHORITY.certificate]) == (
        AUTHORITY.certificate
    )


def test_text_that_is_no_base64_is_empty():
    assert decoded("%%%") == decoded("") == b""
