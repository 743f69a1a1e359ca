"""What doctor sees of what is really served: by the provider, and by what should not be there."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatekeeper.doctor.probes import NetworkProbes
from gatekeeper.doctor.provider_pod import ProviderReport
from gatekeeper.doctor.reading import ReadFailure
from gatekeeper.doctor.served_certificate import ServedCertificate
from provider.version import VERSION
from tests.integration.server.conftest import Provider
from tests.simulators.certificates import Authority, of_another_version
from tests.simulators.fixed_answer import serving

pytestmark = pytest.mark.integration

_INSIDE = NetworkProbes(inside=True)


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Certifies the provider."""
    return Authority()


@pytest.fixture(scope="module")
def running(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """The provider."""
    folder = tmp_path_factory.mktemp("provider")
    provider = Provider(authority.server(folder), folder)
    yield provider
    provider.close()


def _looked(port: int, authorities: bytes) -> ServedCertificate:
    found = _INSIDE.look("127.0.0.1", port, authorities)
    assert isinstance(found, ServedCertificate)
    return found


def test_provider_is_vouched_for_and_asks_for_a_certificate(running: Provider, authority: Authority) -> None:
    found = _looked(running.port, authority.pem)
    assert (found.problem, found.asks_back) == ("", True)
    assert "trustme" in found.issuer
    assert 29 < (found.expires - time.time()) / 86400 < 31


def test_strangers_authority_does_not_vouch(running: Provider) -> None:
    found = _looked(running.port, Authority().pem)
    assert "certificate" in found.problem
    assert "trustme" in found.issuer


def test_one_of_two_authorities_is_enough(running: Provider, authority: Authority) -> None:
    assert _looked(running.port, Authority().pem + authority.pem).problem == ""


@pytest.mark.parametrize(
    "bundle", [b"", b"PEM", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_bundle_without_a_certificate_vouches_for_nobody(running: Provider, bundle: bytes) -> None:
    assert _looked(running.port, bundle).problem == "the Provider's caBundle holds no certificate"


def test_name_that_is_not_in_the_certificate_is_a_problem(running: Provider, authority: Authority) -> None:
    found = _INSIDE.look("127.0.0.2", running.port, authority.pem)
    assert isinstance(found, ReadFailure) or "IP address mismatch" in found.problem


def test_provider_says_version_waits_and_time(running: Provider) -> None:
    found = _INSIDE.report("127.0.0.1", running.plain_port)
    assert isinstance(found, ProviderReport)
    assert found.version == VERSION
    assert found.waits == {"validate": 1.2, "audit": 9.0, "mutate": 0.7, "presence": 9.0}
    assert found.ahead is not None
    assert abs(found.ahead) < 2
    assert found.expiries["server"] > time.time()
    assert found.unusable == found.rejections == {}


def test_port_of_something_else_has_no_report(running: Provider) -> None:
    assert isinstance(_INSIDE.report("127.0.0.1", running.port), ReadFailure)


def _context(authority: Authority, folder: Path, version: ssl.TLSVersion) -> ssl.SSLContext:
    files = authority.server(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    context.maximum_version = version
    return context


def test_server_that_asks_nobody_for_a_certificate_is_seen(authority: Authority, tmp_path: Path) -> None:
    context = _context(authority, tmp_path, ssl.TLSVersion.TLSv1_3)
    with serving(b"HTTP/1.1 200 OK\r\n\r\n", context) as port:
        assert _looked(port, authority.pem).asks_back is False


def test_certificate_that_nobody_can_read_is_a_problem(authority: Authority, tmp_path: Path) -> None:
    files = authority.server(tmp_path)
    files.certificate.write_bytes(of_another_version(files.certificate.read_bytes()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    with serving(b"HTTP/1.1 200 OK\r\n\r\n", context) as port:
        found = _looked(port, authority.pem)
    assert found.problem != ""
    assert found.issuer == "nobody that can be read"


def test_server_of_older_tls_is_not_judged(authority: Authority, tmp_path: Path) -> None:
    with serving(b"", _context(authority, tmp_path, ssl.TLSVersion.TLSv1_2)) as port:
        found = _INSIDE.look("127.0.0.1", port, authority.pem)
    assert isinstance(found, ReadFailure)
    assert "no TLS 1.3" in found.why


def test_server_without_tls_is_not_judged(authority: Authority) -> None:
    with serving(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        found = _INSIDE.look("127.0.0.1", port, authority.pem)
    assert isinstance(found, ReadFailure)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nno { page",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nup 1",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"\x00\xff",
        b"",
    ],
)
def test_page_that_is_none_is_not_judged(answer: bytes) -> None:
    with serving(answer) as port:
        assert isinstance(_INSIDE.report("127.0.0.1", port), ReadFailure)


@pytest.mark.parametrize(("inside", "words"), [(True, "it cannot be reached ("), (False, "from outside the cluster (")])
def test_nobody_there(inside: bool, words: str, authority: Authority) -> None:
    probes = NetworkProbes(inside)
    for found in (probes.look("127.0.0.1", 1, authority.pem), probes.report("127.0.0.1", 1)):
        assert isinstance(found, ReadFailure)
        assert words in found.why
        assert found.elsewhere is not inside


def test_name_that_nobody_knows(authority: Authority) -> None:
    found = NetworkProbes(inside=False).look("bestbefore.nowhere.invalid", 8443, authority.pem)
    assert isinstance(found, ReadFailure)
    assert "its name is not known" in found.why
