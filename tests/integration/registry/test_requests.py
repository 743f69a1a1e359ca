"""What goes out: the request as it was made, and nothing that libcurl or the environment would add."""

import contextlib

import pytest

from provider import limits
from provider.clock import Deadline, SystemClock
from provider.registry import origin
from provider.registry.transport.routes import Routes
from provider.registry.transport.transport import BrokenError, Request, SilentError
from tests.integration.registry.conftest import get
from tests.simulators.raw_server import RawServer

pytestmark = pytest.mark.integration


def answer_all(connection):
    while connection.ask():
        connection.answer()


@pytest.fixture
def server():
    with RawServer(answer_all) as server:
        yield server


@pytest.fixture
def host(server):
    return f"reg.test:{server.port}"


@pytest.fixture
def transport(make_transport, host):
    return make_transport(insecure_registries={host})


@pytest.fixture
def ask(run, transport, host):
    def ask(**fields):
        return run(get(transport, f"http://{host}", **fields))

    return ask


def head(server, number=0):
    return server.requests[number].partition(b"\r\n\r\n")[0].split(b"\r\n")


class TestHead:
    def test_request_has_its_own_headers_and_hardly_any_other(self, ask, server, host):
        ask(headers={"User-Agent": "bestbefore/1", "Accept": "a", "Accept-Encoding": "identity"})
        assert head(server) == [
            b"GET /v2/team/app/manifests/v1 HTTP/1.1",
            b"Host: " + host.encode(),
            b"User-Agent: bestbefore/1",
            b"Accept: a",
            b"Accept-Encoding: identity",
        ]

    def test_nothing_of_one_request_goes_along_with_the_next(self, ask, server):
        ask(headers={"Authorization": "Bearer secret", "X": "1"})
        ask(method="POST", body=b"secret", headers={"Y": "1"})
        ask()
        assert b"secret" not in server.requests[2]
        assert b"X:" not in server.requests[1]
        assert head(server, 2)[0].startswith(b"GET ")

    @pytest.mark.parametrize(
        "path", ["/v2/../../etc/passwd", "/v2/./x", "/v2/x/..", "/a//b", "/a%2F..%2Fb", "/a?b=../..", "/@x", "/a:b@c"]
    )
    def test_path_arrives_as_it_was_made(self, ask, server, path):
        ask(path=path)
        assert head(server)[0] == f"GET {path} HTTP/1.1".encode()

    @pytest.mark.parametrize("path", ["/a b", "/a\r\nX-Evil: 1", "/a\nb", "/é", "/a\x00"])
    def test_path_that_would_be_more_than_one_is_not_sent(self, ask, server, path):
        with pytest.raises(BrokenError):
            ask(path=path)
        assert server.connections == []

    @pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\r\n\r\nGET /evil HTTP/1.1", "a\x00b"])
    def test_header_that_would_be_two_is_not_sent(self, ask, server, value):
        with pytest.raises(BrokenError):
            ask(headers={"X": value})
        assert server.connections == []

    def test_cookie_of_a_registry_does_not_come_back(self, run, make_transport):
        def baker(connection):
            while connection.ask():
                connection.answer(headers="Set-Cookie: a=b; Path=/\r\n")

        with RawServer(baker) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(insecure_registries={host})
            for _ in range(2):
                run(get(transport, f"http://{host}"))
            assert b"ookie" not in server.requests[1]


class TestPlaces:
    """Where a request does not go, and what is not read."""

    def test_file_is_not_read(self, run, transport, tmp_path):
        secret = tmp_path / "secret"
        secret.write_text("secret")

        class FileRequest(Request):
            url = f"file://{secret}"

        request = FileRequest("GET", origin.of_url("http://reg.test:1"), "/")
        transport._routes = Routes(_Anywhere(transport._routes.addresses))
        with pytest.raises(BrokenError):
            run(transport.send(request, 100, Deadline.after(SystemClock(), 5)))

    @pytest.mark.parametrize(
        "name", ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    )
    def test_proxy_of_the_environment_is_not_asked(self, ask, server, monkeypatch, name):
        with RawServer(answer_all) as proxy:
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            assert ask().status == 200
            assert proxy.connections == []
        assert len(server.requests) == 1

    def test_password_of_the_home_directory_is_not_shown(self, ask, server, monkeypatch, tmp_path):
        (tmp_path / ".netrc").write_text("machine reg.test\nlogin me\npassword secret\n")
        (tmp_path / ".netrc").chmod(0o600)
        (tmp_path / ".curlrc").write_text('header = "X-Evil: 1"\nnetrc\n')
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        ask()
        assert b"uthorization" not in server.requests[0]
        assert b"Evil" not in server.requests[0]

    @pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent", "300 Choices"])
    def test_redirect_is_told_and_not_followed(self, run, make_transport, status):
        with RawServer(answer_all) as elsewhere:

            def redirect(connection):
                while connection.ask():
                    connection.answer(status=status, headers=f"Location: http://127.0.0.1:{elsewhere.port}/\r\n")

            with RawServer(redirect) as server:
                host = f"reg.test:{server.port}"
                transport = make_transport(insecure_registries={host})
                response = run(get(transport, f"http://{host}"))
                assert response.status == int(status[:3])
                assert response.header("location") == f"http://127.0.0.1:{elsewhere.port}/"
            assert elsewhere.connections == []

    @pytest.mark.parametrize("header", ['Alt-Svc: h2=":1"; ma=9999', "Strict-Transport-Security: max-age=9999"])
    def test_registry_changes_the_way_of_no_later_request(self, run, make_transport, header):
        def answer(connection):
            while connection.ask():
                connection.answer(headers=header + "\r\n")

        with RawServer(answer) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(insecure_registries={host})
            for _ in range(3):
                assert run(get(transport, f"http://{host}")).status == 200
            assert len(server.requests) == 3

    def test_user_name_in_a_url_is_refused_where_a_url_becomes_an_origin(self):
        for url in ("http://me:secret@reg.test/", "http://me@reg.test/", "https://:@reg.test"):
            with pytest.raises(ValueError, match="user name"):
                origin.of_url(url)


class TestPost:
    def test_body_is_sent_at_once_without_asking_for_leave(self, ask, server):
        ask(method="POST", body=b"x" * 100_000)
        assert b"xpect" not in server.requests[0].partition(b"\r\n\r\n")[0]
        assert server.requests[0].endswith(b"x" * 100_000)

    def test_empty_body_is_a_body(self, ask, server):
        ask(method="POST", body=b"")
        assert b"Content-Length: 0" in head(server)

    def test_post_has_a_connection_of_its_own(self, ask, server):
        ask()
        ask(method="POST", body=b"a=b")
        ask()
        assert len(server.connections) == 2
        assert len(server.requests) == 3

    def test_post_is_never_sent_twice(self, run, make_transport):
        """A kept connection that died would have it sent again; a token is given out, or a refresh token used up."""

        def die_at_post(connection):
            while (request := connection.ask()) and not request.startswith(b"POST"):
                connection.answer()

        with RawServer(die_at_post) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(insecure_registries={host})
            for _ in range(3):
                run(get(transport, f"http://{host}"))
                with pytest.raises(BrokenError):
                    run(get(transport, f"http://{host}", method="POST", body=b"a=b"))
            assert sum(request.startswith(b"POST") for request in server.requests) == 3

    def test_get_on_a_kept_connection_that_died_is_sent_again(self, run, make_transport):
        """To read twice is no harm, and the question is answered."""

        def die_at_second(connection):
            connection.ask()
            connection.answer()
            connection.ask()

        with RawServer(die_at_second) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(insecure_registries={host})
            for _ in range(4):
                assert run(get(transport, f"http://{host}")).body == b"{}"

    def test_first_request_of_a_connection_is_not_sent_again(self, run, make_transport):
        with RawServer(lambda connection: connection.ask()) as server:
            host = f"reg.test:{server.port}"
            transport = make_transport(insecure_registries={host})
            with pytest.raises(BrokenError):
                run(get(transport, f"http://{host}"))
            assert len(server.requests) == 1


def test_silence_is_not_answered_by_asking_again(run, make_transport, monkeypatch):
    monkeypatch.setattr(limits, "READ_SECONDS", 0.3)

    def say_nothing(connection):
        with contextlib.suppress(OSError):
            connection.ask()
            connection.stopping.wait(20)

    with RawServer(say_nothing) as server:
        host = f"reg.test:{server.port}"
        transport = make_transport(insecure_registries={host})
        with pytest.raises(SilentError) as caught:
            run(get(transport, f"http://{host}"))
        assert not caught.value.own
        assert len(server.requests) == 1


class _Anywhere:
    """Every host is this machine."""

    def __init__(self, book):
        self.resolver = book.resolver
        self.settings = book.settings

    async def addresses(self, where, deadline):
        return await self.resolver.resolve(where.host, deadline)
