"""Public keys in PEM form, and references to keys elsewhere."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.policy.validation import keys, kms

PEM = (
    ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
OTHER = (
    ed25519.Ed25519PrivateKey.generate()
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
ARN = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"


def test_the_first_well_formed_block_counts():
    broken = PEM.replace("-----END PUBLIC KEY-----", "-----END KEY-----")
    assert keys.first_block(OTHER + PEM).content == keys.first_block(OTHER).content
    assert keys.first_block("some text\n" + broken + OTHER).content == keys.first_block(OTHER).content


@pytest.mark.parametrize(
    "text",
    [PEM, PEM.strip(), PEM.replace("\n", "\r\n"), PEM.replace("=\n", "= \t\n"), "text\n" + PEM + "text", PEM + OTHER],
    ids=["plain", "no-newline", "windows", "blanks", "text-around", "two"],
)
def test_a_key_is_read_as_leniently_as_go_reads_it(text):
    assert keys.problem(text) == ""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it holds no PEM block"),
        (" " + PEM, "it holds no PEM block"),
        (PEM.replace("PUBLIC", "PRIVATE"), "it is a PRIVATE KEY, not a PUBLIC KEY"),
        (PEM.replace("PUBLIC", "RSA PUBLIC"), "its content is no RSA key"),
        (PEM.replace("MFkw", "MFkx"), "its content is no public key"),
        (PEM.replace("MFkw", "MF!w"), "it holds no PEM block"),
        (PEM + "-----BEGIN PUBLIC KEY-----\n", ""),
    ],
)
def test_what_is_no_key_is_told_by_its_reason(text, problem):
    assert keys.problem(text) == problem


def test_bytes_after_the_key_are_refused():
    der = base64.b64encode(keys.first_block(PEM).content + b"\0").decode()
    assert (
        keys.problem(f"-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n") == "its content is no public key"
    )


@given(st.text())
def test_any_text_is_a_key_or_has_a_reason(text):
    assert keys.problem(text)


@pytest.mark.parametrize(
    ("name", "algorithm"),
    [("", "sha256"), (" SHA512\n", "sha512"), ("sha224", "sha224"), ("md5", None), ("sha-256", None)],
)
def test_hash_algorithms_by_name(name, algorithm):
    assert keys.hash_algorithm(name) == algorithm


@pytest.mark.parametrize(
    "text", ["-----BEGIN PRIVATE KEY-----", "-----begin encrypted sigstore", "my secret", "MIGHAgEA" * 10]
)
def test_what_may_be_private_is_known_as_such(text):
    assert keys.is_secret(text)


@pytest.mark.parametrize("text", ["", "not a key", PEM, PEM[:100]], ids=["nothing", "words", "key", "part of a key"])
def test_what_says_that_it_is_public_may_be_shown(text):
    assert not keys.is_secret(text)


def test_very_many_header_lines_are_read_in_one_pass():
    lines = "a:b\n" * 100_000
    assert (
        keys.problem(f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n")
        == "its content is no public key"
    )


@pytest.mark.parametrize(
    "reference",
    [
        "gcpkms://x",
        "azurekms://v/k",
        "hashivault://k",
        f"awskms:///{ARN}",
        f"awskms://localhost:4566/{ARN}",
        f"awskms://[::1]:1/{ARN}",
    ],
)
def test_references_to_keys_elsewhere(reference):
    assert kms.problem(reference) == ""


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("k8s://shop/key", "malformed KMS format, should be prefixed by"),
        ("awskms://x", "malformed AWS KMS format"),
        ("awskms:///x", "kms key should be in the format"),
        (f"awskms:///{ARN}\n", "kms key should be in the format"),
        (f"awskms://{ARN}/alias/x", "kms key should be in the format"),
        (f"awskms://h/{ARN}", "malformed endpoint: address h: missing port in address"),
        (f"awskms://a:b:1/{ARN}", "malformed endpoint: address a:b:1: too many colons in address"),
        (f"awskms://[::1/{ARN}", "malformed endpoint: address [::1: missing ']' in address"),
        (f"awskms://[::1]/{ARN}", "malformed endpoint: address [::1]: missing port in address"),
        (f"awskms://[a]:1:2/{ARN}", "malformed endpoint: address [a]:1:2: too many colons in address"),
        (f"awskms://[a[]:1/{ARN}", "malformed endpoint: address [a[]:1: unexpected '[' in address"),
        (f"awskms://a]:1/{ARN}", "malformed endpoint: address a]:1: unexpected ']' in address"),
        ("awskms:///alias/x", "failed to parse either key or alias arn: arn: invalid prefix"),
    ],
)
def test_what_is_no_reference_is_told_in_the_webhooks_words(reference, problem):
    assert kms.problem(reference).startswith(problem)


@pytest.mark.parametrize(
    "reference",
    [
        pytest.param(f"awskms://u@kms.eu-west-1.amazonaws.com:443/{ARN}", id="user in an endpoint"),
        pytest.param(f"awskms://kms.eu-west-1.amazonaws.com:443@evil.example/{ARN}", id="host as a user"),
        pytest.param(f"awskms://kms.eu-west-1.amazonaws.com?:443/{ARN}", id="query in an endpoint"),
        pytest.param(f"awskms://kms.eu-west-1.amazonaws.com\\.evil.example:443/{ARN}", id="backslash in an endpoint"),
        pytest.param(f"awskms://kms.eu-west-1.amazonaws.com\t:443/{ARN}", id="tab in an endpoint"),
        pytest.param(f"awskms://kms.eu-west-1.amazonaws.com:x/{ARN}", id="port of letters"),
        pytest.param(f"awskms://kms.eu-west-1.amazonaws.com:/{ARN}", id="no port"),
        pytest.param(f"awskms://kms.eu-west-1.amazonaws.com:99999/{ARN}", id="port beyond all"),
        pytest.param(f"awskms://kms。eu:443/{ARN}", id="foreign stop"),
        pytest.param(f"awskms:///{ARN.replace('eu-west-1', '-')}", id="region of a dash"),
        pytest.param("gcpkms://projects/../locations/l/keyRings/r/cryptoKeys/k", id="way up"),
        pytest.param("gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/.", id="way to nowhere"),
        pytest.param("gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k/versions/0", id="version of nothing"),
        pytest.param(f"gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k/versions/{'9' * 400}", id="version"),
        pytest.param("azurekms://.vault.azure.net/k", id="vault without a name"),
        pytest.param("azurekms://v.vault.azure.net./k", id="stop behind a host"),
        pytest.param("hashivault://a/../../sys", id="way out of the engine"),
        pytest.param("hashivault://k\n", id="end of a line"),
    ],
)
def test_reference_by_which_no_key_can_be_found_is_an_error(reference):
    assert "should be in the format" in kms.own_problem(reference)


@pytest.mark.parametrize(
    "reference",
    [
        pytest.param(f"awskms:///{ARN}", id="AWS"),
        pytest.param(f"awskms://localhost:4566/{ARN}", id="AWS by an endpoint"),
        pytest.param(f"awskms://[::1]:1/{ARN}", id="AWS by an address"),
        pytest.param("gcpkms://projects/example.com:p/locations/global/keyRings/r.s/cryptoKeys/k_1", id="Google"),
        pytest.param("gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/12", id="version"),
        pytest.param("azurekms://V.vault.azure.net/k/1a", id="Azure"),
        # As the webhook has it; which hosts are vaults the client knows, and asks no other.
        pytest.param("azurekms://v/k", id="Azure by a name"),
        pytest.param("hashivault://release-2.0", id="Vault"),
    ],
)
def test_reference_of_each_form_is_none(reference):
    assert kms.own_problem(reference) == ""
