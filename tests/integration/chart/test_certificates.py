"""Whose certificates the chart makes, mounts and trusts."""

from __future__ import annotations

import base64
import datetime as dt
from urllib.parse import urlsplit

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.integration.chart.helm import CHART, Helm, Object, Rendering

pytestmark = pytest.mark.integration


def test_secret_and_providers_share_one_certificate_authority(rendering: Rendering) -> None:
    bundles = {found["spec"]["caBundle"] for found in rendering.of("Provider")}
    assert bundles == {rendering.one("Secret")["data"]["ca.crt"]}


def test_certificate_is_proved_by_the_bundle_and_names_the_address(rendering: Rendering) -> None:
    data = {name: base64.b64decode(value) for name, value in rendering.one("Secret")["data"].items()}
    leaf, authority = (x509.load_pem_x509_certificate(data[name]) for name in ("tls.crt", "ca.crt"))
    key = serialization.load_pem_private_key(data["tls.key"], None)
    leaf.verify_directly_issued_by(authority)
    assert leaf.public_key() == key.public_key()
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    for found in rendering.of("Provider"):
        assert urlsplit(found["spec"]["url"]).hostname in names
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc >= dt.timedelta(days=3649)


def test_key_of_the_authority_is_kept_nowhere(rendering: Rendering) -> None:
    assert rendering.text.count("tls.key: ") == 1
    assert set(rendering.one("Secret")["data"]) == {"tls.crt", "tls.key", "ca.crt"}


def test_own_certificates_are_trusted_and_none_are_made(helm: Helm) -> None:
    values = CHART / "ci" / "secret-values.yaml"
    own = helm.render(values)
    bundle = yaml.safe_load(values.read_text(encoding="utf-8"))["certificates"]["caBundle"]
    assert not list(own.of("Secret"))
    assert {base64.b64decode(found["spec"]["caBundle"]).decode() for found in own.of("Provider")} == {bundle}
    assert volume(own, "tls")["secretName"] == "bestbefore-serving"


def test_clients_are_checked_against_gatekeepers_authority(rendering: Rendering) -> None:
    secret = volume(rendering, "client-ca")
    assert secret["secretName"] == "gatekeeper-webhook-server-cert"
    assert secret["items"] == [{"key": "ca.crt", "path": "ca.crt"}]
    assert not secret.get("optional", False)


def test_client_authority_of_another_namespace_is_the_named_secret(helm: Helm) -> None:
    secret = volume(helm.render(CHART / "ci" / "secret-values.yaml"), "client-ca")
    assert (secret["secretName"], secret["items"]) == ("gatekeeper-ca", [{"key": "ca.pem", "path": "ca.crt"}])


def volume(rendering: Rendering, name: str) -> Object:
    """The Secret that a volume mounts."""
    (found,) = (volume for volume in rendering.pod["volumes"] if volume["name"] == name)
    secret: Object = found["secret"]
    return secret
