"""What the controller makes is what the provider's TLS and its clients take, in memory."""

from __future__ import annotations

import contextlib
import dataclasses
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gatekeeper.certificates import leaf, pem
from gatekeeper.certificates.leaf import Purpose
from provider.clock import SystemClock
from provider.server import tls
from provider.server.tls import TLSFiles
from tests.simulators.certificates import Authority
from tests.unit.certificates.world import CLIENT_SECRET, HOSTS, CertificateWorld


@pytest.fixture
def world() -> CertificateWorld:
    """With certificates that are valid now: TLS has no other clock."""
    world = CertificateWorld()
    world.clock.advance(SystemClock().now() - world.clock.now())
    world.round()
    return world


@pytest.fixture
def files(world: CertificateWorld, tmp_path: Path) -> TLSFiles:
    """The provider's, as the chart mounts them; its clients are certified by somebody else, or are our own."""
    made = Authority().server(tmp_path)
    made.certificate.write_bytes(world.data()["tls.crt"])
    made.key.write_bytes(world.data()["tls.key"])
    own = tmp_path / "own-ca.crt"
    own.write_bytes(world.data(CLIENT_SECRET)["ca.crt"])
    return dataclasses.replace(made, own_client_ca=own)


@pytest.mark.parametrize("host", HOSTS)
def test_own_client_is_let_in_and_believes_the_provider(world, files, tmp_path, host):
    pair = written(world.data(CLIENT_SECRET), tmp_path)
    assert shakes_hands(files, world.data()["ca.crt"], pair, host)


def test_stranger_is_not_let_in(world, files, tmp_path):
    assert not shakes_hands(files, world.data()["ca.crt"], Authority().client(tmp_path), HOSTS[0])


def test_provider_under_another_name_or_of_another_authority_is_not_believed(world, files, tmp_path):
    pair = written(world.data(CLIENT_SECRET), tmp_path)
    assert not shakes_hands(files, world.data()["ca.crt"], pair, "elsewhere.svc")
    assert not shakes_hands(files, Authority().pem, pair, HOSTS[0])


def test_server_cannot_play_a_client_nor_a_client_the_server(world, files, tmp_path):
    authority = world.data()["ca.crt"]
    assert files.own_client_ca is not None
    files.own_client_ca.write_bytes(authority)
    assert not shakes_hands(files, authority, written(world.data(), tmp_path), HOSTS[0])


def test_certificate_that_certifies_itself_lets_in_its_owner_alone(world, files, tmp_path):
    """As cert-manager's issuer of that kind makes it: the authority in the Secret is the certificate."""
    one, other = (self_certified(tmp_path / name) for name in ("one", "other"))
    assert files.own_client_ca is not None
    files.own_client_ca.write_bytes(one[0].read_bytes())
    assert shakes_hands(files, world.data()["ca.crt"], one, HOSTS[0])
    assert not shakes_hands(files, world.data()["ca.crt"], other, HOSTS[0])


def self_certified(folder: Path) -> tuple[Path, Path]:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bestbefore client")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(leaf.usage_of(Purpose.CLIENT), critical=False)
        .sign(key, hashes.SHA256())
    )
    return written({"tls.crt": pem.text_of([certificate]), "tls.key": pem.text_of_key(key)}, folder)


def written(data: dict[str, bytes], folder: Path) -> tuple[Path, Path]:
    """Certificate and key in files."""
    folder.mkdir(exist_ok=True)
    certificate, key = folder / "client.crt", folder / "client.key"
    certificate.write_bytes(data["tls.crt"])
    key.write_bytes(data["tls.key"])
    return certificate, key


def shakes_hands(files: TLSFiles, authority: bytes, pair: tuple[Path, Path], host: str) -> bool:
    """Whether both ends believe each other."""
    context = ssl.create_default_context(cadata=authority.decode())
    context.load_cert_chain(*pair)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname=host)
    server = tls.load(files).context.wrap_bio(to_server, to_client, server_side=True)
    try:
        for _ in range(4):
            for end in (client, server):
                with contextlib.suppress(ssl.SSLWantReadError):
                    end.do_handshake()
    except ssl.SSLError:
        return False
    return server.getpeercert() is not None
