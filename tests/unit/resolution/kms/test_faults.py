"""Each service with the same faults: what is said, whether the policy is refused, and that nobody else is asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

from gatekeeper.policy.kms_reference import AmazonKey, AzureKey, GoogleKey, VaultKey
from gatekeeper.resolution.kms import azure, google, vault
from gatekeeper.resolution.kms.key_service import KeyServiceError
from gatekeeper.resolution.kms.services import KeyServices
from provider import limits
from provider.registry.clouds.cloud import CloudError
from provider.registry.clouds.web import FixedWeb, Web, WebAnswer
from provider.registry.origin import Origin
from tests.programs import missing
from tests.simulators.key_services import WebStub

SECRET: Final = "s.of-the-controller"
AMAZON: Final = AmazonKey("", "arn:aws:kms:eu-west-1:123456789012:alias/release", "eu-west-1")
ELSEWHERE: Final = {"Location": "https://elsewhere.test/"}


@dataclass(frozen=True)
class Service:
    """A service as a fault finds it.

    Attributes:
        url: that is asked for a key.
        read: reads one.
        right: that it names where it denies.
        denial: how it denies: status and body.
    """

    url: str
    read: Callable[[Web, Path], Any]
    right: str
    denial: tuple[int, bytes] = (403, b"{}")


def of_amazon(web: Web, home: Path) -> Any:
    return KeyServices({}, lambda _allowed, _: web, home).public_key(AMAZON)


def of_google(web: Web, _: Path) -> Any:
    name = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
    return google.GoogleService(web, lambda: SECRET).public_key(GoogleKey(name, "3"))


def of_azure(web: Web, _: Path) -> Any:
    return azure.AzureService(web, lambda _: SECRET).public_key(AzureKey("shop.vault.azure.net", "release"))


def of_vault(web: Web, home: Path) -> Any:
    environment = {"VAULT_ADDR": "https://vault.test:8200", "VAULT_TOKEN": SECRET}
    return vault.VaultService(web, environment, home).public_key(VaultKey("release"))


SERVICES: Final = {
    "amazon": Service(
        "https://kms.eu-west-1.amazonaws.com/",
        of_amazon,
        "kms:GetPublicKey",
        (400, b'{"__type": "AccessDeniedException", "message": "words-of-theirs"}'),
    ),
    "google": Service(
        "https://cloudkms.googleapis.com/v1/projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/3/publicKey",
        of_google,
        "cloudkms.cryptoKeyVersions.viewPublicKey",
    ),
    "azure": Service("https://shop.vault.azure.net/keys/release", of_azure, "keys/get"),
    "vault": Service("https://vault.test:8200/v1/transit/keys/release", of_vault, "to read transit/keys/release"),
}


class ClosedWeb(FixedWeb):
    """Connects to nobody, and notes to which of the hosts that are allowed it would have."""

    def __init__(self, allowed: Callable[[Origin], bool], connected: list[str]) -> None:
        super().__init__(allowed, Path("none"))
        self._connected = connected

    def _pool(self, where: Origin) -> Any:
        self._connected.append(where.host)
        raise CloudError("closed")


@pytest.fixture(params=list(SERVICES))
def service(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Service:
    if request.param == "amazon" and find_spec("botocore") is None:
        missing("the extra ecr of this package")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    return SERVICES[request.param]


@pytest.fixture
def said(service: Service, tmp_path: Path) -> Callable[[WebAnswer | CloudError], KeyServiceError]:
    def said(answer: WebAnswer | CloudError) -> KeyServiceError:
        web = WebStub()
        web.answers[service.url] = answer
        with pytest.raises(KeyServiceError) as caught:
            service.read(web, tmp_path)
        (sent,) = web.sent
        assert sent[0].partition(" ")[2].partition("?")[0] == service.url, "asked once, and nobody else"
        assert SECRET not in str(caught.value)
        assert "words-of-theirs" not in str(caught.value)
        return caught.value

    return said


def answer(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> WebAnswer:
    return WebAnswer(status, headers or {"Content-Type": "application/json"}, body)


@pytest.mark.parametrize(
    "sentence",
    [
        "cannot be reached, or did not answer in time",
        f"took too long, or sent more than {limits.CLOUD_BYTES} bytes",
        "answered with an error of its own (status 503)",
    ],
    ids=["away", "slow-or-large", "ill"],
)
def test_service_that_may_answer_later_refuses_nothing(said, sentence):
    error = said(CloudError(f"kms.test {sentence}"))
    assert sentence in str(error)
    assert (error.refuses, error.gone) == (False, False)


def test_service_that_denies_names_the_right(service, said):
    error = said(answer(*service.denial))
    assert "denies it" in str(error)
    assert service.right in str(error)
    assert (error.refuses, error.gone) == (False, False)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_is_no_key_and_is_not_followed(said, status):
    error = said(answer(status, b"", ELSEWHERE))
    assert f"status {status}" in str(error)
    assert not error.refuses


@pytest.mark.parametrize("body", [b"", b"<html>words-of-theirs</html>", b"[]", b"null", b'"text"', b"[" * 50_000])
def test_answer_that_is_none_is_told_in_our_words(said, body):
    assert said(answer(200, body))


def everywhere(pem_text: object) -> bytes:
    """A key that is no text where each service has its key."""
    value: dict[str, Any] = {
        "PublicKey": pem_text,
        "pem": pem_text,
        "key": {"kty": "EC", "crv": pem_text, "x": pem_text, "y": pem_text},
        "data": {"latest_version": "1", "keys": {"1": {"public_key": pem_text}}},
    }
    return json.dumps(value).encode()


@pytest.mark.parametrize("value", [None, 7, ["x"], {"a": "b"}, "", "AAAA", "-----BEGIN PUBLIC KEY-----\n"])
def test_key_of_another_type_is_told_in_our_words(said, value):
    assert "AAAA" not in str(said(answer(200, everywhere(value))))


@pytest.mark.parametrize("service", ["amazon"], indirect=True)
def test_symmetric_key_of_amazon_refuses(said):
    assert said(answer(400, b'{"__type": "UnsupportedOperationException"}')).refuses


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AWS_ENDPOINT_URL", "https://elsewhere.test"),
        ("AWS_ENDPOINT_URL_KMS", "https://elsewhere.test"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://elsewhere.test/credentials"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://elsewhere.test"),
    ],
)
def test_variable_leads_the_identity_of_amazon_to_no_other_host(monkeypatch, tmp_path, variable, value):
    if variable.startswith("AWS_ENDPOINT"):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv(variable, value)
    connected: list[str] = []
    services = KeyServices({}, lambda allowed, _: ClosedWeb(allowed, connected), tmp_path)
    with pytest.raises(KeyServiceError):
        services.public_key(AMAZON)
    assert "elsewhere.test" not in connected
    assert not (variable.startswith("AWS_ENDPOINT") and connected)


@pytest.mark.parametrize("host", ["https://elsewhere.test/", "https://login.microsoftonline.com.elsewhere.test"])
def test_variable_leads_the_identity_of_azure_to_no_other_host(monkeypatch, tmp_path, host):
    token = tmp_path / "token"
    token.write_text(SECRET)
    for name, value in {
        "AZURE_AUTHORITY_HOST": host,
        "AZURE_CLIENT_ID": "client",
        "AZURE_TENANT_ID": "tenant",
        "AZURE_FEDERATED_TOKEN_FILE": str(token),
    }.items():
        monkeypatch.setenv(name, value)
    connected: list[str] = []
    services = KeyServices({}, lambda allowed, _: ClosedWeb(allowed, connected), tmp_path)
    with pytest.raises(KeyServiceError) as caught:
        services.public_key(AzureKey("shop.vault.azure.net", "release"))
    assert connected == []
    assert SECRET not in str(caught.value)
