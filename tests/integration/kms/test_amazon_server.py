"""Keys of AWS KMS, from moto's over TLS, by the real botocore and an endpoint that the policy names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from gatekeeper.policy.kms_reference import parse
from gatekeeper.resolution.kms.key_service import KeyServiceError, ServiceKey
from gatekeeper.resolution.kms.services import KeyServices, of_environment
from tests.simulators.amazon_kms import AmazonKms

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def amazon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AmazonKms]:
    with AmazonKms(tmp_path_factory.mktemp("kms")) as running:
        yield running


@pytest.fixture
def services(amazon, monkeypatch) -> KeyServices:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-controller")
    return of_environment({"KMS_ENDPOINTS": amazon.endpoint, "SSL_CERT_FILE": str(amazon.authority)})


@pytest.fixture
def read(amazon, services) -> Callable[[str], ServiceKey]:
    return lambda arn: services.public_key(parse(f"awskms://{amazon.endpoint}/{arn}"))


def expected(amazon: AmazonKms, arn: str) -> object:
    return load_der_public_key(amazon.client.get_public_key(KeyId=arn)["PublicKey"])


@pytest.mark.parametrize(
    ("spec", "kind", "long_hash"),
    [
        ("ECC_NIST_P256", ec.EllipticCurvePublicKey, ""),
        ("ECC_NIST_P384", ec.EllipticCurvePublicKey, "sha384"),
        ("ECC_NIST_P521", ec.EllipticCurvePublicKey, "sha512"),
        ("RSA_2048", rsa.RSAPublicKey, ""),
    ],
)
def test_key_comes_with_the_hash_that_its_service_signs_with(amazon, read, spec, kind, long_hash):
    arn = amazon.key(spec)
    found = read(arn)
    key = load_pem_public_key(found.pem.encode())
    assert isinstance(key, kind)
    assert key == expected(amazon, arn)
    assert found.long_hash == long_hash


def test_alias_that_means_another_key_now_is_rotated(amazon, read):
    old, new = amazon.key(), amazon.key()
    alias = amazon.alias("release", old)
    before = read(alias)
    amazon.alias("release", new)
    after = read(alias)
    assert before != after
    assert load_pem_public_key(after.pem.encode()) == expected(amazon, new)


def test_curve_that_no_signature_is_checked_with_refuses(amazon, read):
    with pytest.raises(KeyServiceError, match="no key that can be used") as caught:
        read(amazon.key("ECC_SECG_P256K1"))
    assert caught.value.refuses


def test_key_that_is_not_there_is_gone(amazon, read):
    arn = f"{amazon.key().rpartition('/')[0]}/00000000-0000-0000-0000-000000000000"
    with pytest.raises(KeyServiceError, match="has no such key, or it is disabled") as caught:
        read(arn)
    assert caught.value.gone


def test_symmetric_key_is_not_taken(amazon, read):
    with pytest.raises(KeyServiceError, match="does not sign") as caught:
        read(amazon.key("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"))
    assert caught.value.refuses
    assert "of-the-controller" not in str(caught.value)


def test_endpoint_that_nobody_named_gets_no_request(amazon, services, monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr("provider.registry.clouds.web.FixedWeb.send", lambda *request, **_: asked.append(request[2]))
    reference = parse(f"awskms://127.0.0.1:{amazon.endpoint.rpartition(':')[2]}/{amazon.key()}")
    with pytest.raises(KeyServiceError, match="none of Amazon's"):
        services.public_key(reference)
    assert asked == []


def test_endpoint_whose_certificate_nobody_knows_is_not_asked(amazon, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-controller")
    strangers = of_environment({"KMS_ENDPOINTS": amazon.endpoint})
    with pytest.raises(KeyServiceError, match="cannot be reached") as caught:
        strangers.public_key(parse(f"awskms://{amazon.endpoint}/{amazon.key()}"))
    assert not caught.value.refuses
