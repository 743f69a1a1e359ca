"""Paths from a certificate to an authority: where they may end, what they may go through, and what ends them."""

from __future__ import annotations

import copy
import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from provider.signatures.demands import Demands
from provider.signatures.evidence import paths
from provider.signatures.rejection import RejectionError
from provider.signatures.trust import trust_root
from provider.signatures.trust.authority import CertificateAuthority
from tests.simulators.signing import CA, DER, NOW, PEM, SIGNED_AT, b64, trusted_authority, with_long_times
from tests.unit.signatures.world import DIGEST, MANIFEST

CHAIN = "dev.sigstore.cosign/chain"
STRANGER = r"x509: certificate signed by unknown authority"
EXPIRED = r"x509: certificate has expired or is not yet valid"


@pytest.fixture(scope="module")
def deep(case):
    """An authority below another one."""
    return case.world.ca.below("deep")


def demands(case, *chains, logged=True) -> Demands:
    """A trust root that names these chains."""
    document = case.world.trust_root | {"certificateAuthorities": [trusted_authority(chain) for chain in chains]}
    root = trust_root.of_document(document)
    return Demands(trust_root=root, logs=root if logged else None)


def pem(*certificates) -> str:
    return "".join(one.public_bytes(PEM).decode() for one in certificates)


def legacy(case, signer, *chain):
    return case.legacy(signer, logged=True, notes={CHAIN: pem(*chain)} if chain else {})


def older_bundle(case, signer, *chain):
    """A bundle of version 0.2, with the certificates above its signer's."""
    document = copy.deepcopy(case.bundle(signer))
    document["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.2"
    material = document["verificationMaterial"]
    certificates = [material.pop("certificate")]
    certificates += [{"rawBytes": b64(one.public_bytes(DER))} for one in chain]
    material["x509CertificateChain"] = {"certificates": certificates}
    return document


# Where a path may end.


def test_trust_root_may_end_in_an_authority_that_another_one_certified(case):
    own = demands(case, [case.world.ca.certificate])
    assert case.verify(legacy(case, case.ann), own).subjects
    assert case.verify_bundle(case.bundle(), own).subjects


def test_root_counts_wherever_it_stands_in_the_chain(case):
    own = demands(case, [case.world.ca.root, case.world.ca.certificate])
    assert case.verify(legacy(case, case.ann), own).subjects
    by_root = case.world.signer(ca=CA(case.world.ca.root, case.world.ca.root, case.world.ca.key))
    with pytest.raises(RejectionError, match=STRANGER):
        case.verify(legacy(case, by_root), own)


def test_chains_of_two_authorities_are_never_mixed(case, deep):
    signer = case.world.signer(ca=deep)
    whole = [deep.certificate, case.world.ca.certificate, case.world.ca.root]
    assert case.verify_bundle(case.bundle(signer), demands(case, whole)).subjects
    other = CA.create("other")
    mixed = demands(case, [deep.certificate, other.certificate, other.root], [case.world.ca.certificate])
    # The first chain lacks the one between, which the second one has.
    path = paths.to_signer(case.ann.certificate, mixed.trust_root.authorities, SIGNED_AT)
    assert list(path.above) == [case.world.ca.certificate]
    with pytest.raises(RejectionError, match=STRANGER):
        case.verify_bundle(case.bundle(signer), mixed)


# What came along.


@pytest.mark.parametrize("with_root", [True, False])
def test_chain_beside_a_legacy_signature_may_lead_to_the_root(case, with_root):
    own = demands(case, [case.world.ca.root])
    above = [case.world.ca.certificate, case.world.ca.root] if with_root else [case.world.ca.certificate]
    assert case.verify(legacy(case, case.ann, *above), own).subjects
    with pytest.raises(RejectionError, match=STRANGER):
        case.verify(legacy(case, case.ann), own)


def test_chain_in_an_older_bundle_may_lead_to_the_root(case):
    own = demands(case, [case.world.ca.root])
    assert case.verify_bundle(older_bundle(case, case.ann, case.world.ca.certificate), own).subjects
    with pytest.raises(RejectionError, match=STRANGER):
        case.verify_bundle(older_bundle(case, case.ann), own)
    with pytest.raises(RejectionError, match="x509CertificateChain holds a root certificate"):
        case.verify_bundle(older_bundle(case, case.ann, case.world.ca.certificate, case.world.ca.root), own)


def test_what_came_along_counts_only_where_the_trust_root_names_no_one_between(case):
    """An authority that was taken out of the trust root does not come back with a signature."""
    taken_out = case.world.ca
    other = CA.create("other")
    own = demands(case, [taken_out.root], [other.certificate, other.root])
    for verify, signature in (
        (case.verify, legacy(case, case.ann, taken_out.certificate)),
        (case.verify_bundle, older_bundle(case, case.ann, taken_out.certificate)),
    ):
        with pytest.raises(RejectionError, match=STRANGER):
            verify(signature, own)


def test_chain_that_came_along_ends_nowhere(case):
    other = CA.create("other")
    signer = case.world.signer(ca=other)
    own = demands(case, [case.world.ca.root])
    with pytest.raises(RejectionError, match=STRANGER):
        case.verify(legacy(case, signer, other.certificate, other.root), own)
    with pytest.raises(RejectionError, match=STRANGER):
        case.verify_bundle(older_bundle(case, signer, other.certificate), own)


@pytest.mark.parametrize(
    ("chain", "sentence"),
    [
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "it cannot be read"),
        ("-----BEGIN CERTIFICATE-----\n" * 11, "has 11 certificates, more than 10"),
    ],
)
def test_chain_that_cannot_be_read_is_refused_where_it_has_a_say(case, chain, sentence):
    with pytest.raises(RejectionError, match=sentence):
        case.verify(case.legacy(case.ann, logged=True, notes={CHAIN: chain}), case.keyless_logged)
    assert case.verify(case.legacy(notes={CHAIN: chain}))


# What ends a path.


@pytest.mark.parametrize(
    "changes",
    [{"ca": False}, {"signs": False}],
    ids=["no authority", "may not sign certificates"],
)
def test_authority_must_be_one(case, changes):
    ca = CA.create("odd", **changes)
    own = demands(case, [ca.certificate, ca.root])
    with pytest.raises(RejectionError, match=STRANGER):
        case.verify_bundle(case.bundle(case.world.signer(ca=ca)), own)


def test_authority_certifies_no_further_than_it_may(case):
    ca = CA.create("short", path_length=0)
    below = ca.below("below")
    own = demands(case, [below.certificate, ca.certificate, ca.root])
    assert case.verify_bundle(case.bundle(case.world.signer(ca=ca)), own).subjects
    with pytest.raises(RejectionError, match=STRANGER):
        case.verify_bundle(case.bundle(case.world.signer(ca=below)), own)


def test_authority_that_expired_before_the_signature_was_made_certifies_nothing(case):
    """The signer's certificate is good; the one that issued it is not any more."""
    ca = CA.create("short-lived", end=SIGNED_AT - dt.timedelta(minutes=1))
    signer = case.world.signer(ca=ca)
    own = demands(case, [ca.certificate, ca.root])
    with pytest.raises(RejectionError, match="issuing CA certificate expired before observed time"):
        case.verify(legacy(case, signer), own)
    with pytest.raises(RejectionError, match=EXPIRED):
        case.verify_bundle(case.bundle(signer), own)
    in_time = SIGNED_AT - dt.timedelta(minutes=2)
    assert case.verify(case.legacy(signer, logged={"when": in_time}), own).subjects
    assert case.verify_bundle(case.bundle(signer, when=in_time), own).subjects


def test_signature_that_no_time_is_proved_of_is_judged_with_its_authority_now(case):
    signer = case.world.signer(ca=(ca := CA.create("gone", end=SIGNED_AT)), end=NOW)
    with pytest.raises(RejectionError, match="expected a signed timestamp to verify an expired certificate"):
        case.verify(case.legacy(signer), demands(case, [ca.certificate, ca.root], logged=False))


@pytest.mark.parametrize(
    ("permitted", "subject", "may"),
    [
        (x509.RFC822Name("example.test"), "ann@example.test", True),
        (x509.RFC822Name("example.org"), "ann@example.test", False),
        # Names of other types are not constrained.
        (x509.UniformResourceIdentifier("example.test"), "ann@example.test", True),
        # `cryptography`'s own search does not know this one, and would let none pass.
        (x509.UniformResourceIdentifier("example.test"), "https://example.test/ann", True),
        (x509.UniformResourceIdentifier("example.test"), "https://example.org/ann", False),
    ],
)
def test_name_constraints_hold(case, permitted, subject, may):
    ca = CA.create("limited", constraints=x509.NameConstraints([permitted], None))
    own = demands(case, [ca.certificate, ca.root])
    signature = case.bundle(case.world.signer(ca=ca, subjects=[subject]))
    if may:
        assert case.verify_bundle(signature, own).subjects == (subject,)
        return
    with pytest.raises(RejectionError, match=STRANGER):
        case.verify_bundle(signature, own)


@pytest.mark.parametrize(
    "root_key",
    [rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()],
    ids=["rsa", "ed25519"],
)
def test_authority_may_have_any_key_that_go_takes(case, root_key):
    """`cryptography`'s own search knows no Ed25519 above a signer."""
    ca = CA.create("keys", root_key=root_key)
    own = demands(case, [ca.certificate, ca.root])
    assert case.verify_bundle(case.bundle(case.world.signer(ca=ca)), own).subjects


def test_times_may_be_in_their_longer_form(case):
    """It is for years from 2050 on (RFC 5280, section 4.1.2.5); Go always takes it, `cryptography` does not."""
    signer = case.world.signer(scts=0)
    longer = x509.load_der_x509_certificate(with_long_times(signer.certificate, case.world.ca.key))
    assert longer.not_valid_after_utc == signer.certificate.not_valid_after_utc
    assert longer.public_bytes(DER) != signer.certificate.public_bytes(DER)
    assert list(paths.to_signer(longer, case.root.authorities, SIGNED_AT).above) == [
        case.world.ca.certificate,
        case.world.ca.root,
    ]


def test_certificate_that_is_trusted_itself_has_no_authority(case):
    """Whoever writes a signer's certificate into a trust root names no authority by it."""
    own = [CertificateAuthority([case.ann.certificate])]
    with pytest.raises(RejectionError, match=STRANGER):
        paths.to_signer(case.ann.certificate, own, SIGNED_AT)


def test_authority_for_other_usages_hides_no_good_one_beside_it(case):
    (good,) = case.root.authorities
    servers = CA.create("servers", usage=x509.oid.ExtendedKeyUsageOID.SERVER_AUTH)
    signer = case.world.signer(ca=servers)
    bad = CertificateAuthority([servers.certificate, servers.root])
    with pytest.raises(RejectionError, match="incompatible key usage"):
        paths.to_signer(signer.certificate, [bad, good], SIGNED_AT)
    assert paths.to_signer(case.ann.certificate, [bad, good], SIGNED_AT).authority is good


def test_signer_may_have_a_key_that_no_authority_may_have(case):
    signer = case.world.signer(key=ed25519.Ed25519PrivateKey.generate())
    assert case.verify_bundle(case.bundle(signer)).subjects
    # A message signature is over a digest, which this key does not sign; with Ed25519ph it would.
    with pytest.raises(RejectionError, match="the key does not sign SHA-256 digests"):
        case.verify_bundle(case.world.message_bundle(DIGEST, MANIFEST, signer))
