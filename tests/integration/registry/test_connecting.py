"""Whom libcurl connects to: only addresses that were looked up and judged here, at every request."""

import asyncio
import ipaddress
import socket

import pytest

from provider import limits
from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.content.manifest import Descriptor
from provider.registry.reference import parse
from provider.registry.transport import curl_options, curl_transport
from provider.registry.transport.curl_answer import Answer
from provider.registry.transport.routes import Route
from provider.registry.transport.transport import BrokenError, Cause, UnreachableError
from tests.integration.registry.conftest import (
    Names,
    RetriesObserver,
    closed_port,
    full_port,
    gather,
    get,
    soon,
)
from tests.simulators.raw_server import RawServer

pytestmark = pytest.mark.integration

IMAGE = "team/app:v1"


def answer_all(connection):
    """Answers requests until the peer goes."""
    while connection.ask():
        connection.answer()


class TestLookingUp:
    """libcurl looks up nothing: a host is text to it."""

    def test_host_that_nobody_knows_is_reached_where_it_was_said_to_be(self, run, make_transport):
        with RawServer(answer_all) as server:
            host = f"does-not-exist.invalid:{server.port}"
            transport = make_transport(insecure_registries={host})
            assert run(get(transport, f"http://{host}")).status == 200
            assert b"Host: " + host.encode() in server.requests[0]

    def test_host_that_the_machine_knows_is_reached_where_it_was_said_to_be_as_well(self, run, make_transport):
        """`localhost` is 127.0.0.1 to every resolver, and here it is not."""
        with RawServer(answer_all, "127.0.0.2") as server:
            host = f"localhost:{server.port}"
            transport = make_transport(Names(["127.0.0.2"]), insecure_registries={host})
            assert run(get(transport, f"http://{host}")).status == 200

    @pytest.mark.parametrize("number", ["0x7f.1", "127.1", "2130706433", "017700000001"])
    def test_number_that_libcurl_takes_for_an_address_is_reached_where_it_was_said_to_be(
        self, run, make_transport, number
    ):
        with RawServer(answer_all, "127.0.0.2") as server:
            host = f"{number}:{server.port}"
            transport = make_transport(Names(["127.0.0.2"]), insecure_registries={host})
            assert run(get(transport, f"http://{host}")).status == 200

    def test_address_of_the_newer_kind_is_reached(self, run, make_transport):
        with RawServer(answer_all, "::1") as server:
            host = f"[::1]:{server.port}"
            names = Names()
            transport = make_transport(names, insecure_registries={host})
            assert run(get(transport, f"http://{host}")).status == 200
            assert names.asked == []
            name = f"reg.test:{server.port}"
            transport = make_transport(Names(["::1"]), insecure_registries={name})
            assert run(get(transport, f"http://{name}")).status == 200

    def test_name_is_looked_up_once_and_the_checked_address_is_used(self, run, make_transport):
        with RawServer(answer_all) as server:
            host = f"reg.test:{server.port}"
            names = Names(["127.0.0.1"], ["192.0.2.1"])
            transport = make_transport(names, insecure_registries={host})
            assert run(get(transport, f"http://{host}")).status == 200
            assert names.asked == ["reg.test"]

    def test_name_without_an_address_is_told(self, run, make_client, call):
        with pytest.raises(ImageError) as caught:
            run(make_client().manifest(parse("does-not-exist.invalid/app:v1"), call))
        assert caught.value.reason in {Reason.REGISTRY_UNAVAILABLE, Reason.TIMEOUT}


class TestAddress:
    def test_address_of_one_request_is_nothing_to_the_next(self, run, make_transport):
        """What one handle was told leaks into no other: the name has moved, and the new place is dialled."""
        with RawServer(answer_all, "127.0.0.2") as first:
            host = f"reg.test:{first.port}"
            transport = make_transport(Names(["127.0.0.2"], ["127.0.0.3"]), insecure_registries={host})
            run(get(transport, f"http://{host}"))
            # Nobody listens there: the connection to the old place must not be used either.
            with pytest.raises(UnreachableError):
                run(get(transport, f"http://{host}"))
            assert len(first.requests) == 1

    def test_address_of_one_host_is_nothing_to_another(self, run, make_transport):
        with RawServer(answer_all, "127.0.0.2") as first:
            hosts = {f"a.test:{first.port}", f"b.test:{first.port}"}
            transport = make_transport(Names(["127.0.0.2"], ["127.0.0.3"]), insecure_registries=hosts)
            run(get(transport, f"http://a.test:{first.port}"))
            with pytest.raises(UnreachableError):
                run(get(transport, f"http://b.test:{first.port}"))

    def test_connection_to_the_same_address_is_not_shared_between_hosts(self, run, make_transport):
        with RawServer(answer_all) as server:
            hosts = {f"a.test:{server.port}", f"b.test:{server.port}"}
            transport = make_transport(insecure_registries=hosts)
            for host in sorted(hosts):
                assert run(get(transport, f"http://{host}")).status == 200
            assert len(server.connections) == 2

    @pytest.mark.parametrize("number", [2, 3])
    def test_next_address_is_tried_when_nobody_listens_at_one(self, run, make_transport, number):
        with RawServer(answer_all) as server:
            host, observer = f"reg.test:{server.port}", RetriesObserver()
            names = Names([*["127.0.0.2", "127.0.0.3"][: number - 1], "127.0.0.1"])
            transport = make_transport(names, observer=observer, insecure_registries={host})
            assert run(get(transport, f"http://{host}")).status == 200
            assert observer.retried == [host] * (number - 1)

    def test_so_many_addresses_are_tried_and_no_more(self, run, make_transport):
        with RawServer(answer_all) as server:
            host = f"reg.test:{server.port}"
            silent = [f"127.0.1.{number}" for number in range(1, limits.ADDRESSES_TRIED + 1)]
            transport = make_transport(Names([*silent, "127.0.0.1"]), insecure_registries={host})
            with pytest.raises(UnreachableError):
                run(get(transport, f"http://{host}"))

    def test_request_that_was_sent_is_not_sent_to_the_next_address(self, run, make_transport):
        def hang_up(connection):
            connection.ask()

        with RawServer(hang_up, "127.0.0.2") as first:
            host = f"reg.test:{first.port}"
            observer = RetriesObserver()
            transport = make_transport(Names(["127.0.0.2", "127.0.0.1"]), observer=observer, insecure_registries={host})
            with pytest.raises(BrokenError):
                run(get(transport, f"http://{host}"))
            assert observer.retried == []

    def test_host_with_one_refused_address_is_not_reached_at_all(self, run, make_transport):
        with RawServer(answer_all) as server:
            transport = make_transport(Names(["8.8.8.8", "127.0.0.1"]))
            with pytest.raises(ImageError) as caught:
                run(get(transport, f"http://reg.test:{server.port}"))
            assert caught.value.reason is Reason.ADDRESS_REFUSED
            assert server.connections == []


class TestKeptConnections:
    """A connection that was good once is judged again at every request."""

    def test_name_that_leads_elsewhere_now_is_refused_though_a_connection_is_open(self, run, make_transport):
        with RawServer(answer_all) as server:
            names = Names(["127.0.0.1"])
            transport = make_transport(names, allow_loopback_http=True)
            url = f"http://app.localhost:{server.port}"
            run(get(transport, url))
            names.answers = (["10.0.0.1"],)
            with pytest.raises(ImageError) as caught:
                run(get(transport, url))
            assert caught.value.reason is Reason.ADDRESS_REFUSED
            assert len(server.requests) == 1

    def test_connection_that_libcurl_would_use_for_another_address_is_not_used(self, run, make_transport, monkeypatch):
        """The socket was opened long ago, so that nobody asks about it any more: the request is asked about."""
        with RawServer(answer_all) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(Names(["127.0.0.1"], ["127.0.0.2"]), insecure_registries={host})
            run(get(transport, f"http://{host}"))
            apply = curl_options.apply

            def misled(handle, request, route, *rest):
                other = ipaddress.ip_address("127.0.0.1")
                apply(handle, request, Route(other, None, other), *rest)

            monkeypatch.setattr(curl_transport.curl_options, "apply", misled)
            with pytest.raises(ImageError) as caught:
                run(get(transport, f"http://{host}"))
            assert caught.value.reason is Reason.ADDRESS_REFUSED
            assert len(server.requests) == 1

    def test_socket_to_another_address_is_not_opened(self, run, make_transport, monkeypatch):
        with RawServer(answer_all) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(Names(["127.0.0.2"]), insecure_registries={host})
            apply = curl_options.apply

            def misled(handle, request, route, *rest):
                other = ipaddress.ip_address("127.0.0.1")
                apply(handle, request, Route(other, None, other), *rest)

            monkeypatch.setattr(curl_transport.curl_options, "apply", misled)
            with pytest.raises(ImageError) as caught:
                run(get(transport, f"http://{host}"))
            assert caught.value.reason is Reason.ADDRESS_REFUSED
            assert server.connections == []

    def test_every_request_is_asked_about_on_whatever_connection(self, run, make_transport, monkeypatch):
        asked, check = [], Answer._check

        def counted(answer, peer):
            asked.append(peer)
            check(answer, peer)

        monkeypatch.setattr(Answer, "_check", counted)
        with RawServer(answer_all) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(insecure_registries={host})
            for _ in range(3):
                run(get(transport, f"http://{host}"))
            assert len(server.connections) == 1
        # Once for the socket, once for each request.
        assert asked == ["127.0.0.1"] * 4

    def test_connection_is_used_again_whoever_asks_and_each_shows_its_own_credential(self, run, make_transport):
        with RawServer(answer_all) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(insecure_registries={host})
            for secret in ("one", "two", None, "three"):
                headers = {"Authorization": f"Bearer {secret}"} if secret else {}
                run(get(transport, f"http://{host}", headers=headers))
            assert len(server.connections) == 1
            shown = [
                next((line for line in head.split(b"\r\n") if line.startswith(b"Authorization")), None)
                for head in server.requests
            ]
            assert shown == [
                b"Authorization: Bearer one",
                b"Authorization: Bearer two",
                None,
                b"Authorization: Bearer three",
            ]

    def test_connection_is_used_again_after_an_error(self, run, registry, make_client, call):
        with registry.serve() as address:
            client = make_client(insecure_registries={address})
            for _ in range(5):
                with pytest.raises(ImageError):
                    run(client.manifest(parse(f"{address}/{IMAGE}"), call))
        assert registry.connections == 1

    def test_connection_is_used_again_after_a_head(self, run, registry, make_client, call):
        registry.push_image("team/app", "v1")
        with registry.serve() as address:
            client = make_client(insecure_registries={address})
            for _ in range(3):
                assert run(client.tag(parse(f"{address}/{IMAGE}"), call))
                run(client.manifest(parse(f"{address}/{IMAGE}"), call))
        assert registry.connections == 1

    def test_connection_that_the_registry_closed_while_idle_is_replaced(self, run, make_transport):
        def close_after_one(connection):
            connection.ask()
            connection.answer()

        with RawServer(close_after_one) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(insecure_registries={host})
            for _ in range(3):
                assert run(get(transport, f"http://{host}")).body == b"{}"
            assert len(server.connections) == 3

    def test_connection_that_the_registry_closes_as_the_request_comes_is_replaced(self, run, make_transport):
        def close_at_second(connection):
            connection.ask()
            connection.answer()
            connection.ask()

        with RawServer(close_at_second) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(insecure_registries={host})
            for _ in range(3):
                assert run(get(transport, f"http://{host}")).body == b"{}"

    def test_connections_that_are_kept_have_a_bound(self, run, make_transport, monkeypatch):
        monkeypatch.setattr(limits, "KEPT_CONNECTIONS", 5)
        with RawServer(_until_closed) as server:
            hosts = [f"r{number}.test:{server.port}" for number in range(20)]
            transport = make_transport(insecure_registries=set(hosts))
            for host in hosts:
                assert run(get(transport, f"http://{host}")).status == 200
            assert soon(lambda: sum(connection.closed.is_set() for connection in server.connections) >= 14)

    def test_closing_lets_go_of_all(self, run, make_transport):
        with RawServer(_until_closed) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(insecure_registries={host})
            run(gather(*(get(transport, f"http://{host}") for _ in range(5))))
            run(transport.close())
            assert all(connection.closed.wait(5) for connection in server.connections)


class TestUnreachable:
    def test_closed_port_is_told_as_no_connection(self, run, make_transport):
        with closed_port() as port:
            transport = make_transport(insecure_registries={f"reg.test:{port}"})
            with pytest.raises(UnreachableError) as caught:
                run(get(transport, f"http://reg.test:{port}"))
        assert caught.value.cause is Cause.CONNECTION

    @pytest.mark.parametrize(("seconds", "cause"), [(10.0, Cause.TIMEOUT), (0.3, Cause.BUDGET)])
    def test_port_that_takes_no_connection_is_told_from_a_caller_without_time(
        self, run, make_transport, monkeypatch, seconds, cause
    ):
        monkeypatch.setattr(limits, "CONNECT_SECONDS", 0.5)
        with full_port() as port:
            transport = make_transport(insecure_registries={f"reg.test:{port}"})
            with pytest.raises(UnreachableError) as caught:
                run(get(transport, f"http://reg.test:{port}", seconds=seconds))
        assert caught.value.cause is cause

    def test_next_address_is_not_tried_by_who_has_no_time_left(self, run, make_transport):
        with full_port() as port:
            observer = RetriesObserver()
            host = f"reg.test:{port}"
            transport = make_transport(Names(["127.0.0.1", "127.0.0.2"]), observer=observer, insecure_registries={host})
            with pytest.raises(UnreachableError) as caught:
                run(get(transport, f"http://{host}", seconds=0.2))
            assert caught.value.cause is Cause.BUDGET
            assert observer.retried == []

    def test_next_address_is_tried_when_one_takes_no_connection(self, run, make_transport, monkeypatch):
        monkeypatch.setattr(limits, "CONNECT_SECONDS", 0.3)
        with full_port() as port, socket.create_server(("127.0.0.2", port)):
            # Who listens at the second takes the connection and says nothing.
            observer = RetriesObserver()
            host = f"reg.test:{port}"
            transport = make_transport(Names(["127.0.0.1", "127.0.0.2"]), observer=observer, insecure_registries={host})
            with pytest.raises(Exception, match="no answer in time"):
                run(get(transport, f"http://{host}", seconds=0.8))
            assert observer.retried == [host]

    def test_provider_without_a_socket_to_spare_is_overloaded(self, run, make_transport, monkeypatch):
        def none_left(*_):
            raise OSError(24, "Too many open files")

        monkeypatch.setattr("provider.registry.transport.curl_answer._LentSocket", none_left)
        with RawServer(answer_all) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(insecure_registries={host})
            with pytest.raises(ImageError) as caught:
                run(get(transport, f"http://{host}"))
            assert caught.value.reason is Reason.OVERLOADED


class TestSettings:
    def test_serve_does_not_connect_to_loopback(self, run, registry, make_client, call):
        with registry.serve() as address:
            with pytest.raises(ImageError) as caught:
                run(make_client().manifest(parse(f"{address}/{IMAGE}"), call))
            assert caught.value.reason is Reason.ADDRESS_REFUSED
        assert registry.connections == 0

    def test_commands_connect_to_loopback(self, run, registry, make_client, call):
        registry.push_image("team/app", "v1")
        with registry.serve() as address:
            port = address.rpartition(":")[2]
            for host in (address, f"localhost:{port}"):
                client = make_client(allow_loopback_http=True)
                assert run(client.manifest(parse(f"{host}/{IMAGE}"), call)).body

    def test_redirect_to_a_refused_address_is_not_followed(self, run, registry, make_client, call):
        registry.push_image("team/app", "v1")
        digest = registry.push_blob("team/app", b"x")
        registry.blob_location = lambda digest: f"https://169.254.169.254/store/{digest}"
        with registry.serve() as address:
            client = make_client(insecure_registries={address})
            with pytest.raises(ImageError) as caught:
                run(client.blob(parse(f"{address}/{IMAGE}"), Descriptor("", digest, 1), 10, call))
        assert caught.value.reason is Reason.ADDRESS_REFUSED

    def test_token_service_at_a_refused_address_is_not_asked(self, run, registry, make_client, call):
        registry.require_token("https://10.0.0.1/token")
        with registry.serve() as address:
            client = make_client(insecure_registries={address})
            with pytest.raises(ImageError) as caught:
                run(client.manifest(parse(f"{address}/{IMAGE}"), call))
        assert caught.value.reason is Reason.ADDRESS_REFUSED


class TestQueue:
    def test_nothing_waits_inside_of_libcurl(self, run, make_transport):
        """Its time would be over like that of a silent host; who may send is decided before."""
        together = 40
        arrived = []

        def wait_for_all(connection):
            connection.ask()
            arrived.append(1)
            while len(arrived) < together and not connection.stopping.wait(0.02):
                pass
            connection.answer()

        with RawServer(wait_for_all) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(insecure_registries={host})
            answers = run(gather(*(get(transport, f"http://{host}") for _ in range(together))))
            assert [answer.status for answer in answers] == [200] * together

    def test_transport_belongs_to_one_loop(self, run, make_transport, call):
        with RawServer(answer_all) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(insecure_registries={host})
            run(get(transport, f"http://{host}"))
            with asyncio.Runner() as other, pytest.raises(RuntimeError, match="different event loop"):
                other.run(get(transport, f"http://{host}"))
            assert len(server.requests) == 1


def _until_closed(connection):
    try:
        answer_all(connection)
    finally:
        connection.closed.set()
