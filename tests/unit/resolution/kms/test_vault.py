"""Keys of Vault's transit engine, from a server on loopback that answers as Vault does."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatekeeper.policy.kms_reference import VaultKey
from gatekeeper.resolution.kms.key_service import KeyServiceError
from gatekeeper.resolution.kms.services import KeyServices
from provider import limits
from provider.registry.clouds.web import FixedWeb
from tests.simulators.key_services import VaultServer, pem, public_key


@pytest.fixture
def vault() -> Iterator[VaultServer]:
    with VaultServer() as running:
        yield running


@pytest.fixture
def read(vault: VaultServer, tmp_path: Path):
    def read(name: str = "release", **environment: str):
        given = {"VAULT_ADDR": vault.url, "VAULT_TOKEN": vault.TOKEN, **environment}
        services = KeyServices(given, lambda allowed, _: FixedWeb(allowed, Path(certifi.where())), tmp_path)
        return services.public_key(VaultKey(name))

    return read


@pytest.fixture
def said(read):
    def said(**environment: str) -> tuple[str, bool]:
        with pytest.raises(KeyServiceError) as caught:
            read(**environment)
        assert VaultServer.TOKEN not in str(caught.value)
        return str(caught.value), caught.value.refuses

    return said


def test_newest_version_is_the_key(vault, read):
    old, new = public_key(), public_key()
    vault.has("release", old, new)
    assert read().pem == pem(new)


def test_ed25519_key_is_32_bytes_in_base64(vault, read):
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    raw = base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    vault.has("release", raw, kind="ed25519")
    assert read().pem == pem(key)


def test_token_may_stand_in_the_file_of_its_own_program_and_is_read_each_time(vault, read, said, tmp_path):
    vault.has("release", public_key())
    (tmp_path / ".vault-token").write_text("s.expired\n")
    sentence = "Vault denies it (status 403): it needs the right to read transit/keys/release"
    assert said(VAULT_TOKEN="") == (sentence, False)
    (tmp_path / ".vault-token").write_text(vault.TOKEN + "\n")
    assert read(VAULT_TOKEN="")


def test_token_of_a_file_that_the_environment_names_is_read_each_time(vault, read, said, tmp_path):
    vault.has("release", public_key())
    given = {"VAULT_TOKEN": "", "VAULT_TOKEN_FILE": str(tmp_path / "mounted")}
    (tmp_path / ".vault-token").write_text(vault.TOKEN)
    assert said(**given)[0].startswith("Vault: there is no token"), "no other file takes its place"
    (tmp_path / "mounted").write_text(vault.TOKEN)
    assert read(**given)


def test_what_the_environment_does_not_say_is_told(said):
    assert said(VAULT_ADDR="") == ("Vault: VAULT_ADDR is not set to the URL of the server", False)
    assert said(VAULT_TOKEN="")[0].startswith("Vault: there is no token")


def test_engine_and_namespace_are_those_of_the_environment(vault, read):
    vault.raw = 200, {}, answer_of(pem(public_key()))
    read(TRANSIT_SECRET_ENGINE_PATH="/signing/transit/", VAULT_NAMESPACE="platform")
    read()
    assert vault.asked == ["/v1/signing/transit/keys/release", "/v1/transit/keys/release"]
    assert vault.namespaces == ["platform", ""]


@pytest.mark.parametrize("version", [1, "1"], ids=["Vault", "text"])
def test_answer_of_openbao_with_what_else_it_says_is_read(vault, read, version):
    """As `bao read transit/keys/release` has it, on P-384: who signs chooses the hash, so that nothing is warned of."""
    key = public_key(ec.SECP384R1())
    vault.raw = 200, {"Content-Type": "application/json"}, answer_of(pem(key), version)
    found = read()
    assert (found.pem, found.long_hash) == (pem(key), "")


def answer_of(text: str, version: object = 1) -> bytes:
    data = {
        "allow_plaintext_backup": False,
        "auto_rotate_period": 0,
        "deletion_allowed": False,
        "derived": False,
        "exportable": False,
        "keys": {"1": {"certificate_chain": "", "creation_time": "2026-11-30T10:00:00.123456789Z", "public_key": text}},
        "latest_version": version,
        "min_available_version": 0,
        "min_decryption_version": 1,
        "min_encryption_version": 0,
        "name": "release",
        "soft_deleted": False,
        "supports_signing": True,
        "type": "ecdsa-p384",
    }
    return json.dumps({"request_id": "a", "lease_id": "", "renewable": False, "data": data, "auth": None}).encode()


def test_key_that_is_not_there_is_told(said):
    assert said() == ("Vault has no such key (status 404)", False)


def test_404_of_what_stands_before_the_server_says_nothing_about_the_key(vault, read):
    for body in (b"404 page not found\n", b"<html>", b"", b"[]"):
        vault.raw = 404, {}, body
        with pytest.raises(KeyServiceError) as caught:
            read()
        assert not caught.value.gone
        assert "something that is not Vault answered with status 404" in str(caught.value)


def test_server_that_is_away_is_told(said):
    sentence, refuses = said(VAULT_ADDR="http://127.0.0.1:1")
    assert sentence == "Vault: 127.0.0.1:1 cannot be reached, or did not answer in time"
    assert not refuses


def test_sealed_server_may_answer_later(vault, said):
    vault.raw = 503, {}, b'{"errors":["Vault is sealed"]}'
    sentence, refuses = said()
    assert "answered with an error of its own (status 503)" in sentence
    assert not refuses


def test_redirect_to_the_metadata_address_is_not_followed(vault, said):
    vault.raw = 307, {"Location": "http://169.254.169.254/latest/meta-data/"}, b""
    assert said() == ("Vault answered with status 307", False)
    assert vault.asked == ["/v1/transit/keys/release"]


def test_answer_of_10_mb_is_left(vault, said):
    vault.raw = 200, {}, b"{" + b" " * 10_000_000
    assert f"sent more than {limits.CLOUD_BYTES} bytes" in said()[0]


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"<html>", "no JSON"),
        (b"[]", "no JSON object"),
        (b"{}", "a key that does not sign: it has no public half"),
        (b'{"data":{"type":"aes256-gcm96","latest_version":1,"keys":{"1":1700000000}}}', "a key that does not sign"),
        (b'{"data":{"latest_version":1,"keys":{"1":{"public_key":"nonsense"}}}}', "no PEM text"),
        (b'{"data":{"type":"ed25519","latest_version":1,"keys":{"1":{"public_key":"!"}}}}', "no base64"),
        (b'{"data":{"type":"ed25519","latest_version":1,"keys":{"1":{"public_key":"AAAA"}}}}', "no Ed25519 key"),
        (b"[" * 100_000, "no JSON"),
    ],
    ids=["html", "list", "empty", "symmetric", "no-pem", "no-base64", "short", "deep"],
)
def test_answer_that_is_no_key_refuses(vault, said, body, what):
    vault.raw = 200, {}, body
    sentence, refuses = said()
    assert what in sentence
    assert refuses
