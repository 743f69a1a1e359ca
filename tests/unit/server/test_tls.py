"""Which TLS files can be used, and what happens when they are replaced."""

from __future__ import annotations

import dataclasses
import errno
import os
import ssl
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import load_pem_x509_certificate

from provider import limits
from provider.errors import SettingsError
from provider.server import tls
from provider.server.tls import BoundedSocket, ServerTLS, TLSFiles
from tests.simulators.certificates import Authority, of_another_version
from tests.simulators.clock import FakeClock

UNREADABLE = of_another_version(Authority().pem)


class Recorder:
    def __init__(self):
        self.loaded = []
        self.rejected = []
        self.passed_over = []

    def file_in_force(self, setting, name, problems):
        self.passed_over.append((setting, *problems))

    def certificates_loaded(self, expiries, *, reloaded):
        self.loaded.append((dict(expiries), reloaded))

    def certificates_rejected(self, problem):
        self.rejected.append(problem)


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture
def files(authority, tmp_path):
    return authority.server(tmp_path)


@pytest.fixture
def recorder():
    return Recorder()


def problems(files):
    with pytest.raises(SettingsError) as caught:
        tls.load(files)
    return caught.value.problems


def touch(path, content):
    """Replace a file, so that it differs in more than its content."""
    later = path.stat().st_mtime_ns + 1_000_000
    path.write_bytes(content)
    os.utime(path, ns=(later, later))


def test_context_demands_tls_1_3_and_a_client_certificate(files):
    context = tls.load(files).context
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert context.verify_mode is ssl.CERT_REQUIRED


def test_no_session_outlives_a_change_of_the_client_ca(files):
    context = tls.load(files).context
    assert context.num_tickets == 0
    assert context.options & ssl.OP_NO_TICKET


def test_ends_of_certificates_are_told(authority, tmp_path):
    expiries = tls.load(authority.server(tmp_path, days=10)).expiries
    assert 9.9 < (expiries["server"] - time.time()) / 86400 < 10.1
    assert set(expiries) == {"server", "client_ca"}


def test_several_client_authorities_are_trusted_together(authority, files):
    other = Authority()
    files.client_ca.write_bytes(authority.pem + other.pem)
    context = tls.load(files).context
    assert len(context.get_ca_certs()) == 2


@pytest.mark.parametrize(
    "damage", [b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"-----BEGIN CERTIFICATE-----\nMIIB"]
)
def test_damaged_client_authority_is_named_and_the_others_are_believed(authority, files, recorder, damage):
    other = Authority()
    files.client_ca.write_bytes(authority.pem + damage + other.pem)
    server = ServerTLS(files, recorder)
    assert len(server.context().get_ca_certs()) == 2
    assert recorder.passed_over == [("client_ca", f"client_ca {files.client_ca}: certificate 2 of 3 cannot be read")]
    touch(files.client_ca, other.pem + damage)
    assert len(server.context().get_ca_certs()) == 1
    assert recorder.passed_over[1:] == [
        ("client_ca", f"client_ca {files.client_ca}: certificate 2 of 2 cannot be read")
    ]
    assert recorder.rejected == []


def test_own_authority_is_trusted_beside_gatekeepers_and_its_end_is_told(files, tmp_path):
    own = Authority()
    path = tmp_path / "own.crt"
    path.write_bytes(own.pem)
    material = tls.load(dataclasses.replace(files, own_client_ca=path))
    assert len(material.context.get_ca_certs()) == 2
    assert set(material.expiries) == {"server", "client_ca", "own_client_ca"}
    assert material.problems == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"no PEM", "it holds no PEM certificate that can be read"),
        (UNREADABLE, "it holds no PEM certificate that can be read"),
    ],
)
def test_own_authority_that_cannot_be_used_keeps_nobody_else_out(files, recorder, tmp_path, content, problem):
    path = tmp_path / "own.crt"
    if content is not None:
        path.write_bytes(content)
    server = ServerTLS(dataclasses.replace(files, own_client_ca=path), recorder)
    assert len(server.context().get_ca_certs()) == 1
    assert recorder.passed_over == [("client_ca", f"own_client_ca {path}: {problem}")]
    assert recorder.rejected == []
    path.write_bytes(Authority().pem)
    assert len(server.context().get_ca_certs()) == 2, "it is read again when it changes"


def test_every_file_that_cannot_be_read_is_named(tmp_path):
    files = TLSFiles(tmp_path / "none.crt", tmp_path / "none.key", tmp_path)
    assert problems(files) == (
        f"tls_cert: cannot read {tmp_path}/none.crt: No such file or directory",
        f"tls_key: cannot read {tmp_path}/none.key: No such file or directory",
        f"client_ca: cannot read {tmp_path}: Is a directory",
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no PEM",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        UNREADABLE,
    ],
)
def test_file_without_a_certificate_is_refused_by_name(files, content):
    files.certificate.write_bytes(content)
    files.client_ca.write_bytes(content)
    assert problems(files) == (
        f"tls_cert: {files.certificate} holds no PEM certificate that can be read",
        f"client_ca: {files.client_ca} holds no PEM certificate that can be read",
    )


def test_key_of_another_certificate_is_refused(authority, files, tmp_path):
    _, other = authority.client(tmp_path)
    files.key.write_bytes(other.read_bytes())
    (problem,) = problems(files)
    assert problem.startswith("tls_key: ")
    assert "is not the unencrypted private key of the certificate" in problem


def test_key_with_a_passphrase_is_refused_without_asking_for_it(files):
    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    (problem,) = problems(files)
    assert problem.startswith("tls_key: ")


def test_files_that_did_not_change_are_not_read_again(files, recorder):
    server = ServerTLS(files, recorder)
    assert server.context() is server.context()
    assert [reloaded for _, reloaded in recorder.loaded] == [False]


def test_replaced_files_are_in_force_at_the_next_handshake(authority, files, recorder, tmp_path):
    server = ServerTLS(files, recorder)
    before = server.context()
    authority.server(tmp_path)
    assert server.context() is not before
    assert [reloaded for _, reloaded in recorder.loaded] == [False, True]


def test_replaced_symbolic_link_is_noticed(authority, recorder, tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        authority.server(tmp_path / name)
    (tmp_path / "data").symlink_to("old")
    data = tmp_path / "data"
    server = ServerTLS(TLSFiles(data / "tls.crt", data / "tls.key", data / "ca.crt"), recorder)
    (tmp_path / "next").symlink_to("new")
    (tmp_path / "next").rename(data)
    server.context()
    assert len(recorder.loaded) == 2


@pytest.mark.parametrize("broken", ["certificate", "key", "client_ca"])
def test_replaced_file_that_cannot_be_used_leaves_the_old_one_in_force(files, recorder, broken):
    server = ServerTLS(files, recorder)
    before = server.context()
    path = getattr(files, broken)
    good = path.read_bytes()
    touch(path, b"broken")
    assert server.context() is before
    assert server.context() is before
    assert len(recorder.rejected) == 1
    assert str(path) in recorder.rejected[0]
    touch(path, good)
    assert server.context() is not before
    assert recorder.loaded[-1][1] is True


def test_file_that_is_gone_leaves_the_old_one_in_force(files, recorder):
    server = ServerTLS(files, recorder)
    before = server.context()
    files.certificate.unlink()
    assert server.context() is before
    assert len(recorder.rejected) == 1


def test_half_of_a_replacement_is_refused_and_the_whole_is_taken(authority, files, recorder, tmp_path):
    server = ServerTLS(files, recorder)
    (tmp_path / "new").mkdir()
    new = authority.server(tmp_path / "new")
    touch(files.certificate, new.certificate.read_bytes())
    server.context()
    assert len(recorder.rejected) == 1
    touch(files.key, new.key.read_bytes())
    server.context()
    assert recorder.loaded[-1][1] is True


def without_descriptors(monkeypatch, name):
    """Reading that file fails for a reason that is not in it."""
    read = Path.read_bytes

    def none_left(path):
        if path.name == name:
            raise OSError(errno.EMFILE, "Too many open files")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", none_left)


@pytest.mark.parametrize("name", ["tls.crt", "tls.key", "ca.crt"])
def test_what_could_not_be_read_for_now_is_read_again(monkeypatch, authority, files, recorder, tmp_path, name):
    clock = FakeClock()
    server = ServerTLS(files, recorder, clock)
    before = server.context()
    authority.server(tmp_path)
    with monkeypatch.context() as moment:
        without_descriptors(moment, name)
        for _ in range(3):
            assert server.context() is before
            clock.advance(limits.TLS_RELOAD_SECONDS)
        assert [problem.endswith("Too many open files") for problem in recorder.rejected] == [True]
    assert server.context() is not before
    assert [reloaded for _, reloaded in recorder.loaded] == [False, True]


def test_client_authority_that_openssl_does_not_take_is_refused(monkeypatch, files):
    monkeypatch.setattr(tls, "_certificates", lambda _: ["one"])
    files.client_ca.write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert problems(files) == (f"client_ca: {files.client_ca} holds a certificate that cannot be used",)


def test_pair_that_is_gone_between_two_looks_is_refused(monkeypatch, files):
    def gone(*_, **__):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", gone)
    (problem,) = problems(files)
    assert problem.startswith("tls_key: cannot read ")


def test_files_that_cannot_be_used_at_the_start_are_an_error(files, recorder):
    files.key.write_bytes(b"broken")
    with pytest.raises(SettingsError):
        ServerTLS(files, recorder)
    assert recorder.loaded == []


def test_earliest_end_in_a_file_counts(authority, files, tmp_path):
    other = Authority()
    files.client_ca.write_bytes(authority.pem + other.pem)
    ends = [load_pem_x509_certificate(pem).not_valid_after_utc.timestamp() for pem in (authority.pem, other.pem)]
    expiries = tls.load(files).expiries
    assert expiries["client_ca"] == min(ends)


class ClientSimulator:
    """What the standard library's socket would do.

    Attributes:
        error: what it fails with.
        piece: what comes each time.
    """

    def __init__(self):
        self.error = None
        self.piece = b"a"

    def use(self, *_):
        if self.error:
            raise self.error
        return self.piece


@pytest.fixture
def client(monkeypatch):
    client = ClientSimulator()
    for name in ("recv", "send", "sendall"):
        monkeypatch.setattr(ssl.SSLSocket, name, client.use)
    return client


@pytest.fixture
def clock(monkeypatch):
    clock = FakeClock()
    monkeypatch.setattr(tls.time, "monotonic", clock.monotonic)
    return clock


@pytest.fixture
def connection(client, clock):
    connection = BoundedSocket.__new__(BoundedSocket)
    connection.begin_request()
    return connection


def hung_up(use):
    with pytest.raises(ConnectionResetError) as caught:
        use()
    return caught.value.errno == errno.ECONNRESET


@pytest.mark.parametrize(
    "error", [TimeoutError("timed out"), OSError(errno.ETIMEDOUT, "a"), OSError(errno.EHOSTUNREACH, "a"), OSError("a")]
)
def test_client_that_stalls_or_is_lost_is_taken_for_one_that_hung_up(client, connection, error):
    client.error = error
    assert hung_up(lambda: connection.recv(1))
    assert hung_up(lambda: connection.send(b"a"))
    assert hung_up(lambda: connection.sendall(b"a"))


@pytest.mark.parametrize("error", [ssl.SSLError(1, "a"), ssl.SSLWantReadError(2, "a"), ssl.SSLEOFError(8, "a")])
def test_error_of_tls_stays_what_it_is(client, connection, error):
    client.error = error
    with pytest.raises(type(error)):
        connection.recv(1)


def test_client_is_read_from_until_its_request_is_too_large(client, connection):
    client.piece = b"a" * limits.MIB
    for _ in range(3):
        connection.recv(1)
    assert hung_up(lambda: connection.recv(1))
    connection.begin_request()
    assert connection.recv(1) == client.piece


def test_small_pieces_are_not_for_nothing(connection):
    for _ in range(limits.REQUEST_WIRE_BYTES // limits.REQUEST_PIECE_BYTES):
        connection.recv(1)
    assert hung_up(lambda: connection.recv(1))


def test_client_is_read_from_until_its_request_takes_too_long(connection, clock):
    clock.advance(limits.REQUEST_SECONDS - 0.1)
    connection.recv(1)
    clock.advance(0.1)
    assert hung_up(lambda: connection.recv(1))
    connection.begin_request()
    assert connection.recv(1) == b"a"


@pytest.mark.parametrize(("blocking", "seconds"), [(True, limits.CLIENT_SECONDS), (False, 0.0)])
def test_socket_never_blocks_for_ever(monkeypatch, connection, blocking, seconds):
    seen = []
    monkeypatch.setattr(BoundedSocket, "settimeout", lambda _, value: seen.append(value))
    connection.setblocking(blocking)
    assert seen == [seconds]
