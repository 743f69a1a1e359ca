"""Registries through proxies: tinyproxy, which is a real one, and a SOCKS5 proxy of our own."""

import contextlib
import ipaddress
import subprocess

import pytest

from provider.errors import ImageError
from provider.reasons import Reason
from provider.registry.reference import parse
from provider.registry.transport import proxies
from provider.registry.transport.proxies import NO_PROXY, NoProxy, Proxies
from provider.registry.transport.transport import BrokenError, TLSError, UnreachableError
from tests.integration.registry.conftest import Names, closed_port, get, server_context, wait_for
from tests.ports import free_port
from tests.programs import program
from tests.simulators.raw_server import RawServer
from tests.simulators.socks import SocksProxy

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def through(text, *exceptions):
    proxy = proxies.read(text)
    return Proxies(proxy, proxy, NoProxy(exceptions))


def answer_all(connection):
    while connection.ask():
        connection.answer()


@pytest.fixture
def nobody():
    """A resolver that must not be asked for anything but the proxy."""

    class Nobody(Names):
        async def resolve(self, host, deadline):
            assert host in {"proxy.test", "localhost"}, f"{host} was looked up here"
            return [ipaddress.ip_address("127.0.0.1")]

    return Nobody()


@pytest.fixture
def tinyproxy(tmp_path):
    """Starts tinyproxy with lines of its configuration; gives `127.0.0.1:PORT`, and its log in `log`."""
    with contextlib.ExitStack() as stack:

        def start(*lines):
            port = free_port()
            log = tmp_path / "tinyproxy.log"
            settings = [f"Port {port}", "Listen 127.0.0.1", "Timeout 10", "MaxClients 20", f'LogFile "{log}"', *lines]
            file = tmp_path / "tinyproxy.conf"
            file.write_text("\n".join([*settings, "LogLevel Connect", ""]))
            process = stack.enter_context(
                subprocess.Popen(
                    [program("tinyproxy"), "-d", "-c", file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
            )
            stack.callback(process.terminate)
            wait_for(port, process)
            return f"127.0.0.1:{port}", log

        yield start


class TestTinyproxy:
    def test_plain_registry_is_asked_through_it(self, run, make_transport, tinyproxy, nobody):
        address, log = tinyproxy()
        with RawServer(answer_all) as server:
            host = f"127.0.0.1.nip.test:{server.port}"
            transport = make_transport(nobody, proxies=through(f"http://{address}"))
            # tinyproxy looks the name up, and does not find it: its own answer comes.
            assert run(get(transport, f"http://{host}")).status >= 500
            assert server.requests == []
        assert host.partition(":")[0] in log.read_text()

    def test_tls_goes_through_a_tunnel_to_whom_the_proxy_finds(self, run, make_transport, tinyproxy, nobody, authority):
        address, log = tinyproxy()
        with RawServer(answer_all, context=server_context(authority, "127.0.0.1")) as server:
            host = f"127.0.0.1:{server.port}"
            transport = make_transport(
                nobody, ca_path=authority.file, named_registries={host}, proxies=self.forced(f"http://{address}")
            )
            assert run(get(transport, f"https://{host}")).body == b"{}"
        assert f"CONNECT {host}" in log.read_text()

    def test_login_is_shown_to_the_proxy_and_not_to_the_registry(
        self, run, make_transport, tinyproxy, nobody, authority
    ):
        address, _ = tinyproxy("BasicAuth me s3cret")
        with RawServer(answer_all, context=server_context(authority, "127.0.0.1")) as server:
            host = f"127.0.0.1:{server.port}"
            asked = {"ca_path": authority.file, "named_registries": {host}}
            transport = make_transport(nobody, **asked, proxies=self.forced(f"http://me:s3cret@{address}"))
            assert run(get(transport, f"https://{host}")).body == b"{}"
            assert b"roxy-" not in server.requests[0]
            transport = make_transport(nobody, **asked, proxies=self.forced(f"http://me:wr0ng@{address}"))
            with pytest.raises(BrokenError) as caught:
                run(get(transport, f"https://{host}"))
        assert str(caught.value).startswith(f"the proxy http://{address} does not let us through (status 40")
        assert "wr0ng" not in str(caught.value)

    def test_port_that_the_proxy_forbids_is_said(self, run, make_transport, tinyproxy, nobody, authority):
        address, _ = tinyproxy("ConnectPort 443")
        transport = make_transport(
            nobody, ca_path=authority.file, named_registries={"127.0.0.1:5"}, proxies=self.forced(f"http://{address}")
        )
        with pytest.raises(BrokenError, match=r"does not let us through \(status 403\)"):
            run(get(transport, "https://127.0.0.1:5"))

    def test_image_is_read_through_it(self, run, registry, make_client, tinyproxy, call):
        pushed = registry.push_image("team/app", "v1")
        address, log = tinyproxy()
        with registry.serve() as where:
            client = make_client(insecure_registries={where}, proxies=self.forced(f"http://{address}"))
            found = run(client.manifest(parse(f"{where}/team/app:v1"), call))
        assert found.digest == pushed.digest
        assert where.partition(":")[0] in log.read_text()

    @staticmethod
    def forced(text):
        """For this machine, too, which is asked directly otherwise."""

        class Always(Proxies):
            def of(self, where):
                return self.https

        return Always(None, proxies.read(text))


class TestSocks:
    def test_name_is_looked_up_by_the_proxy(self, run, make_transport, nobody, authority):
        with (
            RawServer(answer_all, context=server_context(authority, "reg.test")) as server,
            SocksProxy({"reg.test": "127.0.0.1"}) as proxy,
        ):
            chosen = through(f"socks5h://proxy.test:{proxy.port}")
            transport = make_transport(nobody, ca_path=authority.file, proxies=chosen)
            assert run(get(transport, f"https://reg.test:{server.port}")).body == b"{}"
            assert proxy.asked == [f"reg.test:{server.port}"]

    def test_name_is_looked_up_and_judged_here(self, run, make_transport, authority):
        with (
            RawServer(answer_all, context=server_context(authority, "reg.test")) as server,
            SocksProxy() as proxy,
        ):
            host, chosen = f"reg.test:{server.port}", through(f"socks5://127.0.0.1:{proxy.port}")
            with pytest.raises(ImageError) as caught:
                run(get(make_transport(ca_path=authority.file, proxies=chosen), f"https://{host}"))
            assert caught.value.reason is Reason.ADDRESS_REFUSED
            assert proxy.asked == []
            transport = make_transport(ca_path=authority.file, proxies=chosen, named_registries={host})
            assert run(get(transport, f"https://{host}")).body == b"{}"
            assert proxy.asked == [f"127.0.0.1:{server.port}"]

    def test_login_is_shown(self, run, make_transport, nobody):
        with RawServer(answer_all) as server, SocksProxy({"reg.test": "127.0.0.1"}, "me:s3 cret") as proxy:
            for login, ends in (("me:s3%20cret", None), ("me:wr0ng", BrokenError)):
                chosen = through(f"socks5h://{login}@127.0.0.1:{proxy.port}")
                transport = make_transport(nobody, proxies=chosen)
                with contextlib.nullcontext() if ends is None else pytest.raises(ends, match="the proxy socks5h://"):
                    assert run(get(transport, f"http://reg.test:{server.port}")).body == b"{}"
            assert proxy.logins == ["me:s3 cret", "me:wr0ng"]

    def test_refusal_of_the_proxy_is_said_without_the_login(self, run, make_transport, nobody):
        with SocksProxy(reply=2) as proxy:
            chosen = through(f"socks5h://me:@127.0.0.1:{proxy.port}")
            with pytest.raises(BrokenError) as caught:
                run(get(make_transport(nobody, proxies=chosen), "http://reg.test"))
        assert str(caught.value) == f"the proxy socks5h://127.0.0.1:{proxy.port} does not let us through"


class TestRoutes:
    @pytest.mark.parametrize("scheme", ["http", "socks5h"])
    def test_refused_literal_is_asked_through_no_proxy(self, run, make_transport, nobody, scheme):
        with RawServer(answer_all) as proxy:
            transport = make_transport(nobody, proxies=through(f"{scheme}://127.0.0.1:{proxy.port}"))
            with pytest.raises(ImageError) as caught:
                run(get(transport, "http://169.254.169.254"))
        assert caught.value.reason is Reason.ADDRESS_REFUSED
        assert proxy.requests == []

    def test_who_needs_no_proxy_is_asked_directly(self, run, make_transport, monkeypatch):
        with RawServer(answer_all) as server, RawServer(answer_all) as proxy:
            host = f"reg.test:{server.port}"
            chosen = through(f"http://127.0.0.1:{proxy.port}", "reg.test")
            transport = make_transport(insecure_registries={host}, proxies=chosen)
            assert run(get(transport, f"http://{host}")).body == b"{}"
            assert proxy.requests == []

    def test_environment_says_nothing_to_libcurl(self, run, make_transport, nobody, monkeypatch):
        with RawServer(answer_all) as proxy:
            monkeypatch.setenv("no_proxy", "*")
            transport = make_transport(nobody, proxies=through(f"http://127.0.0.1:{proxy.port}"))
            assert run(get(transport, "http://reg.test")).body == b"{}"
            assert proxy.requests[0].startswith(b"GET http://reg.test/")

    def test_proxy_that_is_away_is_named(self, run, make_transport, nobody):
        with closed_port() as port:
            transport = make_transport(nobody, proxies=through(f"http://127.0.0.1:{port}"))
            with pytest.raises(UnreachableError) as caught:
                run(get(transport, "http://reg.test"))
        assert caught.value.proxy == f"http://127.0.0.1:{port}"

    def test_proxy_over_tls_proves_its_name(self, run, make_transport, nobody, authority):
        for name, ends in (("proxy.test", None), ("other.test", TLSError)):
            with RawServer(answer_all, context=server_context(authority, name)) as proxy:
                chosen = through(f"https://proxy.test:{proxy.port}")
                transport = make_transport(nobody, ca_path=authority.file, proxies=chosen)
                with contextlib.nullcontext() if ends is None else pytest.raises(ends):
                    assert run(get(transport, "http://reg.test")).body == b"{}"

    def test_proxy_that_answers_in_the_registrys_place_is_not_believed(self, run, make_transport, nobody, authority):
        def lie(connection):
            connection.ask()
            connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
            connection.send(OK)

        with RawServer(lie) as proxy:
            chosen = through(f"http://127.0.0.1:{proxy.port}")
            transport = make_transport(nobody, ca_path=authority.file, proxies=chosen)
            with pytest.raises(TLSError):
                run(get(transport, "https://reg.test"))

    def test_proxy_that_never_answers_costs_the_time_of_a_connection(self, run, make_transport, nobody, authority):
        with RawServer(lambda connection: connection.stopping.wait(20)) as proxy:
            transport = make_transport(
                nobody, ca_path=authority.file, proxies=through(f"http://127.0.0.1:{proxy.port}")
            )
            with pytest.raises(UnreachableError):
                run(get(transport, "https://reg.test"))

    def test_none_is_a_choice(self):
        assert proxies.read("none") == NO_PROXY
