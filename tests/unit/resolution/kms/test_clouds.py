"""Keys of Google's, Azure's and Amazon's services, by their documented answers."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gatekeeper.policy.kms_reference import AmazonKey, AzureKey, GoogleKey
from gatekeeper.resolution.kms import amazon, azure, google
from gatekeeper.resolution.kms.key_service import KeyServiceError
from gatekeeper.resolution.kms.services import KeyServices
from provider.registry.clouds.cloud import CloudError
from provider.registry.origin import of_url
from tests.programs import missing
from tests.simulators.key_services import WebStub, der, pem, public_key

NAME = "projects/p/locations/l/keyRings/r/cryptoKeys/k"
CLOUD_KMS = f"https://cloudkms.googleapis.com/v1/{NAME}"
VAULT = "https://shop.vault.azure.net/keys/release"
ARN = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
KMS = "https://kms.eu-west-1.amazonaws.com/"


@pytest.fixture
def web() -> WebStub:
    return WebStub()


def refusal(work, *, refuses: bool = False) -> str:
    with pytest.raises(KeyServiceError) as caught:
        work()
    assert caught.value.refuses is refuses
    return str(caught.value)


def of_google(web: WebStub, version: str = "") -> Any:
    return google.GoogleService(web, lambda: "token").public_key(GoogleKey(NAME, version))


def test_newest_enabled_version_of_google_is_the_key(web):
    key = public_key()
    versions = [("10", "ENABLED"), ("9", "ENABLED"), ("11", "DISABLED")]
    listed = [{"name": f"{NAME}/cryptoKeyVersions/{number}", "state": state} for number, state in versions]
    web.says(f"{CLOUD_KMS}/cryptoKeyVersions", {"cryptoKeyVersions": listed})
    web.says(f"{CLOUD_KMS}/cryptoKeyVersions/10/publicKey", {"pem": pem(key), "algorithm": "EC_SIGN_P256_SHA256"})
    assert of_google(web).pem == pem(key)
    assert {headers["Authorization"] for _, headers, _ in web.sent} == {"Bearer token"}


def test_version_of_google_that_is_named_is_asked_for_alone(web):
    key = public_key(ec.SECP384R1())
    web.says(f"{CLOUD_KMS}/cryptoKeyVersions/3/publicKey", {"pem": pem(key), "algorithm": "EC_SIGN_P384_SHA384"})
    found = of_google(web, "3")
    assert (found.pem, found.long_hash) == (pem(key), "sha384")
    assert len(web.sent) == 1


@pytest.mark.parametrize(
    ("body", "status", "said", "refuses"),
    [
        ({}, 403, "it needs the right cloudkms.cryptoKeyVersions.viewPublicKey", False),
        ({}, 302, "Cloud KMS answered with status 302", False),
        ({"pem": "x", "algorithm": "EC_SIGN_P256_SHA256"}, 200, "no PEM text", True),
        ({"pem": "x", "algorithm": "RSA_SIGN_PSS_2048_SHA256"}, 200, "signs with PSS", True),
        ({"pem": "x", "algorithm": "HMAC_SHA256"}, 200, "does not sign as images are signed", True),
    ],
    ids=["denied", "redirect", "garbage", "pss", "hmac"],
)
def test_what_google_answers_instead_is_told(web, body, status, said, refuses):
    web.says(f"{CLOUD_KMS}/cryptoKeyVersions/3/publicKey", body, status)
    assert said in refusal(lambda: of_google(web, "3"), refuses=refuses)


def test_google_without_an_enabled_version_or_identity_is_told(web):
    web.says(f"{CLOUD_KMS}/cryptoKeyVersions", {})
    assert "no version of the key is enabled" in refusal(lambda: of_google(web))

    def nobody() -> str:
        raise CloudError("nobody is known here")

    service = google.GoogleService(web, nobody)
    assert refusal(lambda: service.public_key(GoogleKey(NAME))) == "Cloud KMS: nobody is known here"


def number(value: int, size: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes(size, "big")).decode().rstrip("=")


def jwk(key: ec.EllipticCurvePublicKey, kind: str = "EC") -> dict[str, str]:
    numbers = key.public_numbers()
    names = {"secp256r1": ("P-256", 32), "secp384r1": ("P-384", 48), "secp521r1": ("P-521", 66)}
    curve, size = names[key.curve.name]
    return {"kty": kind, "crv": curve, "x": number(numbers.x, size), "y": number(numbers.y, size)}


def of_azure(web: WebStub, host: str = "shop.vault.azure.net", version: str = "") -> Any:
    service = azure.AzureService(web, lambda name: f"token of {name}")
    return service.public_key(AzureKey(host, "release", version))


@pytest.mark.parametrize("kind", ["EC", "EC-HSM"])
def test_curve_of_azure_is_read_of_its_numbers(web, kind):
    key = public_key(ec.SECP521R1())
    web.says(VAULT, {"key": jwk(key, kind)})
    found = of_azure(web)
    assert (found.pem, found.long_hash) == (pem(key), "sha512")
    assert web.sent[0][1]["Authorization"] == "Bearer token of vault.azure.net"


def test_rsa_key_of_azure_and_its_version(web):
    key = rsa.generate_private_key(65537, 2048).public_key()
    numbers = key.public_numbers()
    web.says(f"{VAULT}/0af1", {"key": {"kty": "RSA-HSM", "n": number(numbers.n, 256), "e": "AQAB"}})
    assert of_azure(web, version="0af1").pem == pem(key)


@pytest.mark.parametrize("host", ["v", "vault.azure.net", "shop.vault.azure.net.evil.test", "169.254.169.254"])
def test_token_of_azure_goes_to_no_other_host(web, host):
    assert "is none of its hosts" in refusal(lambda: of_azure(web, host))
    assert web.sent == []
    assert not azure.allowed(of_url(f"https://{host}"))


@pytest.mark.parametrize(
    "key",
    [{}, {"kty": "oct"}, {"kty": "EC", "crv": "P-256K"}, {"kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB"}],
    ids=["nothing", "symmetric", "another-curve", "not-on-the-curve"],
)
def test_what_azure_answers_instead_of_a_key_refuses(web, key):
    web.says(VAULT, {"key": key})
    assert refusal(lambda: of_azure(web), refuses=True)


@pytest.fixture
def of_amazon(web, monkeypatch, tmp_path):
    """By the real botocore, with keys in the environment."""
    try:
        import botocore  # noqa: F401, PLC0415 - an extra
    except ModuleNotFoundError:
        missing("the extra ecr of this package")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-secret")

    def of_amazon(endpoint: str = "", named: str = "") -> Any:
        services = KeyServices({"KMS_ENDPOINTS": named}, lambda _allowed, _: web, tmp_path)
        return services.public_key(AmazonKey(endpoint, ARN, "eu-west-1"))

    return of_amazon


def test_key_of_amazon_is_asked_for_in_the_region_of_its_arn(web, of_amazon):
    key = public_key()
    web.says(KMS, {"PublicKey": base64.b64encode(der(key)).decode(), "KeyUsage": "SIGN_VERIFY"})
    assert of_amazon().pem == pem(key)
    (sent,) = web.sent
    assert sent[0] == f"POST {KMS}"
    assert sent[1]["X-Amz-Target"] == "TrentService.GetPublicKey"
    assert "the-secret" not in str(web.sent)


def test_endpoint_that_nobody_named_is_not_asked(web, of_amazon):
    assert "name it in the environment variable KMS_ENDPOINTS" in refusal(lambda: of_amazon("169.254.169.254:443"))
    assert web.sent == []
    key = public_key()
    web.says("https://kms.test:4566/", {"PublicKey": base64.b64encode(der(key)).decode()})
    assert of_amazon("kms.test:4566", "other.test, kms.test:4566").pem == pem(key)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDeniedException", "AWS KMS denies it: the role needs the right kms:GetPublicKey"),
        ("NotFoundException", "AWS KMS has no such key, or it is disabled"),
        ("UnrecognizedClientException", "AWS KMS refused (status 400)"),
    ],
)
def test_refusal_of_amazon_says_whose_fault_it_is(web, of_amazon, code, said):
    web.says(KMS, {"__type": code, "message": "a secret"}, 400)
    assert refusal(of_amazon) == said


@pytest.mark.parametrize(
    ("answer", "refuses"),
    [({"KeyUsage": "ENCRYPT_DECRYPT", "PublicKey": "AAAA"}, True), ({"PublicKey": "AAAA"}, True), ({}, True)],
    ids=["encrypts", "garbage", "nothing"],
)
def test_what_amazon_answers_instead_of_a_key_refuses(web, of_amazon, answer, refuses):
    web.says(KMS, answer)
    assert refusal(of_amazon, refuses=refuses)


def test_amazon_that_is_away_is_told(web, of_amazon):
    web.answers[KMS] = CloudError("kms.eu-west-1.amazonaws.com cannot be reached, or did not answer in time")
    assert refusal(of_amazon).startswith("AWS KMS: kms.eu-west-1.amazonaws.com cannot be reached")


@pytest.mark.parametrize(
    ("url", "may"),
    [
        (KMS, True),
        ("https://kms.cn-north-1.amazonaws.com.cn", True),
        ("https://vpce-0a1-b2.kms.eu-west-1.vpce.amazonaws.com", True),
        ("https://named.test:8443", True),
        ("http://named.test:8443", False),
        ("https://named.test", False),
        ("http://kms.eu-west-1.amazonaws.com", False),
        ("https://kms.eu-west-1.amazonaws.com.evil.test", False),
        ("https://s3.eu-west-1.amazonaws.com", False),
        ("https://169.254.169.254", False),
    ],
)
def test_library_of_amazon_asks_its_own_hosts_and_named_ones(url, may):
    assert amazon.allowed(frozenset({"named.test:8443"}))(of_url(url)) is may


def test_extra_that_is_not_installed_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr("gatekeeper.resolution.kms.services.find_spec", lambda _: None)
    services = KeyServices({}, lambda _allowed, _: WebStub(), Path(tmp_path))
    for reference, extra in ((AmazonKey("", ARN, "eu-west-1"), "ecr"), (GoogleKey(NAME), "google")):
        said = refusal(lambda reference=reference: services.public_key(reference))
        assert said.endswith(f"is not installed: pip install 'bestbefore[{extra}]'")
