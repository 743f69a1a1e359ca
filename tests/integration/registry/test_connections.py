"""Connections on real sockets: whom we connect to, what we believe, and that every wait ends."""

import contextlib
import ipaddress
import socket
import ssl
import threading

import pytest
import trustme

from provider import limits
from provider.clock import Deadline, SystemClock
from provider.errors import ImageError, SettingsError
from provider.observer import NullObserver
from provider.reasons import Reason
from provider.registry import origin
from provider.registry.addresses import AddressBook
from provider.registry.call import Call
from provider.registry.connections import PooledTransport, tls_context
from provider.registry.reference import parse
from provider.registry.settings import RegistrySettings
from provider.registry.transport import Request, TooLargeError, UnreachableError

pytestmark = pytest.mark.integration

IMAGE = "team/app:v1"


class Names:
    """A resolver that says what a test wants, and counts."""

    def __init__(self, *answers):
        self.answers, self.asked = answers, []

    def resolve(self, host, deadline):
        self.asked.append(host)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        return [ipaddress.ip_address(address) for address in answer]


@pytest.fixture
def make_transport():
    with contextlib.ExitStack() as stack:

        def make(names=None, ca_file=None, **settings):
            book = AddressBook(RegistrySettings(**settings), names or Names(["127.0.0.1"]))
            transport = PooledTransport(book, lambda: tls_context(ca_file), NullObserver())
            stack.callback(transport.close)
            return transport

        yield make


@pytest.fixture
def authority(tmp_path):
    made = trustme.CA()
    made.file = tmp_path / "ca.pem"
    made.cert_pem.write_to_path(made.file)
    return made


def server_context(authority, name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def get(transport, url, limit=1000, seconds=10.0, path="/v2/team/app/manifests/v1"):
    return transport.send(Request("GET", origin.of_url(url), path), limit, Deadline.after(SystemClock(), seconds))


@contextlib.contextmanager
def raw_server(handle):
    """A server that does with each connection what a test says; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()

    def serve():
        while True:
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                if stopping.is_set():
                    connection.close()
                    return
                threading.Thread(target=run, args=(connection,), daemon=True).start()

    def run(connection):
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            handle(connection, stopping)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    port = listener.getsockname()[1]
    try:
        yield port
    finally:
        stopping.set()
        socket.create_connection(("127.0.0.1", port)).close()
        thread.join()
        listener.close()


class TestTLS:
    def test_registry_that_a_trusted_authority_vouches_for_is_believed(self, registry, make_transport, authority):
        registry.push_image("team/app", "v1")
        with registry.serve(server_context(authority, "reg.test")) as address:
            port = address.rpartition(":")[2]
            transport = make_transport(ca_file=authority.file, named_registries=frozenset({f"reg.test:{port}"}))
            assert get(transport, f"https://reg.test:{port}").status == 200
            assert registry.requests[0].host == f"reg.test:{port}"

    def test_registry_that_nobody_vouches_for_is_not_believed(self, registry, make_client, authority, call):
        registry.push_image("team/app", "v1")
        with registry.serve(server_context(authority, "localhost")) as address:
            name = f"localhost:{address.rpartition(':')[2]}"
            with pytest.raises(ImageError) as caught:
                make_client(named_registries=frozenset({name})).manifest(parse(f"{name}/{IMAGE}"), call)
        assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE
        assert "TLS" in caught.value.message
        assert registry.requests == []

    def test_certificate_for_another_name_is_not_believed(self, registry, make_client, authority, call):
        with registry.serve(server_context(authority, "other.test")) as address:
            name = f"localhost:{address.rpartition(':')[2]}"
            client = make_client(named_registries=frozenset({name}), ca_file=authority.file)
            with pytest.raises(ImageError) as caught:
                client.manifest(parse(f"{name}/{IMAGE}"), call)
        assert "TLS" in caught.value.message

    def test_registry_that_speaks_no_tls_is_not_asked_in_the_clear(self, registry, make_client, call):
        with registry.serve() as address, pytest.raises(ImageError) as caught:
            make_client(named_registries=frozenset({address})).manifest(parse(f"{address}/{IMAGE}"), call)
        assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE
        assert registry.requests == []

    def test_file_without_authorities_is_a_problem_of_the_settings(self, tmp_path):
        for name, content in (("none.pem", None), ("empty.pem", ""), ("wrong.pem", "no certificate")):
            path = tmp_path / name
            if content is not None:
                path.write_text(content)
            with pytest.raises(SettingsError, match=name):
                tls_context(path)


class TestAddresses:
    def test_serve_does_not_connect_to_loopback(self, registry, make_client, call):
        with registry.serve() as address:
            with pytest.raises(ImageError) as caught:
                make_client().manifest(parse(f"{address}/{IMAGE}"), call)
            assert caught.value.reason is Reason.ADDRESS_REFUSED
        assert registry.connections == 0

    def test_commands_connect_to_loopback(self, registry, make_client, call):
        registry.push_image("team/app", "v1")
        with registry.serve() as address:
            assert make_client(allow_loopback_http=True).manifest(parse(f"{address}/{IMAGE}"), call)

    def test_name_is_looked_up_once_and_the_checked_address_is_used(self, registry, make_transport):
        registry.push_image("team/app", "v1")
        names = Names(["127.0.0.1"], ["192.0.2.1"])
        with registry.serve() as address:
            port = address.rpartition(":")[2]
            transport = make_transport(names, insecure_registries=frozenset({f"reg.test:{port}"}))
            assert get(transport, f"http://reg.test:{port}").status == 200
            assert get(transport, f"http://reg.test:{port}").status == 200
        assert names.asked == ["reg.test"]

    def test_redirect_to_a_refused_address_is_not_followed(self, registry, make_client, call):
        pushed = registry.push_image("team/app", "v1")
        registry.blob_location = lambda digest: f"https://169.254.169.254/store/{digest}"
        with registry.serve() as address:
            client = make_client(insecure_registries=frozenset({address}))
            with pytest.raises(ImageError) as caught:
                client.blob(parse(f"{address}/{IMAGE}"), pushed.config, limits.CONFIG_BYTES, call)
        assert caught.value.reason is Reason.ADDRESS_REFUSED

    def test_token_service_at_a_refused_address_is_not_asked(self, registry, make_client, call):
        registry.require_token("https://10.0.0.1/token")
        with registry.serve() as address:
            client = make_client(insecure_registries=frozenset({address}))
            with pytest.raises(ImageError) as caught:
                client.manifest(parse(f"{address}/{IMAGE}"), call)
        assert caught.value.reason is Reason.ADDRESS_REFUSED

    def test_next_address_is_tried_when_one_does_not_answer(self, registry, make_transport):
        registry.push_image("team/app", "v1")
        with registry.serve() as address:
            port = address.rpartition(":")[2]
            names = Names(["127.0.0.2", "127.0.0.1"])
            transport = make_transport(names, insecure_registries=frozenset({f"reg.test:{port}"}))
            assert get(transport, f"http://reg.test:{port}").status == 200

    def test_closed_port_is_told_as_no_connection(self, make_transport):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
            transport = make_transport(insecure_registries=frozenset({f"reg.test:{port}"}))
            with pytest.raises(UnreachableError):
                get(transport, f"http://reg.test:{port}")

    def test_name_without_an_address_is_told(self, make_client, call):
        with pytest.raises(ImageError) as caught:
            make_client().manifest(parse("does-not-exist.invalid/app:v1"), call)
        assert caught.value.reason in {Reason.REGISTRY_UNAVAILABLE, Reason.TIMEOUT}


class TestConnections:
    def test_connection_is_used_again(self, registry, make_client, call):
        registry.push_image("team/app", "v1")
        with registry.serve() as address:
            client = make_client(insecure_registries=frozenset({address}))
            for _ in range(5):
                client.manifest(parse(f"{address}/{IMAGE}"), call)
        assert registry.connections == 1

    def test_connection_is_used_again_after_an_error(self, registry, make_client, call):
        with registry.serve() as address:
            client = make_client(insecure_registries=frozenset({address}))
            for _ in range(5):
                with pytest.raises(ImageError):
                    client.manifest(parse(f"{address}/{IMAGE}"), call)
        assert registry.connections == 1

    def test_connection_that_the_registry_closed_while_idle_is_replaced(self, make_transport):
        served = []

        def close_after_one(connection, _):
            served.append(1)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        with raw_server(close_after_one) as port:
            transport = make_transport(insecure_registries=frozenset({f"reg.test:{port}"}))
            for _ in range(3):
                assert get(transport, f"http://reg.test:{port}").body == b"{}"
        assert len(served) == 3

    def test_connection_that_the_registry_closes_as_the_request_comes_is_replaced(self, make_transport):
        served = []

        def close_at_second(connection, _):
            served.append(1)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            connection.recv(65536)

        with raw_server(close_at_second) as port:
            transport = make_transport(insecure_registries=frozenset({f"reg.test:{port}"}))
            for _ in range(3):
                assert get(transport, f"http://reg.test:{port}").body == b"{}"
        assert len(served) == 3

    def test_connections_to_many_hosts_are_not_kept(self, registry, make_transport):
        registry.push_image("team/app", "v1")
        with registry.serve() as address:
            port = address.rpartition(":")[2]
            hosts = [f"r{number}.test:{port}" for number in range(limits.CONNECTION_POOLS + 5)]
            transport = make_transport(insecure_registries=frozenset(hosts))
            for host in hosts:
                assert get(transport, f"http://{host}").status == 200
            assert len(transport._pools) == limits.CONNECTION_POOLS


class TestBadAnswers:
    @pytest.mark.parametrize("how", ["cut", "close"])
    def test_answer_that_is_cut_short_is_no_answer(self, registry, make_client, call, how):
        registry.push_image("team/app", "v1")
        registry.fail("manifest", how=how)
        with registry.serve() as address:
            client = make_client(insecure_registries=frozenset({address}))
            with pytest.raises(ImageError) as caught:
                client.manifest(parse(f"{address}/{IMAGE}"), call)
        assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE

    @pytest.mark.parametrize(
        "answer",
        [
            b"",
            b"nonsense\r\n\r\n",
            b"HTTP/1.1 abc OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
            b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
            b"\x15\x03\x01\x00\x02\x02\x28",
        ],
    )
    def test_answer_that_is_no_http_is_no_answer(self, make_client, call, answer):
        with raw_server(lambda connection, _: connection.sendall(answer)) as port:
            address = f"127.0.0.1:{port}"
            with pytest.raises(ImageError) as caught:
                make_client(insecure_registries=frozenset({address})).manifest(parse(f"{address}/{IMAGE}"), call)
        assert caught.value.reason is Reason.REGISTRY_UNAVAILABLE

    @pytest.mark.parametrize(
        "head",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: nonsense\r\n\r\n",
        ],
    )
    def test_endless_body_is_cut_off(self, make_transport, head):
        def flood(connection, stopping):
            connection.sendall(head)
            while not stopping.is_set():
                connection.sendall(b"x" * 65536)

        with raw_server(flood) as port:
            transport = make_transport(insecure_registries=frozenset({f"reg.test:{port}"}))
            with pytest.raises(TooLargeError):
                get(transport, f"http://reg.test:{port}", limit=100_000)

    def test_many_long_headers_are_too_much(self, make_transport):
        answer = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X%d: %s\r\n" % (n, b"y" * 2000) for n in range(50)) + b"\r\n"
        with raw_server(lambda connection, _: connection.sendall(answer)) as port:
            transport = make_transport(insecure_registries=frozenset({f"reg.test:{port}"}))
            with pytest.raises(TooLargeError):
                get(transport, f"http://reg.test:{port}")

    def test_long_text_of_an_error_is_not_read_to_its_end(self, make_transport):
        def flood(connection, stopping):
            connection.sendall(b"HTTP/1.1 500 Oops\r\nContent-Length: 100000000\r\n\r\n")
            while not stopping.is_set():
                connection.sendall(b"x" * 65536)

        with raw_server(flood) as port:
            transport = make_transport(insecure_registries=frozenset({f"reg.test:{port}"}))
            answer = get(transport, f"http://reg.test:{port}")
        assert answer.status == 500
        assert len(answer.body) <= limits.ERROR_BYTES


class TestDeadlines:
    """Each ends by its deadline, far before the limit of a single read."""

    @staticmethod
    def reason(make_client, port):
        address = f"127.0.0.1:{port}"
        with pytest.raises(ImageError) as caught:
            make_client(insecure_registries=frozenset({address})).manifest(
                parse(f"{address}/{IMAGE}"), Call(Deadline.after(SystemClock(), 0.3))
            )
        return caught.value.reason

    def test_silent_registry(self, make_client):
        with raw_server(lambda _, stopping: stopping.wait(20)) as port:
            assert self.reason(make_client, port) is Reason.TIMEOUT

    @pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
    def test_registry_that_drips(self, make_client, head):
        def drip(connection, stopping):
            connection.sendall(head)
            while not stopping.wait(0.02):
                connection.sendall(b"x")

        with raw_server(drip) as port:
            assert self.reason(make_client, port) is Reason.TIMEOUT

    def test_registry_that_shakes_no_hands(self, make_client):
        with raw_server(lambda _, stopping: stopping.wait(20)) as port:
            address = f"127.0.0.1:{port}"
            with pytest.raises(ImageError) as caught:
                make_client(named_registries=frozenset({address})).manifest(
                    parse(f"{address}/{IMAGE}"), Call(Deadline.after(SystemClock(), 0.3))
                )
            assert caught.value.reason is Reason.TIMEOUT
