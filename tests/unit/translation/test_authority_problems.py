"""What the translator takes of an authority, the provider takes: one function decides both."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatekeeper.documents.problems import PolicyError
from gatekeeper.policy import policy_of
from gatekeeper.translation.translate import translate
from provider.questions import proof_question
from provider.signatures.trust import keys


def pem(private: Any, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    """The public half of a key."""
    return str(private.public_key().public_bytes(Encoding.PEM, form).decode())


def ecdsa(curve: ec.EllipticCurve) -> str:
    return pem(ec.generate_private_key(curve))


def rsa_of(bits: int, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    return pem(rsa.generate_private_key(65537, bits), form)


GOOD = ecdsa(ec.SECP256R1())
DAMAGED = GOOD.replace("-----END PUBLIC KEY-----", "-----END SOMETHING-----")


def trailing() -> str:
    body = base64.b64decode("".join(GOOD.splitlines()[1:-1])) + b"\0\0"
    return f"-----BEGIN PUBLIC KEY-----\n{base64.b64encode(body).decode()}\n-----END PUBLIC KEY-----\n"


def made(key: str, **authority: Any) -> Any:
    """The question that a policy with this key asks."""
    value = {
        "apiVersion": "policy.sigstore.dev/v1beta1",
        "kind": "ClusterImagePolicy",
        "metadata": {"name": "signed"},
        "spec": {"images": [{"glob": "**"}], "authorities": [{"key": {"data": key}, **authority}]},
    }
    (translation,) = translate([policy_of(value)])
    return translation.constraints[0]["spec"]["parameters"]["authorities"][0]["verify"]


def refusal(key: str, **authority: Any) -> str:
    with pytest.raises(PolicyError) as caught:
        made(key, **authority)
    return "\n".join(map(str, caught.value.problems))


@pytest.mark.parametrize(
    "key",
    [
        lambda: GOOD,
        lambda: ecdsa(ec.SECP384R1()),
        lambda: ecdsa(ec.SECP521R1()),
        lambda: rsa_of(2048),
        lambda: rsa_of(2048, PublicFormat.PKCS1),
        lambda: pem(ed25519.Ed25519PrivateKey.generate()),
        lambda: GOOD.replace("\n", "\r\n"),
        lambda: f"Our key:\n{GOOD}Ask us.",
        lambda: DAMAGED + GOOD,
        lambda: GOOD + ecdsa(ec.SECP224R1()),
    ],
    ids=[
        "P-256",
        "P-384",
        "P-521",
        "RSA",
        "PKCS1",
        "Ed25519",
        "CRLF",
        "text around",
        "damaged before",
        "another after",
    ],
)
def test_key_that_is_translated_is_one_that_the_provider_loads(key: Callable[[], str]) -> None:
    verify = proof_question.read(made(key()))
    assert verify.key is not None
    assert keys.load(verify.key.data, verify.key.hash_algorithm)


@pytest.mark.parametrize(
    "key",
    [
        lambda: ecdsa(ec.SECP224R1()),
        lambda: ecdsa(ec.SECP256K1()),
        lambda: ecdsa(ec.BrainpoolP256R1()),
        lambda: rsa_of(1024),
        lambda: pem(dsa.generate_private_key(2048)),
        lambda: pem(ed448.Ed448PrivateKey.generate()),
        lambda: pem(x25519.X25519PrivateKey.generate()),
        lambda: pem(x448.X448PrivateKey.generate()),
        trailing,
        lambda: ecdsa(ec.SECP224R1()) + GOOD,
    ],
    ids=["P-224", "K-256", "Brainpool", "RSA-1024", "DSA", "Ed448", "X25519", "X448", "trailing", "P-224 before"],
)
def test_key_that_the_provider_refuses_for_good_is_not_translated(key: Callable[[], str]) -> None:
    assert "spec.authorities[0].key.data: " in refusal(key())


def test_block_is_sent_as_it_was_written_where_it_was_well_formed() -> None:
    assert made(GOOD)["key"]["data"] == GOOD


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"oci": "gcr.io/acme//signatures"}, "source[0].oci: no signature can be there: "),
        ({"oci": "gcr.io/-/signatures"}, "source[0].oci: no signature can be there: "),
        ({"oci": "gcr.io/acme/x", "tagPrefix": "not/a/tag"}, "`tagPrefix` cannot begin a tag"),
    ],
)
def test_place_of_signatures_that_can_be_none_is_not_translated(source: Any, said: str) -> None:
    assert said in refusal(GOOD, source=[source])


def test_place_of_signatures_is_carried_over() -> None:
    assert made(GOOD, source=[{"oci": "gcr.io/acme/signatures"}])["source"] == {"oci": "gcr.io/acme/signatures"}


def test_registry_alone_is_translated_because_the_webhook_takes_it() -> None:
    assert made(GOOD, source=[{"oci": "registry.example.test"}])["source"] == {"oci": "registry.example.test"}
