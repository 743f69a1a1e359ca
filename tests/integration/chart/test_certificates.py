"""Whose certificates the chart makes, mounts and trusts."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from gatekeeper.controller import settings
from gatekeeper.controller.settings import CertificateMode
from tests.integration.chart.helm import CHART, Helm, Object, Rendering

pytestmark = pytest.mark.integration


def test_what_the_controller_writes_is_rendered_nowhere(helm: Helm) -> None:
    """Two writers of one field end in a conflict at the next upgrade or rollback."""
    for mode in ("controller", "certManager"):
        rendering = helm.render(values=[f"certificates.mode={mode}"])
        assert not list(rendering.of("Secret"))
        assert not list(rendering.of("Provider"))
        assert "caBundle" not in rendering.text
        assert rendering.settings_of("controller")["certificates"] == mode
        assert volume(rendering, "tls")["secretName"] == rendering.settings_of("controller")["certificate_secret"]
        assert not volume(rendering, "tls").get("optional", False), "Pods wait for it, and do not end again and again"


def test_controller_knows_the_timeouts_and_the_certificate_of_helm_test(helm: Helm, tmp_path: Path) -> None:
    rendering = helm.render(values=["provider.timeouts.audit=20", "provider.waits.audit=5"])
    (tmp_path / "control.yaml").write_text(yaml.safe_dump(rendering.settings_of("controller")))
    chosen = settings.load({"config": str(tmp_path / "control.yaml")}, {}).certificates
    assert chosen.certificates is CertificateMode.CONTROLLER
    assert chosen.provider_url == "https://bestbefore.gatekeeper-system.svc:8443"
    timeouts = (chosen.validate_timeout_seconds, chosen.audit_timeout_seconds, chosen.mutate_timeout_seconds)
    assert timeouts == (2, 20, 1)
    assert chosen.client_certificate_secret == volume(rendering, "own-client-ca")["secretName"]
    without = helm.render(values=["doctor.enabled=false"])
    assert "client_certificate_secret" not in without.settings_of("controller")


def test_cert_manager_is_asked_for_what_the_pods_mount(helm: Helm) -> None:
    rendering = helm.render(CHART / "ci" / "cert-manager-values.yaml")
    asked = {found["spec"]["secretName"]: found["spec"] for found in rendering.of("Certificate")}
    assert asked.keys() == {volume(rendering, "tls")["secretName"], volume(rendering, "own-client-ca")["secretName"]}
    server = asked[volume(rendering, "tls")["secretName"]]
    assert server["issuerRef"] == {"name": "platform", "kind": "ClusterIssuer", "group": "cert-manager.io"}
    assert (server["duration"], server["renewBefore"]) == ("1440h", "480h")
    assert urlsplit(rendering.settings_of("controller")["provider_url"]).hostname in server["dnsNames"]
    client = asked[volume(rendering, "own-client-ca")["secretName"]]
    # An issuer of many would let in whoever it certifies.
    (issuer,) = (found for found in rendering.of("Issuer") if found["metadata"]["name"] == client["issuerRef"]["name"])
    assert issuer["spec"] == {"selfSigned": {}}
    assert client["usages"] == ["digital signature", "client auth"]


def test_without_an_issuer_cert_manager_makes_an_authority_of_our_own(helm: Helm) -> None:
    rendering = helm.render(values=["certificates.mode=certManager"])
    asked = {found["metadata"]["name"]: found["spec"] for found in rendering.of("Certificate")}
    issuers = {found["metadata"]["name"]: found["spec"] for found in rendering.of("Issuer")}
    authority = issuers[asked["bestbefore-tls"]["issuerRef"]["name"]]["ca"]["secretName"]
    (made,) = (spec for spec in asked.values() if spec["secretName"] == authority)
    assert made["isCA"] is True
    assert issuers[made["issuerRef"]["name"]] == {"selfSigned": {}}


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


def test_provider_trusts_that_authority_and_never_sees_the_key(helm: Helm) -> None:
    enabled = helm.render()
    secret = volume(enabled, "own-client-ca")
    assert secret["items"] == [{"key": "ca.crt", "path": "ca.crt"}]
    assert secret["optional"] is True
    assert enabled.settings["own_client_ca"] == "/etc/bestbefore/own-client-ca/ca.crt"
    (found,) = (each["secret"] for each in enabled.pod_of("doctor")["volumes"] if each["name"] == "client")
    assert found["secretName"] == secret["secretName"] == "bestbefore-client-tls"
    assert [item["key"] for item in found["items"]] == ["tls.crt", "tls.key"]


def test_controller_has_no_key_because_it_asks_the_provider_nothing(rendering: Rendering) -> None:
    assert not [each for each in rendering.pod_of("controller")["volumes"] if "secret" in each]


def test_without_doctor_nobody_else_is_trusted(helm: Helm) -> None:
    alone = helm.render(values=["doctor.enabled=false"])
    assert "own_client_ca" not in alone.settings


def test_own_certificate_for_clients_is_the_named_secret(helm: Helm) -> None:
    assert (
        volume(helm.render(CHART / "ci" / "secret-values.yaml"), "own-client-ca")["secretName"] == "bestbefore-client"
    )


def volume(rendering: Rendering, name: str) -> Object:
    """The Secret that a volume mounts."""
    (found,) = (volume for volume in rendering.pod["volumes"] if volume["name"] == name)
    secret: Object = found["secret"]
    return secret
